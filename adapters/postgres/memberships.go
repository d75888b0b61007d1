package postgres

import (
	"context"
	"time"

	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/audit"
)

// Of implements access.Memberships.
func (a *Access) Of(ctx context.Context, user core.ID, kind access.Kind) ([]access.Membership, error) {
	if kind == access.KindRole {
		rows, err := a.db.queries(ctx).ListUserRoles(ctx, user)
		return access.SortMemberships(each(rows, func(row pgdb.ListUserRolesRow) access.Membership {
			return access.Membership{Role: row.Role, By: present(row.AssignedBy), At: row.AssignedAt}
		})), translate(err)
	}
	rows, err := a.db.queries(ctx).ListUserGroups(ctx, user)
	return access.SortMemberships(each(rows, func(row pgdb.ListUserGroupsRow) access.Membership {
		return access.Membership{Group: row.GroupID, By: present(row.AssignedBy), At: row.AssignedAt}
	})), translate(err)
}

// Set implements access.Memberships. The user is locked before it is read what they have.
func (a *Access) Set(
	ctx context.Context, user core.ID, kind access.Kind, members []access.Membership, at time.Time, events ...audit.Event,
) (core.Change, error) {
	change := core.Change{Subject: core.SubjectUser, ID: user}
	err := a.db.guarded(ctx, func(ctx context.Context) (err error) {
		if change.Rev, err = a.db.queries(ctx).TouchUser(ctx, pgdb.TouchUserParams{ID: user, At: at}); err != nil {
			return err
		}
		held, err := a.Of(ctx, user, kind)
		if err != nil {
			return err
		}
		gone, come := access.Differences(held, members)
		for _, member := range gone {
			if err := a.leave(ctx, user, member); err != nil {
				return err
			}
		}
		for _, member := range come {
			if err := a.join(ctx, user, member); err != nil {
				return err
			}
		}
		return a.db.Audit().Append(ctx, events...)
	})
	if err != nil {
		return core.Change{}, err
	}
	return change, nil
}

func (a *Access) leave(ctx context.Context, user core.ID, member access.Membership) error {
	if member.Role != "" {
		return a.db.queries(ctx).RemoveUserRole(ctx, pgdb.RemoveUserRoleParams{UserID: user, Role: member.Role})
	}
	return a.db.queries(ctx).RemoveUserGroup(ctx, pgdb.RemoveUserGroupParams{UserID: user, GroupID: member.Group})
}

func (a *Access) join(ctx context.Context, user core.ID, member access.Membership) error {
	if member.Role != "" {
		return a.db.queries(ctx).InsertRole(ctx, pgdb.InsertRoleParams{
			UserID: user, Role: member.Role, AssignedBy: optionalID(member.By), AssignedAt: member.At,
		})
	}
	return a.db.queries(ctx).InsertGroupMember(ctx, pgdb.InsertGroupMemberParams{
		UserID: user, GroupID: member.Group, AssignedBy: optionalID(member.By), AssignedAt: member.At,
	})
}
