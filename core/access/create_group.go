package access

import (
	"context"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// GroupDraft is a group that is to be.
type GroupDraft struct {
	// Name is 1 to 64 lower-case letters and digits, a letter first, with single hyphens between them.
	Name string
	// Description is one line of up to DescriptionMax code points, or empty.
	Description string
	// Permissions are keys, in any order.
	Permissions []string
}

func (d *GroupDraft) check() error {
	var violations core.Violations
	violations.Add("name", checkGroupName(d.Name))
	violations.Add("description", checkDescription(&d.Description))
	return violations.Err()
}

// CreateGroup makes a group with permissions that the caller holds. KindInvalid, with core.CodeUnknownValue for
// permissions that do not exist; ErrNameTaken; ErrTooMany beyond GroupsMax; ErrExceeds; and those of Warden.Enter.
func (s *Service) CreateGroup(ctx context.Context, caller core.Principal, draft GroupDraft) (group Group, err error) {
	if err = draft.check(); err != nil {
		return Group{}, err
	}
	id := s.deps.IDs.New()
	err = s.amend(ctx, caller, audit.ActionGroupCreate, core.ID{},
		func(ctx context.Context, judged *Judged, event *audit.Event) (bool, error) {
			if err := judged.permit(); err != nil {
				return false, err
			}
			keys, set, err := judged.Catalogue.choose(draft.Permissions)
			if err == nil {
				err = judged.permit(set)
			}
			if err == nil && len(judged.Catalogue.Groups) >= GroupsMax {
				err = ErrTooMany
			}
			if err != nil {
				return false, err
			}
			now := s.deps.Clock.Now()
			group = Group{
				ID: id, Name: draft.Name, Description: draft.Description, Permissions: keys, CreatedAt: now, UpdatedAt: now,
			}
			event.Subject = id
			note(event, "name", group.Name)
			noteChange(event, keys, nil)
			return true, s.deps.Catalogues.PutGroup(ctx, group)
		})
	return group, err
}
