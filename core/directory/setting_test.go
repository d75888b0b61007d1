package directory_test

import (
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/signin"
)

const (
	ada   = "ada@example.com"
	grace = "grace@example.com"
)

// setting is a house with an administrator and somebody to act upon.
type setting struct {
	*house.House
	admin    core.Principal
	id       core.ID
	signedIn signin.SignedIn
	caller   core.Principal
}

func open(t *testing.T) setting {
	t.Helper()
	h := house.Open(t)
	s := setting{House: h, admin: h.Admin("admin@example.com", account.RoleAdmin), signedIn: h.Member(ada, "countess")}
	s.id, s.caller = s.signedIn.User.ID, h.Principal(s.signedIn)
	return s
}

// by is the administrator, for no reason.
func (s setting) by() directory.By { return directory.Caller(s.admin, "") }

// because is the administrator with a reason.
func (s setting) because(reason string) directory.By { return directory.Caller(s.admin, reason) }

// holder gives somebody a role of their own that has the permissions.
func (s setting) holder(t *testing.T, email string, bits ...access.Bit) core.Principal {
	t.Helper()
	role := access.Role{ID: s.IDs.New(), Name: "ROLE_OF_" + email, CreatedAt: s.Clock.Now(), UpdatedAt: s.Clock.Now()}
	for _, bit := range bits {
		role.Permissions = append(role.Permissions, bit.Key())
	}
	s.Must(s.Access.PutRole(s.Ctx, role))
	return s.Admin(email, role.Name)
}

func (s setting) suspended() {
	_, err := s.Directory.Suspend(s.Ctx, s.because("spam"), s.id)
	s.Must(err)
}

func (s setting) deleted() account.User {
	deleted, err := s.Directory.Delete(s.Ctx, s.by(), s.id)
	s.Must(err)
	return deleted
}

func text(text string) *string { return &text }

// acts are all that is done to a user, each with the permission that it needs.
var acts = map[string]struct {
	needs access.Bit
	// own acts may be done to oneself.
	own bool
	do  func(s setting, by directory.By, id core.ID) error
}{
	"update": {access.UsersWrite, true, func(s setting, by directory.By, id core.ID) error {
		_, err := s.Directory.Update(s.Ctx, by, id, directory.Change{Country: text("DE")})
		return err
	}},
	"suspend": {access.UsersSuspend, false, func(s setting, by directory.By, id core.ID) error {
		_, err := s.Directory.Suspend(s.Ctx, by, id)
		return err
	}},
	"delete": {access.UsersDelete, false, func(s setting, by directory.By, id core.ID) error {
		_, err := s.Directory.Delete(s.Ctx, by, id)
		return err
	}},
	"unlock": {access.UsersSecure, false, func(s setting, by directory.By, id core.ID) error {
		return s.Directory.Unlock(s.Ctx, by, id)
	}},
	"verify the address": {access.UsersWrite, false, func(s setting, by directory.By, id core.ID) error {
		_, err := s.Directory.VerifyEmail(s.Ctx, by, id)
		return err
	}},
	"force a reset": {access.UsersSecure, false, func(s setting, by directory.By, id core.ID) error {
		return s.Directory.ForceReset(s.Ctx, by, id)
	}},
	"require a factor": {access.UsersSecure, false, func(s setting, by directory.By, id core.ID) error {
		return s.Directory.RequireFactor(s.Ctx, by, id, true)
	}},
	"remove factors": {access.UsersSecure, false, func(s setting, by directory.By, id core.ID) error {
		return s.Directory.RemoveFactors(s.Ctx, by, id)
	}},
	"end sessions": {access.SessionsRevoke, false, func(s setting, by directory.By, id core.ID) error {
		return s.Directory.EndSessions(s.Ctx, by, id)
	}},
}
