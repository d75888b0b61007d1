package apitoken_test

import (
	"context"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
)

// meanwhile is a catalogue behind whose reading something happens: the caller has been judged then, and nothing is
// written yet.
type meanwhile struct {
	access.Lookup
	happens func()
}

// Catalogue implements access.Lookup.
func (m meanwhile) Catalogue(ctx context.Context) (*access.Catalogue, error) {
	m.happens()
	return m.Lookup.Catalogue(ctx)
}

// TestNoTokenIsMadeBehindWhatTakesThemAway asks for a token just before each of the acts that end what a caller came by,
// and makes it just after.
func TestNoTokenIsMadeBehindWhatTakesThemAway(t *testing.T) {
	t.Parallel()
	ended := core.NewError(core.KindUnauthenticated, core.CodeSessionEnded, "")
	for name, test := range map[string]struct {
		act  func(h *house.House, caller core.Principal)
		want error
	}{
		"a reset": {func(h *house.House, _ core.Principal) {
			_, err := h.Password.Forgot(h.Ctx, ada)
			h.Must(err)
			h.Work()
			h.Must(h.Password.Reset(h.Ctx, resetBy(h.Letter(mail.KindPasswordReset, ada).Token)))
		}, ended},
		"a forced reset": {func(h *house.House, caller core.Principal) {
			h.Must(h.Directory.ForceReset(h.Ctx, directory.Operator(""), caller.UserID))
		}, ended},
		"a deletion that is taken back": {func(h *house.House, caller core.Principal) {
			_, err := h.Account.Delete(h.Ctx, caller)
			h.Must(err)
			h.Must(h.Account.Restore(h.Ctx, h.Letter(mail.KindDeleted, ada).Token))
		}, ended},
		"a suspension, of itself": {func(h *house.House, caller core.Principal) {
			h.Alter(caller.UserID, func(user *account.User) { user.Status = account.StatusSuspended })
		}, ended},
		"signing out": {func(h *house.House, caller core.Principal) { h.Must(h.SignIn.Logout(h.Ctx, caller)) }, ended},
		"a new password, which leaves the session": {func(h *house.House, caller core.Principal) {
			h.Must(h.Password.Change(h.Ctx, caller, house.Passphrase, "another lantern orbit"))
		}, core.Unproven()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := house.Open(t)
			_, caller := member(h, ada)
			tokens := apitoken.NewService(apitoken.Deps{
				Tokens: h.TokenRows, Accounts: h.Machines, Keys: h.Machines.Keys(), Users: h.Users, Warden: h.Warden, Post: h.Post,
				Trail: h.Trail, Tx: h.DB, Clock: h.Clock, IDs: h.IDs, Origins: h.Origins,
				Access: meanwhile{h.Access, func() {
					h.Later(time.Second)
					test.act(h, caller)
				}},
			}, apitoken.Config{})
			_, _, err := tokens.Create(h.Ctx, caller, apitoken.Draft{Name: "x", Scopes: []string{"me.read"}})
			h.Refused(err, test.want)
			held, _, err := h.Tokens.List(h.Ctx, caller.UserID, core.Page{})
			h.Must(err)
			coretest.Equal(t, 0, len(held))
			coretest.Equal(t, 0, h.Letters(mail.KindTokenCreated, ada))
		})
	}
}
