package access

import (
	"context"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// DeleteRole removes a role that nobody has, and of which the caller holds all. core.ErrNotFound, ErrImmutable for one
// of the system, ErrInUse, ErrExceeds, and those of Warden.Enter.
func (s *Service) DeleteRole(ctx context.Context, caller core.Principal, id core.ID) error {
	return s.amend(ctx, caller, audit.ActionRoleDelete, id,
		func(ctx context.Context, judged *Judged, event *audit.Event) (bool, error) {
			role, err := judged.role(id)
			if err == nil && role.System {
				err = ErrImmutable
			}
			if err != nil {
				return false, err
			}
			note(event, "name", role.Name)
			noteChange(event, nil, role.Permissions)
			return true, s.deps.Catalogues.Remove(ctx, KindRole, id)
		})
}
