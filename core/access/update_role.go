package access

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// RoleChange is a partial change of a role: nil members leave it as it is.
type RoleChange struct {
	Description *string
	// Permissions become the role's only ones.
	Permissions          *[]string
	SecondFactorRequired *bool
}

// UpdateRole changes a role of which the caller holds both what it gave and what it gives then. Of a role of the system
// nothing changes but whether it demands a second factor. It is given as Role gives it. KindInvalid, as of CreateRole;
// core.ErrNotFound; ErrImmutable; ErrExceeds; and those of Warden.Enter.
func (s *Service) UpdateRole(ctx context.Context, caller core.Principal, id core.ID, change RoleChange) (role Role, err error) {
	if change.Description != nil {
		var violations core.Violations
		violations.Add("description", checkDescription(change.Description))
		if err = violations.Err(); err != nil {
			return Role{}, err
		}
	}
	var catalogue *Catalogue
	err = s.amend(ctx, caller, audit.ActionRoleUpdate, id,
		func(ctx context.Context, judged *Judged, event *audit.Event) (bool, error) {
			before, err := judged.role(id)
			if err != nil {
				return false, err
			}
			catalogue = judged.Catalogue
			note(event, "name", before.Name)
			now := s.deps.Clock.Now()
			if role, err = change.apply(judged, before, now); err != nil {
				return false, err
			}
			if !noteRole(event, before, role) {
				return false, nil
			}
			role.UpdatedAt = now
			return true, s.deps.Catalogues.PutRole(ctx, role)
		})
	if err != nil {
		return Role{}, err
	}
	return catalogue.shown(role), nil
}

// role gives a role that the caller may change as it is.
func (j *Judged) role(id core.ID) (Role, error) {
	role, known := j.Catalogue.Role(id)
	if err := j.permit(j.Catalogue.OfRole(role.Name)); err != nil {
		return Role{}, err
	}
	if !known {
		return Role{}, core.ErrNotFound
	}
	return role, nil
}

// apply gives the role after the change of now, judged.
func (c RoleChange) apply(judged *Judged, role Role, now time.Time) (Role, error) {
	before := role
	if c.Description != nil {
		role.Description = *c.Description
	}
	if c.SecondFactorRequired != nil {
		role.demand(*c.SecondFactorRequired, now)
	}
	if c.Permissions != nil {
		keys, set, err := judged.Catalogue.choose(*c.Permissions)
		if err == nil {
			err = judged.permit(set)
		}
		if err != nil {
			return Role{}, err
		}
		role.Permissions = keys
	}
	if role.System && (role.Description != before.Description || !slices.Equal(role.Permissions, before.Permissions)) {
		return Role{}, ErrImmutable
	}
	return role, nil
}

// noteRole notes what is changed about a role, and reports whether anything is.
func noteRole(event *audit.Event, before, after Role) (changed bool) {
	added, removed := difference(before.Permissions, after.Permissions)
	noteChange(event, added, removed)
	if demands := after.Demands(); before.Demands() != demands {
		note(event, noteSecondFactor, strconv.FormatBool(demands))
		changed = true
	}
	if before.Description != after.Description {
		note(event, "changed", "description")
		changed = true
	}
	return changed || len(added)+len(removed) > 0
}
