package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
)

// Access is an access.Lookup, access.Catalogues and access.Memberships.
type Access struct{ db *Database }

// Access gives the store of roles, groups, permissions and of who has them.
func (db *Database) Access() *Access { return &Access{db} }

// Catalogue implements access.Lookup. The revision is read first, so that a copy is never older than its label.
func (a *Access) Catalogue(ctx context.Context) (*access.Catalogue, error) {
	rev, err := a.db.queries(ctx).CatalogueRev(ctx)
	if err != nil {
		return nil, translate(err)
	}
	return a.read(ctx, rev)
}

// Hold implements access.Catalogues.
func (a *Access) Hold(ctx context.Context) (*access.Catalogue, error) {
	rev, err := a.db.queries(ctx).LockCatalogue(ctx)
	if err != nil {
		return nil, translate(err)
	}
	return a.read(ctx, rev)
}

func (a *Access) read(ctx context.Context, rev int64) (*access.Catalogue, error) {
	queries, content := a.db.queries(ctx), access.Content{Rev: rev}
	permissions, err := queries.ListPermissions(ctx)
	if err != nil {
		return nil, translate(err)
	}
	content.Permissions = each(permissions, func(row pgdb.Permission) access.Permission { return access.Permission(row) })
	roles, err := queries.ListRoles(ctx)
	if err != nil {
		return nil, translate(err)
	}
	ofRoles, err := queries.ListRolePermissions(ctx)
	if err != nil {
		return nil, translate(err)
	}
	groups, err := queries.ListGroups(ctx)
	if err != nil {
		return nil, translate(err)
	}
	ofGroups, err := queries.ListGroupPermissions(ctx)
	if err != nil {
		return nil, translate(err)
	}
	held := map[core.ID][]string{}
	for _, row := range ofRoles {
		held[row.RoleID] = append(held[row.RoleID], row.Key)
	}
	for _, row := range ofGroups {
		held[row.GroupID] = append(held[row.GroupID], row.Key)
	}
	content.Roles = each(roles, func(row pgdb.Role) access.Role {
		return access.Role{
			ID: row.ID, Name: row.Name, Description: row.Description, Permissions: held[row.ID], System: row.System,
			SecondFactorSince: present(row.SecondFactorSince), CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
		}
	})
	content.Groups = each(groups, func(row pgdb.AccessGroup) access.Group {
		return access.Group{
			ID: row.ID, Name: row.Name, Description: row.Description, Permissions: held[row.ID],
			CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
		}
	})
	return access.Compile(content.Sorted()), nil
}

// Raise implements access.Catalogues.
func (a *Access) Raise(ctx context.Context, at time.Time) (core.Change, error) {
	rev, err := a.db.queries(ctx).RaiseCatalogue(ctx, at)
	return core.Change{Subject: core.SubjectAccess, Rev: rev}, translate(err)
}

// PutRole implements access.Catalogues.
func (a *Access) PutRole(ctx context.Context, role access.Role) error {
	return a.db.guarded(ctx, func(ctx context.Context) error {
		queries := a.db.queries(ctx)
		changed, err := queries.UpdateRole(ctx, pgdb.UpdateRoleParams{
			ID: role.ID, Description: role.Description, SecondFactorSince: optionalTime(role.SecondFactorSince), UpdatedAt: role.UpdatedAt,
		})
		if err == nil && changed == 0 {
			err = queries.InsertRoleDefinition(ctx, pgdb.InsertRoleDefinitionParams{
				ID: role.ID, Name: role.Name, Description: role.Description, System: role.System,
				SecondFactorSince: optionalTime(role.SecondFactorSince), CreatedAt: role.CreatedAt, UpdatedAt: role.UpdatedAt,
			})
		}
		if err != nil {
			return err
		}
		if err := queries.ClearRolePermissions(ctx, role.ID); err != nil {
			return err
		}
		granted, err := queries.GrantRole(ctx, pgdb.GrantRoleParams{RoleID: role.ID, Keys: texts(role.Permissions)})
		return allGranted(granted, role.Permissions, err)
	})
}

// PutGroup implements access.Catalogues.
func (a *Access) PutGroup(ctx context.Context, group access.Group) error {
	return a.db.guarded(ctx, func(ctx context.Context) error {
		queries := a.db.queries(ctx)
		changed, err := queries.UpdateGroup(ctx, pgdb.UpdateGroupParams{
			ID: group.ID, Name: group.Name, Description: group.Description, UpdatedAt: group.UpdatedAt,
		})
		if err == nil && changed == 0 {
			err = queries.InsertGroup(ctx, pgdb.InsertGroupParams{
				ID: group.ID, Name: group.Name, Description: group.Description,
				CreatedAt: group.CreatedAt, UpdatedAt: group.UpdatedAt,
			})
		}
		if err != nil {
			return err
		}
		if err := queries.ClearGroupPermissions(ctx, group.ID); err != nil {
			return err
		}
		granted, err := queries.GrantGroup(ctx, pgdb.GrantGroupParams{GroupID: group.ID, Keys: texts(group.Permissions)})
		return allGranted(granted, group.Permissions, err)
	})
}

// texts gives an empty list for nil, which would be null.
func texts(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// allGranted is core.ErrNotFound when a key named no permission.
func allGranted(granted int64, keys []string, err error) error {
	if err == nil && granted != int64(len(keys)) {
		return core.ErrNotFound
	}
	return err
}

// PutPermission implements access.Catalogues.
func (a *Access) PutPermission(ctx context.Context, permission access.Permission) error {
	return a.db.guarded(ctx, func(ctx context.Context) error {
		queries := a.db.queries(ctx)
		changed, err := queries.UpdatePermission(ctx, pgdb.UpdatePermissionParams{
			ID: permission.ID, Description: permission.Description, Category: permission.Category,
		})
		if err == nil && changed == 0 {
			err = queries.InsertPermission(ctx, pgdb.InsertPermissionParams(permission))
		}
		return err
	})
}

// Remove implements access.Catalogues. Whether something is in use the foreign keys tell.
func (a *Access) Remove(ctx context.Context, kind access.Kind, id core.ID) error {
	return a.db.guarded(ctx, func(ctx context.Context) error {
		queries := a.db.queries(ctx)
		remove := map[access.Kind]func(context.Context, core.ID) (int64, error){
			access.KindRole: queries.RemoveRole, access.KindGroup: queries.RemoveGroup, access.KindPermission: queries.RemovePermission,
		}[kind]
		removed, err := remove(ctx, id)
		if errors.Is(translate(err), core.ErrNotFound) {
			return access.ErrInUse.Because(err)
		}
		return affected(removed, err)
	})
}
