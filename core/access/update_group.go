package access

import (
	"context"
	"strings"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// GroupChange is a partial change of a group: nil members leave it as it is.
type GroupChange struct {
	Name        *string
	Description *string
	// Permissions become the group's only ones.
	Permissions *[]string
}

func (c *GroupChange) check() error {
	var violations core.Violations
	if c.Name != nil {
		violations.Add("name", checkGroupName(*c.Name))
	}
	if c.Description != nil {
		violations.Add("description", checkDescription(c.Description))
	}
	return violations.Err()
}

// UpdateGroup changes a group of which the caller holds both what it gave and what it gives then. KindInvalid, as of
// CreateGroup; core.ErrNotFound; ErrNameTaken; ErrExceeds; and those of Warden.Enter.
func (s *Service) UpdateGroup(ctx context.Context, caller core.Principal, id core.ID, change GroupChange) (group Group, err error) {
	if err = change.check(); err != nil {
		return Group{}, err
	}
	err = s.amend(ctx, caller, audit.ActionGroupUpdate, id,
		func(ctx context.Context, judged *Judged, event *audit.Event) (bool, error) {
			before, err := judged.group(id)
			if err != nil {
				return false, err
			}
			note(event, "name", before.Name)
			if group, err = change.apply(judged, before); err != nil {
				return false, err
			}
			if !noteGroup(event, before, group) {
				return false, nil
			}
			group.UpdatedAt = s.deps.Clock.Now()
			return true, s.deps.Catalogues.PutGroup(ctx, group)
		})
	return group, err
}

// SetGroupPermissions makes the permissions the group's only ones. Errors are those of UpdateGroup.
func (s *Service) SetGroupPermissions(
	ctx context.Context, caller core.Principal, id core.ID, permissions []string,
) (Group, error) {
	return s.UpdateGroup(ctx, caller, id, GroupChange{Permissions: &permissions})
}

// group gives a group that the caller may change as it is.
func (j *Judged) group(id core.ID) (Group, error) {
	if err := j.permit(j.Catalogue.OfGroup(id)); err != nil {
		return Group{}, err
	}
	group, known := j.Catalogue.Group(id)
	if !known {
		return Group{}, core.ErrNotFound
	}
	return group, nil
}

// apply gives the group after the change, judged.
func (c *GroupChange) apply(judged *Judged, group Group) (Group, error) {
	if c.Name != nil {
		group.Name = *c.Name
	}
	if c.Description != nil {
		group.Description = *c.Description
	}
	if c.Permissions != nil {
		keys, set, err := judged.Catalogue.choose(*c.Permissions)
		if err == nil {
			err = judged.permit(set)
		}
		if err != nil {
			return Group{}, err
		}
		group.Permissions = keys
	}
	return group, nil
}

// noteGroup notes what is changed about a group, and reports whether anything is.
func noteGroup(event *audit.Event, before, after Group) (changed bool) {
	added, removed := difference(before.Permissions, after.Permissions)
	noteChange(event, added, removed)
	var fields []string
	if before.Name != after.Name {
		note(event, "renamed_to", after.Name)
		fields = append(fields, "name")
	}
	if before.Description != after.Description {
		fields = append(fields, "description")
	}
	note(event, "changed", strings.Join(fields, " "))
	return len(fields)+len(added)+len(removed) > 0
}
