package sqlite

import (
	"context"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/audit"
)

// Of implements access.Memberships.
func (a *Access) Of(ctx context.Context, user core.ID, kind access.Kind) ([]access.Membership, error) {
	held, err := memberships(ctx, a.db.reading(ctx), user, kind)
	return held, translate(err)
}

func memberships(
	ctx context.Context, queries *litedb.Queries, user core.ID, kind access.Kind,
) ([]access.Membership, error) {
	if kind == access.KindRole {
		rows, err := queries.ListUserRoles(ctx, sqltype.ID(user))
		return access.SortMemberships(each(rows, func(row litedb.ListUserRolesRow) access.Membership {
			return access.Membership{Role: row.Role, By: core.ID(present(row.AssignedBy)), At: time.Time(row.AssignedAt)}
		})), err
	}
	rows, err := queries.ListUserGroups(ctx, sqltype.ID(user))
	return access.SortMemberships(each(rows, func(row litedb.ListUserGroupsRow) access.Membership {
		return access.Membership{Group: core.ID(row.GroupID), By: core.ID(present(row.AssignedBy)), At: time.Time(row.AssignedAt)}
	})), err
}

// Set implements access.Memberships. What is to come is looked up before anything is written: a reference that is
// refused would undo its own statement alone.
func (a *Access) Set(
	ctx context.Context, user core.ID, kind access.Kind, members []access.Membership, at time.Time, events ...audit.Event,
) (change core.Change, err error) {
	err = a.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		if err := mustExist(ctx, queries, members); err != nil {
			return err
		}
		rev, err := queries.TouchUser(ctx, litedb.TouchUserParams{ID: sqltype.ID(user), At: sqltype.Time(at)})
		if err != nil {
			return err
		}
		held, err := memberships(ctx, queries, user, kind)
		if err != nil {
			return err
		}
		if err := exchange(ctx, queries, sqltype.ID(user), held, members); err != nil {
			return err
		}
		if err := record(ctx, queries, events...); err != nil {
			return err
		}
		change = core.Change{Subject: core.SubjectUser, ID: user, Rev: rev}
		return journal(ctx, queries, at, change)
	})
	return change, err
}

func mustExist(ctx context.Context, queries *litedb.Queries, members []access.Membership) error {
	for _, member := range members {
		var count int64
		var err error
		if member.Role != "" {
			count, err = queries.CountRoles(ctx, member.Role)
		} else {
			count, err = queries.CountGroups(ctx, sqltype.ID(member.Group))
		}
		if err := affected(count, err); err != nil {
			return err
		}
	}
	return nil
}

func exchange(ctx context.Context, queries *litedb.Queries, user sqltype.ID, held, members []access.Membership) error {
	gone, come := access.Differences(held, members)
	for _, member := range gone {
		var err error
		if member.Role != "" {
			err = queries.RemoveUserRole(ctx, litedb.RemoveUserRoleParams{UserID: user, Role: member.Role})
		} else {
			err = queries.RemoveUserGroup(ctx, litedb.RemoveUserGroupParams{UserID: user, GroupID: sqltype.ID(member.Group)})
		}
		if err != nil {
			return err
		}
	}
	for _, member := range come {
		if err := join(ctx, queries, user, member); err != nil {
			return err
		}
	}
	return nil
}

func join(ctx context.Context, queries *litedb.Queries, user sqltype.ID, member access.Membership) error {
	if member.Role != "" {
		return queries.InsertRole(ctx, litedb.InsertRoleParams{
			UserID: user, Role: member.Role, AssignedBy: optionalID(member.By), AssignedAt: sqltype.Time(member.At),
		})
	}
	return queries.InsertGroupMember(ctx, litedb.InsertGroupMemberParams{
		UserID: user, GroupID: sqltype.ID(member.Group), AssignedBy: optionalID(member.By), AssignedAt: sqltype.Time(member.At),
	})
}
