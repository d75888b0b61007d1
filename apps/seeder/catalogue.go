package main

import (
	"context"
	"slices"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
)

// seedCatalogue adds the roles, groups and permissions that are not there.
func (p parts) seedCatalogue(ctx context.Context, content access.Content) error {
	return core.Commit(ctx, p.Tx, p.Announcer, func(ctx context.Context) ([]core.Change, error) {
		there, err := p.Catalogues.Hold(ctx)
		if err != nil {
			return nil, err
		}
		missing := without(content, there.Content)
		if len(missing.Permissions)+len(missing.Roles)+len(missing.Groups) == 0 {
			return nil, nil
		}
		if err := p.put(ctx, missing); err != nil {
			return nil, err
		}
		change, err := p.Catalogues.Raise(ctx, p.Clock.Now())
		return []core.Change{change}, err
	})
}

// without gives what of the content has no namesake there.
func without(content, there access.Content) access.Content {
	content.Permissions = slices.DeleteFunc(content.Permissions, func(wanted access.Permission) bool {
		return slices.ContainsFunc(there.Permissions, func(known access.Permission) bool { return known.Key == wanted.Key })
	})
	content.Roles = slices.DeleteFunc(content.Roles, func(wanted access.Role) bool {
		return slices.ContainsFunc(there.Roles, func(known access.Role) bool { return known.Name == wanted.Name })
	})
	content.Groups = slices.DeleteFunc(content.Groups, func(wanted access.Group) bool {
		return slices.ContainsFunc(there.Groups, func(known access.Group) bool { return known.Name == wanted.Name })
	})
	return content
}

func (p parts) put(ctx context.Context, content access.Content) error {
	for _, permission := range content.Permissions {
		if err := p.Catalogues.PutPermission(ctx, permission); err != nil {
			return err
		}
	}
	for _, role := range content.Roles {
		if err := p.Catalogues.PutRole(ctx, role); err != nil {
			return err
		}
	}
	for _, group := range content.Groups {
		if err := p.Catalogues.PutGroup(ctx, group); err != nil {
			return err
		}
	}
	return nil
}
