package access

import (
	"context"
	"strings"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// PermissionDraft is a permission that is to be.
type PermissionDraft struct {
	// Key has the form resource.action, in lower case, of up to KeyMax bytes. The resource is none of the product's
	// own, see Reserved.
	Key string
	// Description is one line of up to DescriptionMax code points, or empty.
	Description string
	// Category is up to CategoryMax lower-case letters, digits, hyphens and underscores; the resource where empty.
	Category string
}

func (d *PermissionDraft) check() error {
	var violations core.Violations
	violations.Add("key", checkKey(d.Key))
	violations.Add("description", checkDescription(&d.Description))
	if d.Category != "" {
		violations.Add("category", checkCategory(d.Category))
	}
	return violations.Err()
}

// CreatePermission makes a permission. Nobody but owners holds it then, so that the first who gives it to somebody is
// an owner. KindInvalid; ErrNameTaken; ErrTooMany beyond PermissionsMax; and those of Warden.Enter.
func (s *Service) CreatePermission(
	ctx context.Context, caller core.Principal, draft PermissionDraft,
) (permission Permission, err error) {
	if err = draft.check(); err != nil {
		return Permission{}, err
	}
	if draft.Category == "" {
		resource, _, _ := strings.Cut(draft.Key, ".")
		draft.Category = resource[:min(len(resource), CategoryMax)]
	}
	id := s.deps.IDs.New()
	err = s.amend(ctx, caller, audit.ActionPermissionCreate, core.ID{},
		func(ctx context.Context, judged *Judged, event *audit.Event) (bool, error) {
			if err := judged.permit(); err != nil {
				return false, err
			}
			if len(judged.Catalogue.Permissions) >= PermissionsMax {
				return false, ErrTooMany
			}
			permission = Permission{
				ID: id, Key: draft.Key, Description: draft.Description, Category: draft.Category,
				CreatedAt: s.deps.Clock.Now(),
			}
			event.Subject = id
			note(event, "name", permission.Key)
			return true, s.deps.Catalogues.PutPermission(ctx, permission)
		})
	return permission, err
}
