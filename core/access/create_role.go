package access

import (
	"context"
	"strconv"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// RoleDraft is a role that is to be.
type RoleDraft struct {
	// Name is 2 to 64 capital letters, digits and underscores, a letter first. It never changes: access tokens carry
	// it.
	Name string
	// Description is one line of up to DescriptionMax code points, or empty.
	Description string
	// Permissions are keys, in any order.
	Permissions          []string
	SecondFactorRequired bool
}

func (d *RoleDraft) check() error {
	var violations core.Violations
	violations.Add("name", checkRoleName(d.Name))
	violations.Add("description", checkDescription(&d.Description))
	return violations.Err()
}

// CreateRole makes a role of permissions that the caller holds. KindInvalid, with core.CodeUnknownValue for permissions
// that do not exist; ErrNameTaken; ErrTooMany beyond RolesMax; ErrExceeds; and those of Warden.Enter.
func (s *Service) CreateRole(ctx context.Context, caller core.Principal, draft RoleDraft) (role Role, err error) {
	if err = draft.check(); err != nil {
		return Role{}, err
	}
	id := s.deps.IDs.New()
	err = s.amend(ctx, caller, audit.ActionRoleCreate, core.ID{},
		func(ctx context.Context, judged *Judged, event *audit.Event) (bool, error) {
			if err := judged.permit(); err != nil {
				return false, err
			}
			keys, set, err := judged.Catalogue.choose(draft.Permissions)
			if err == nil {
				err = judged.permit(set)
			}
			if err == nil && len(judged.Catalogue.Roles) >= RolesMax {
				err = ErrTooMany
			}
			if err != nil {
				return false, err
			}
			now := s.deps.Clock.Now()
			role = Role{
				ID: id, Name: draft.Name, Description: draft.Description, Permissions: keys,
				CreatedAt: now, UpdatedAt: now,
			}
			role.demand(draft.SecondFactorRequired, now)
			event.Subject = id
			note(event, "name", role.Name)
			noteChange(event, keys, nil)
			if role.Demands() {
				note(event, noteSecondFactor, strconv.FormatBool(true))
			}
			return true, s.deps.Catalogues.PutRole(ctx, role)
		})
	return role, err
}

// noteSecondFactor is under which key events tell of the demand for a second factor.
const noteSecondFactor = "second_factor_required"
