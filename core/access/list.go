package access

import (
	"cmp"
	"context"
	"slices"

	"github.com/doorward/doorward/core"
)

// Roles gives a page of the roles: those of the system first, then the oldest first; and where the next page begins,
// zero when there is none. The permissions of OWNER are all there are. KindUnavailable.
func (s *Service) Roles(ctx context.Context, page core.Page) ([]Role, core.Position, error) {
	catalogue, err := s.deps.Lookup.Catalogue(ctx)
	if err != nil {
		return nil, core.Position{}, err
	}
	roles, next := slice(catalogue.Roles, page, func(role *Role) core.Position {
		return core.Position{At: role.CreatedAt, ID: role.ID}
	})
	for i := range roles {
		roles[i] = catalogue.shown(roles[i])
	}
	return roles, next, nil
}

// Role gives a role. core.ErrNotFound, KindUnavailable.
func (s *Service) Role(ctx context.Context, id core.ID) (Role, error) {
	role, catalogue, err := one(ctx, s, id, (*Catalogue).Role)
	if err != nil {
		return Role{}, err
	}
	return catalogue.shown(role), nil
}

// shown gives the role with all that it gives: OWNER has everything, and no list of it.
func (c *Catalogue) shown(role Role) Role {
	if set := c.OfRole(role.Name); set.Has(Everything) {
		role.Permissions = c.Keys(&set)
	}
	return role
}

// Groups gives a page of the groups, the oldest first; see Roles.
func (s *Service) Groups(ctx context.Context, page core.Page) ([]Group, core.Position, error) {
	catalogue, err := s.deps.Lookup.Catalogue(ctx)
	if err != nil {
		return nil, core.Position{}, err
	}
	groups, next := slice(catalogue.Groups, page, func(group *Group) core.Position {
		return core.Position{At: group.CreatedAt, ID: group.ID}
	})
	return groups, next, nil
}

// Group gives a group. core.ErrNotFound, KindUnavailable.
func (s *Service) Group(ctx context.Context, id core.ID) (Group, error) {
	group, _, err := one(ctx, s, id, (*Catalogue).Group)
	return group, err
}

// Permissions gives a page of the permissions; see Roles.
func (s *Service) Permissions(ctx context.Context, page core.Page) ([]Permission, core.Position, error) {
	catalogue, err := s.deps.Lookup.Catalogue(ctx)
	if err != nil {
		return nil, core.Position{}, err
	}
	permissions, next := slice(catalogue.Permissions, page, func(permission *Permission) core.Position {
		return core.Position{At: permission.CreatedAt, ID: permission.ID}
	})
	return permissions, next, nil
}

// Permission gives a permission. core.ErrNotFound, KindUnavailable.
func (s *Service) Permission(ctx context.Context, id core.ID) (Permission, error) {
	permission, _, err := one(ctx, s, id, (*Catalogue).Permission)
	return permission, err
}

func one[T any](
	ctx context.Context, s *Service, id core.ID, find func(c *Catalogue, id core.ID) (T, bool),
) (item T, catalogue *Catalogue, err error) {
	if catalogue, err = s.deps.Lookup.Catalogue(ctx); err != nil {
		return item, nil, err
	}
	item, known := find(catalogue, id)
	if !known {
		err = core.ErrNotFound
	}
	return item, catalogue, err
}

// slice gives a page of items by their position, ascending, in memory of its own. Times alone would not do: those of the
// system are all of one instant, and their ids tell their order.
func slice[T any](all []T, page core.Page, at func(*T) core.Position) (items []T, next core.Position) {
	for i := range all {
		if page.After.IsZero() || compare(page.After, at(&all[i])) < 0 {
			items = append(items, all[i])
		}
	}
	slices.SortFunc(items, func(a, b T) int { return compare(at(&a), at(&b)) })
	limit := page.Size()
	if len(items) <= limit {
		return items, core.Position{}
	}
	return items[:limit], at(&items[limit-1])
}

func compare(a, b core.Position) int {
	return cmp.Or(a.At.Compare(b.At), slices.Compare(a.ID[:], b.ID[:]))
}
