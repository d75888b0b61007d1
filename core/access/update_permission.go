package access

import (
	"context"
	"strings"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// PermissionChange is a partial change of how a permission is described: nil members leave it as it is.
type PermissionChange struct {
	Description *string
	Category    *string
}

func (c *PermissionChange) check() error {
	var violations core.Violations
	if c.Description != nil {
		violations.Add("description", checkDescription(c.Description))
	}
	if c.Category != nil {
		violations.Add("category", checkCategory(*c.Category))
	}
	return violations.Err()
}

// UpdatePermission describes a permission anew. By itself a permission gives nobody anything: the caller needs not hold
// it. KindInvalid; core.ErrNotFound; ErrImmutable for one of the system; and those of Warden.Enter.
func (s *Service) UpdatePermission(
	ctx context.Context, caller core.Principal, id core.ID, change PermissionChange,
) (permission Permission, err error) {
	if err = change.check(); err != nil {
		return Permission{}, err
	}
	err = s.amend(ctx, caller, audit.ActionPermissionUpdate, id,
		func(ctx context.Context, judged *Judged, event *audit.Event) (bool, error) {
			if permission, err = judged.permission(id); err != nil {
				return false, err
			}
			note(event, "name", permission.Key)
			var fields []string
			if change.Description != nil && *change.Description != permission.Description {
				permission.Description, fields = *change.Description, append(fields, "description")
			}
			if change.Category != nil && *change.Category != permission.Category {
				permission.Category, fields = *change.Category, append(fields, "category")
			}
			if len(fields) == 0 {
				return false, nil
			}
			note(event, "changed", strings.Join(fields, " "))
			return true, s.deps.Catalogues.PutPermission(ctx, permission)
		})
	return permission, err
}

// permission gives a permission of the deployment's.
func (j *Judged) permission(id core.ID) (Permission, error) {
	if err := j.permit(); err != nil {
		return Permission{}, err
	}
	permission, known := j.Catalogue.Permission(id)
	switch {
	case !known:
		return Permission{}, core.ErrNotFound
	case permission.System:
		return Permission{}, ErrImmutable
	}
	return permission, nil
}
