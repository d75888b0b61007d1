package access

import (
	"context"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// DeleteGroup removes a group that nobody is in, and of which the caller holds all. core.ErrNotFound, ErrInUse,
// ErrExceeds, and those of Warden.Enter.
func (s *Service) DeleteGroup(ctx context.Context, caller core.Principal, id core.ID) error {
	return s.amend(ctx, caller, audit.ActionGroupDelete, id,
		func(ctx context.Context, judged *Judged, event *audit.Event) (bool, error) {
			group, err := judged.group(id)
			if err != nil {
				return false, err
			}
			note(event, "name", group.Name)
			noteChange(event, nil, group.Permissions)
			return true, s.deps.Catalogues.Remove(ctx, KindGroup, id)
		})
}
