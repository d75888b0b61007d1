package portability

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
)

// amend makes an account that stands what a line says, or rejects the line. An error is a fault, not a refusal.
func (b *batch) amend(ctx context.Context, each draft, known Known) error {
	held, own := b.held(known.User), known.User.ID == b.caller.UserID
	if own {
		known.Marked = false // what the caller signs in with is changed under /v1/me, where it is asked who they are
	}
	spared := own || known.Mark.Severed || held.Administers()
	promoted := known.User
	if each.line.Roles != nil {
		promoted.Roles = each.line.Roles
	}
	given := b.held(promoted)
	if refusal, err := b.judge(ctx, each, known, held); err != nil || refusal != nil {
		if err == nil {
			b.outcomes[each.number].reject(refusal)
		}
		return err
	}
	var mark Mark
	var done amended
	user, change, err := account.Edit(ctx, b.service.deps.Users, known.User.ID, func(user *account.User) error {
		done = each.amend(user, known, spared, &mark)
		mark.Severed = spared || given.Administers()
		if each.line.Roles != nil {
			b.judged.Catalogue.Oblige(b.service.deps.Obligations, user, each.line.Roles)
		}
		return nil
	})
	switch {
	case isTaken(err), errors.Is(err, core.ErrNotFound):
		b.outcomes[each.number].reject(err)
		return nil
	case err != nil:
		return fmt.Errorf("save account: %w", err)
	}
	b.changes = append(b.changes, change)
	if err := b.follow(ctx, each, known, user, mark, done); err != nil {
		return err
	}
	b.settle(each, Updated, user.ID)
	event := b.event(user.ID, Updated)
	if each.line.Roles != nil {
		access.NoteMemberships(&event, user.Roles, each.line.Roles)
	}
	return b.service.deps.Trail.Record(ctx, event)
}

// errForeign refuses to assign roles to an account that no import made. Who may write profiles may give an account
// whatever external id they like, and so have a stranger's import assign them what that id was to have.
var errForeign = core.InvalidField("roles", core.CodeNotAllowed, "No import made this account: assign its roles by hand.")

// judge tells what stands against changing the account.
func (b *batch) judge(ctx context.Context, each draft, known Known, held access.Set) (refusal, fault error) {
	user := known.User
	if user.Status == account.StatusDeleted {
		return core.ErrConflict, nil
	}
	assigns := each.line.Roles != nil && !slices.Equal(each.line.Roles, user.Roles)
	if refusal := b.judgeRoles(each.line.Roles, held, assigns); refusal != nil {
		return refusal, nil
	}
	if !assigns {
		return nil, nil //nolint:nilnil // nothing stands against it
	}
	if !slices.Contains(each.line.Roles, account.RoleOwner) {
		if err := b.service.deps.Warden.SpareLastOwner(ctx, user); errors.Is(err, account.ErrLastOwner) {
			return err, nil
		} else if err != nil {
			return nil, err
		}
	}
	if !known.Marked {
		return errForeign, nil
	}
	return nil, nil //nolint:nilnil // nothing stands against it
}

// held is what the roles and groups of an account give; not what everybody has, which a service account lacks.
func (b *batch) held(user account.User) (held access.Set) {
	for _, role := range user.Roles {
		given := b.judged.Catalogue.OfRole(role)
		held.Join(&given)
	}
	for _, group := range user.Groups {
		given := b.judged.Catalogue.OfGroup(group)
		held.Join(&given)
	}
	return held
}

// follow does what comes with a change: the mark, the roles, the end of codes and links that another address or password
// got, and that of sessions which an older password opened.
func (b *batch) follow(ctx context.Context, each draft, known Known, user account.User, mark Mark, done amended) error {
	deps := b.service.deps
	if known.Marked {
		if err := deps.Store.Remember(ctx, user.ID, mark); err != nil {
			return fmt.Errorf("remember an import: %w", err)
		}
	}
	if each.line.Roles != nil && !slices.Equal(each.line.Roles, user.Roles) {
		change, err := deps.Memberships.Set(ctx, user.ID, access.KindRole, b.members(each), each.user.UpdatedAt)
		if err != nil {
			return fmt.Errorf("set roles: %w", err)
		}
		b.changes = append(b.changes, change)
	}
	if done.moved || done.replaced {
		if err := deps.Secrets.KillSecrets(ctx, user.ID); err != nil {
			return err
		}
	}
	if !done.replaced {
		return nil
	}
	changes, err := deps.Sessions.EndAll(ctx, user.ID, core.ID{}, account.EndPassword)
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	b.changes = append(b.changes, changes...)
	return nil
}

func (b *batch) members(each draft) []access.Membership {
	members := make([]access.Membership, len(each.line.Roles))
	for at, role := range each.line.Roles {
		members[at] = access.Membership{Role: role, By: b.caller.ID(), At: each.user.UpdatedAt}
	}
	return members
}
