package access

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// Effective is a permission that somebody holds, and from where: the names of the roles and groups that give it, sorted.
// What everybody holds comes from neither.
type Effective struct {
	Permission
	FromRoles, FromGroups []string
}

// RolesOf gives the roles that a user has, by name. core.ErrNotFound for the user, KindUnavailable.
func (s *Service) RolesOf(ctx context.Context, user core.ID) ([]HeldRole, error) {
	catalogue, members, err := s.of(ctx, user, KindRole)
	if err != nil {
		return nil, err
	}
	return catalogue.heldRoles(members), nil
}

// GroupsOf gives the groups that a user is in, by name. core.ErrNotFound for the user, KindUnavailable.
func (s *Service) GroupsOf(ctx context.Context, user core.ID) ([]HeldGroup, error) {
	catalogue, members, err := s.of(ctx, user, KindGroup)
	if err != nil {
		return nil, err
	}
	return catalogue.heldGroups(members), nil
}

// EffectiveOf gives what a user holds, by key. core.ErrNotFound for the user, KindUnavailable.
func (s *Service) EffectiveOf(ctx context.Context, user core.ID) ([]Effective, error) {
	found, err := s.deps.Users.Find(ctx, user)
	if err != nil {
		return nil, err
	}
	catalogue, err := s.deps.Lookup.Catalogue(ctx)
	if err != nil {
		return nil, err
	}
	rights := catalogue.Rights(&found)
	return catalogue.explain(&found, &rights.Set), nil
}

// OwnPermissions gives what the caller holds at this moment, by key: within its scopes where it is a token. Errors are
// those of EffectiveOf.
func (s *Service) OwnPermissions(ctx context.Context, caller core.Principal) ([]Effective, error) {
	user, err := s.deps.Users.Find(ctx, caller.UserID)
	if err != nil {
		return nil, err
	}
	catalogue, err := s.deps.Lookup.Catalogue(ctx)
	if err != nil {
		return nil, err
	}
	rights := catalogue.Narrow(catalogue.Rights(&user), &caller)
	return catalogue.explain(&user, &rights.Set), nil
}

// of gives what a user who exists has of the kind.
func (s *Service) of(
	ctx context.Context, user core.ID, kind Kind,
) (catalogue *Catalogue, members []Membership, err error) {
	if _, err = s.deps.Users.Find(ctx, user); err != nil {
		return nil, nil, err
	}
	if members, err = s.deps.Memberships.Of(ctx, user, kind); err != nil {
		return nil, nil, err
	}
	catalogue, err = s.deps.Lookup.Catalogue(ctx)
	return catalogue, members, err
}

// explain tells of each permission of the set which of the user's roles and groups give it.
func (c *Catalogue) explain(user *account.User, set *Set) []Effective {
	var held []Effective
	for _, permission := range c.Permissions {
		bit, known := c.Bit(permission.Key)
		if !known || !set.Has(bit) {
			continue
		}
		from := Effective{Permission: permission}
		for _, role := range user.Roles {
			if gives := c.OfRole(role); gives.Has(bit) {
				from.FromRoles = append(from.FromRoles, role)
			}
		}
		for _, id := range user.Groups {
			if gives := c.OfGroup(id); gives.Has(bit) {
				group, _ := c.Group(id)
				from.FromGroups = append(from.FromGroups, group.Name)
			}
		}
		slices.Sort(from.FromGroups)
		held = append(held, from)
	}
	return held
}

// heldRoles tells of each membership which role it is. One whose role is not in this catalogue, because that is younger
// than it, is told by its name alone.
func (c *Catalogue) heldRoles(members []Membership) []HeldRole {
	held := make([]HeldRole, 0, len(members))
	for _, member := range members {
		role, known := c.RoleNamed(member.Role)
		if !known {
			role = Role{Name: member.Role}
		}
		held = append(held, HeldRole{Role: c.shown(role), By: member.By, At: since(member.At)})
	}
	return held
}

// heldGroups tells of each membership which group it is, by name. One whose group is not in this catalogue, because that
// is younger than it, is left out: its name is not known.
func (c *Catalogue) heldGroups(members []Membership) []HeldGroup {
	held := make([]HeldGroup, 0, len(members))
	for _, member := range members {
		if group, known := c.Group(member.Group); known {
			held = append(held, HeldGroup{Group: group, By: member.By, At: since(member.At)})
		}
	}
	slices.SortFunc(held, func(a, b HeldGroup) int { return strings.Compare(a.Name, b.Name) })
	return held
}

// since gives when a membership began. Those that are older than the note of it have the epoch of Unix.
func since(at time.Time) time.Time {
	if at.Unix() <= 0 {
		return time.Time{}
	}
	return at
}
