package access

import (
	"context"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
)

// HeldRole is a role that somebody has.
type HeldRole struct {
	Role
	// By is who assigned it; zero where the server or an operator did. At is zero where that is not known.
	By core.ID
	At time.Time
}

// HeldGroup is a group that somebody is in.
type HeldGroup struct {
	Group
	// By and At are as those of HeldRole.
	By core.ID
	At time.Time
}

// SetRoles makes the roles, by name, the user's only ones; none is possible. The caller holds all that the user holds
// and is to hold, so that nobody but an owner makes or unmakes owners, and an owner remains. Those whose rights are
// changed are told by mail. KindInvalid with core.CodeUnknownValue for roles that do not exist; core.ErrNotFound for the
// user; ErrExceeds; account.ErrLastOwner; and those of Warden.Enter.
func (s *Service) SetRoles(ctx context.Context, caller core.Principal, user core.ID, roles []string) ([]HeldRole, error) {
	var catalogue *Catalogue
	members, err := s.assign(ctx, caller, user, assignment{
		kind: KindRole, action: audit.ActionRolesSet, wanted: distinct(roles),
		held: func(judged *Judged) []string { return judged.Target.Roles },
		find: func(c *Catalogue) (func(name string) (Membership, Set), error) {
			catalogue = c
			return func(name string) (Membership, Set) { return Membership{Role: name}, c.OfRole(name) },
				unknown("roles", roles, func(name string) bool {
					_, known := c.RoleNamed(name)
					return known
				})
		},
	})
	if err != nil {
		return nil, err
	}
	return catalogue.heldRoles(members), nil
}

// SetGroups makes the groups, by name, those that the user is in, and no others. Errors and conditions are those of
// SetRoles.
func (s *Service) SetGroups(ctx context.Context, caller core.Principal, user core.ID, groups []string) ([]HeldGroup, error) {
	var catalogue *Catalogue
	members, err := s.assign(ctx, caller, user, assignment{
		kind: KindGroup, action: audit.ActionGroupsSet, wanted: distinct(groups),
		held: func(judged *Judged) []string { return judged.Catalogue.groupNames(judged.Target.Groups) },
		find: func(c *Catalogue) (func(name string) (Membership, Set), error) {
			catalogue = c
			return c.groupMembership, unknown("groups", groups, func(name string) bool {
				_, known := c.GroupNamed(name)
				return known
			})
		},
	})
	if err != nil {
		return nil, err
	}
	return catalogue.heldGroups(members), nil
}

func (c *Catalogue) groupMembership(name string) (Membership, Set) {
	group, _ := c.GroupNamed(name)
	return Membership{Group: group.ID}, c.OfGroup(group.ID)
}

// assignment is what a user is to have of one kind.
type assignment struct {
	kind   Kind
	action audit.Action
	// wanted and held are names, sorted.
	wanted []string
	held   func(judged *Judged) []string
	// find refuses what the catalogue does not have, and tells of a name what membership it is and what that gives.
	find func(c *Catalogue) (membership func(name string) (Membership, Set), err error)
}

// assign does an assignment, and gives the memberships as they are then.
func (s *Service) assign(
	ctx context.Context, caller core.Principal, user core.ID, to assignment,
) (members []Membership, err error) {
	event := audit.Event{Action: to.action, Subject: user}.By(caller)
	err = core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		judged, err := s.deps.Warden.Permit(ctx, caller, writes, user)
		if err != nil {
			return nil, err
		}
		changes, err := s.reassign(ctx, caller, event, &judged, to)
		if err == nil {
			members, err = s.deps.Memberships.Of(ctx, user, to.kind)
		}
		return changes, err
	})
	return members, s.deps.Trail.Refuse(ctx, event, err)
}

// reassign does an assignment to a user whom the caller may act upon.
func (s *Service) reassign(
	ctx context.Context, caller core.Principal, event audit.Event, judged *Judged, to assignment,
) ([]core.Change, error) {
	membership, err := to.find(judged.Catalogue)
	if err != nil {
		return nil, err
	}
	now := s.deps.Clock.Now()
	wanted := make([]Membership, 0, len(to.wanted))
	var gives Set
	for _, name := range to.wanted {
		member, set := membership(name)
		member.By, member.At = caller.ID(), now
		wanted = append(wanted, member)
		gives.Join(&set)
	}
	if err := judged.permit(gives); err != nil {
		return nil, err
	}
	added, removed := difference(to.held(judged), to.wanted)
	if len(added)+len(removed) == 0 {
		return nil, nil
	}
	changes, err := s.ahead(ctx, judged, to, removed)
	if err != nil {
		return nil, err
	}
	if judged.Holds.Administers() || gives.Administers() {
		if err := s.deps.Imports.Sever(ctx, judged.Target.ID); err != nil {
			return nil, err
		}
	}
	noteChange(&event, added, removed)
	change, err := s.deps.Memberships.Set(ctx, judged.Target.ID, to.kind, wanted, now, s.deps.Trail.Event(ctx, event))
	if err != nil {
		return nil, err
	}
	bearing := func(name string) bool {
		_, set := membership(name)
		return set != Set{}
	}
	return append(changes, change), s.tell(ctx, caller, judged.Target, only(added, bearing), only(removed, bearing))
}

// ahead does what goes ahead of other roles: the last owner is spared, and the user told what the roles demand.
func (s *Service) ahead(ctx context.Context, judged *Judged, to assignment, removed []string) ([]core.Change, error) {
	if to.kind != KindRole {
		return nil, nil
	}
	if slices.Contains(removed, account.RoleOwner) {
		if err := s.deps.Warden.SpareLastOwner(ctx, judged.Target); err != nil {
			return nil, err
		}
	}
	told := judged.Target
	judged.Catalogue.Oblige(s.deps.Obligations, &told, to.wanted)
	if told.Protection.EnrolBy.Equal(judged.Target.Protection.EnrolBy) {
		return nil, nil
	}
	_, saved, err := account.Edit(ctx, s.deps.Users, told.ID, func(user *account.User) error {
		user.UpdatedAt = s.deps.Clock.Now()
		judged.Catalogue.Oblige(s.deps.Obligations, user, to.wanted)
		return nil
	})
	return []core.Change{saved}, err
}

// only gives the names that keep holds for.
func only(names []string, keep func(string) bool) (kept []string) {
	for _, name := range names {
		if keep(name) {
			kept = append(kept, name)
		}
	}
	return kept
}

// groupNames gives the names of groups, sorted.
func (c *Catalogue) groupNames(ids []core.ID) []string {
	names := make([]string, 0, len(ids))
	for _, id := range ids {
		if group, known := c.Group(id); known {
			names = append(names, group.Name)
		}
	}
	slices.Sort(names)
	return names
}
