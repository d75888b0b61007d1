package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
)

// Access is an access.Lookup, access.Catalogues and access.Memberships.
type Access struct{ db *Database }

// Access gives the store of roles, groups, permissions and of who has them.
func (db *Database) Access() *Access { return &Access{db} }

// Catalogue implements access.Lookup. The revision is read first, so that a copy is never older than its label.
func (a *Access) Catalogue(ctx context.Context) (*access.Catalogue, error) {
	queries := a.db.reading(ctx)
	rev, err := queries.CatalogueRev(ctx)
	if err != nil {
		return nil, translate(err)
	}
	return readCatalogue(ctx, queries, rev)
}

// Hold implements access.Catalogues. The transaction holds the one lock for writing since it began.
func (a *Access) Hold(ctx context.Context) (*access.Catalogue, error) { return a.Catalogue(ctx) }

func readCatalogue(ctx context.Context, queries *litedb.Queries, rev int64) (*access.Catalogue, error) {
	content := access.Content{Rev: rev}
	permissions, err := queries.ListPermissions(ctx)
	if err != nil {
		return nil, translate(err)
	}
	content.Permissions = each(permissions, toPermission)
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
	held := map[sqltype.ID][]string{}
	for _, row := range ofRoles {
		held[row.RoleID] = append(held[row.RoleID], row.Key)
	}
	for _, row := range ofGroups {
		held[row.GroupID] = append(held[row.GroupID], row.Key)
	}
	content.Roles = each(roles, func(row litedb.Role) access.Role {
		return access.Role{
			ID: core.ID(row.ID), Name: row.Name, Description: row.Description, Permissions: held[row.ID], System: row.System,
			SecondFactorSince: presentTime(row.SecondFactorSince), CreatedAt: time.Time(row.CreatedAt), UpdatedAt: time.Time(row.UpdatedAt),
		}
	})
	content.Groups = each(groups, func(row litedb.AccessGroup) access.Group {
		return access.Group{
			ID: core.ID(row.ID), Name: row.Name, Description: row.Description, Permissions: held[row.ID],
			CreatedAt: time.Time(row.CreatedAt), UpdatedAt: time.Time(row.UpdatedAt),
		}
	})
	return access.Compile(content.Sorted()), nil
}

func toPermission(row litedb.Permission) access.Permission {
	return access.Permission{
		ID: core.ID(row.ID), Key: row.Key, Description: row.Description, Category: row.Category, System: row.System,
		CreatedAt: time.Time(row.CreatedAt),
	}
}

// Raise implements access.Catalogues.
func (a *Access) Raise(ctx context.Context, at time.Time) (core.Change, error) {
	change := core.Change{Subject: core.SubjectAccess}
	err := a.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) (err error) {
		if change.Rev, err = queries.RaiseCatalogue(ctx); err != nil {
			return err
		}
		return journal(ctx, queries, at, change)
	})
	return change, err
}

// PutRole implements access.Catalogues.
func (a *Access) PutRole(ctx context.Context, role access.Role) error {
	return a.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		granted, err := permissionIDs(ctx, queries, role.Permissions)
		if err != nil {
			return err
		}
		changed, err := queries.UpdateRole(ctx, litedb.UpdateRoleParams{
			ID: sqltype.ID(role.ID), Description: role.Description, SecondFactorSince: optionalTime(role.SecondFactorSince),
			UpdatedAt: sqltype.Time(role.UpdatedAt),
		})
		if err == nil && changed == 0 {
			err = queries.InsertRoleDefinition(ctx, litedb.InsertRoleDefinitionParams{
				ID: sqltype.ID(role.ID), Name: role.Name, Description: role.Description, System: role.System,
				SecondFactorSince: optionalTime(role.SecondFactorSince),
				CreatedAt:         sqltype.Time(role.CreatedAt), UpdatedAt: sqltype.Time(role.UpdatedAt),
			})
		}
		if err != nil {
			return err
		}
		if err := queries.ClearRolePermissions(ctx, sqltype.ID(role.ID)); err != nil {
			return err
		}
		for _, id := range granted {
			grant := litedb.GrantRoleParams{RoleID: sqltype.ID(role.ID), PermissionID: id}
			if err := queries.GrantRole(ctx, grant); err != nil {
				return err
			}
		}
		return nil
	})
}

// PutGroup implements access.Catalogues.
func (a *Access) PutGroup(ctx context.Context, group access.Group) error {
	return a.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		granted, err := permissionIDs(ctx, queries, group.Permissions)
		if err != nil {
			return err
		}
		changed, err := queries.UpdateGroup(ctx, litedb.UpdateGroupParams{
			ID: sqltype.ID(group.ID), Name: group.Name, Description: group.Description, UpdatedAt: sqltype.Time(group.UpdatedAt),
		})
		if err == nil && changed == 0 {
			err = queries.InsertGroup(ctx, litedb.InsertGroupParams{
				ID: sqltype.ID(group.ID), Name: group.Name, Description: group.Description,
				CreatedAt: sqltype.Time(group.CreatedAt), UpdatedAt: sqltype.Time(group.UpdatedAt),
			})
		}
		if err != nil {
			return err
		}
		if err := queries.ClearGroupPermissions(ctx, sqltype.ID(group.ID)); err != nil {
			return err
		}
		for _, id := range granted {
			grant := litedb.GrantGroupParams{GroupID: sqltype.ID(group.ID), PermissionID: id}
			if err := queries.GrantGroup(ctx, grant); err != nil {
				return err
			}
		}
		return nil
	})
}

// permissionIDs is core.ErrNotFound when a key names no permission.
func permissionIDs(ctx context.Context, queries *litedb.Queries, keys []string) ([]sqltype.ID, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err := queries.ListPermissions(ctx)
	if err != nil {
		return nil, err
	}
	known := make(map[string]sqltype.ID, len(rows))
	for _, row := range rows {
		known[row.Key] = row.ID
	}
	ids := make([]sqltype.ID, len(keys))
	for i, key := range keys {
		id, found := known[key]
		if !found {
			return nil, core.ErrNotFound
		}
		ids[i] = id
	}
	return ids, nil
}

// PutPermission implements access.Catalogues.
func (a *Access) PutPermission(ctx context.Context, permission access.Permission) error {
	return a.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		changed, err := queries.UpdatePermission(ctx, litedb.UpdatePermissionParams{
			ID: sqltype.ID(permission.ID), Description: permission.Description, Category: permission.Category,
		})
		if err == nil && changed == 0 {
			err = queries.InsertPermission(ctx, litedb.InsertPermissionParams{
				ID: sqltype.ID(permission.ID), Key: permission.Key, Description: permission.Description,
				Category: permission.Category, System: permission.System, CreatedAt: sqltype.Time(permission.CreatedAt),
			})
		}
		return err
	})
}

// Remove implements access.Catalogues. Whether something is in use the foreign keys tell.
func (a *Access) Remove(ctx context.Context, kind access.Kind, id core.ID) error {
	return a.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		remove := map[access.Kind]func(context.Context, sqltype.ID) (int64, error){
			access.KindRole: queries.RemoveRole, access.KindGroup: queries.RemoveGroup, access.KindPermission: queries.RemovePermission,
		}[kind]
		removed, err := remove(ctx, sqltype.ID(id))
		if errors.Is(translate(err), core.ErrNotFound) {
			return access.ErrInUse.Because(err)
		}
		return affected(removed, err)
	})
}
