package house

import (
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/directory/directorytest"
)

// directory makes the use cases of those who administer users.
func (h *House) directory() *directory.Service {
	return directory.NewService(directory.Deps{
		Index: directorytest.NewMemory(h.Users), Users: h.Users, Memberships: h.Access, Warden: h.Warden,
		Sessions: h.Sessions, Devices: h.DeviceRows, Tokens: h.TokenRows, Factors: h.Factors, Tries: h.Tries,
		Prover: h.Prover, Post: h.Post, Trail: h.Trail, Tx: h.DB, Announcer: h.Announced, Clock: h.Clock, IDs: h.IDs,
	}, directory.Config{})
}

// Admin opens an account with the role, and gives it as a caller with a session.
func (h *House) Admin(email, role string) core.Principal {
	h.t.Helper()
	caller := h.Principal(h.Member(email, ""))
	h.Give(caller.UserID, role)
	return caller
}

// Give gives the user one role and no other.
func (h *House) Give(user core.ID, role string) {
	h.t.Helper()
	h.Must(h.DB.Do(h.Ctx, func() error {
		_, err := h.Users.Change(user, h.Clock.Now(), func(user *account.User) { user.Roles = []string{role} })
		return err
	}))
}
