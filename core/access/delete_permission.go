package access

import (
	"context"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// DeletePermission removes a permission that no role, group or service account has: one that came back under its name
// would else give it to them again. core.ErrNotFound, ErrImmutable for one of the system, ErrInUse, and those of
// Warden.Enter.
func (s *Service) DeletePermission(ctx context.Context, caller core.Principal, id core.ID) error {
	return s.amend(ctx, caller, audit.ActionPermissionDelete, id,
		func(ctx context.Context, judged *Judged, event *audit.Event) (bool, error) {
			permission, err := judged.permission(id)
			if err != nil {
				return false, err
			}
			granted, err := s.deps.Grants.Granted(ctx, permission.Key)
			if err == nil && granted {
				err = ErrInUse
			}
			if err != nil {
				return false, err
			}
			note(event, "name", permission.Key)
			return true, s.deps.Catalogues.Remove(ctx, KindPermission, id)
		})
}
