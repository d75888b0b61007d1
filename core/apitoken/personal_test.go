package apitoken_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/token"
)

const ada = "ada@example.com"

// member gives somebody with roles, signed in.
func member(h *house.House, email string, roles ...string) (signin.SignedIn, core.Principal) {
	signedIn := h.Member(email, "")
	if len(roles) > 0 {
		members := []access.Membership{{Role: account.RoleUser}}
		for _, role := range roles {
			members = append(members, access.Membership{Role: role})
		}
		_, err := h.Access.Set(h.Ctx, signedIn.User.ID, access.KindRole, members, h.Clock.Now())
		h.Must(err)
	}
	return signedIn, h.Principal(signedIn)
}

func events(h *house.House, action audit.Action) (found []audit.Event) {
	for _, event := range h.Log.All() {
		if event.Action == action {
			found = append(found, event)
		}
	}
	return found
}

func TestCreateIsToldAndWrittenDown(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	_, caller := member(h, ada)
	made, _, err := h.Tokens.Create(h.Ctx, caller, apitoken.Draft{Name: "  nightly backup ", Scopes: []string{"me.write", "me.read", "me.read"}})
	h.Must(err)
	now := h.Clock.Now()
	coretest.Equal(t, apitoken.Token{
		ID: made.ID, UserID: caller.UserID, Name: "nightly backup", Digest: made.Digest, Hint: made.Hint,
		Scopes: []string{"me.read", "me.write"}, CreatedAt: now, ExpiresAt: now.Add(apitoken.DefaultTTL),
	}, made)
	coretest.Equal(t, "nightly backup", h.Letter(mail.KindTokenCreated, ada).Label)
	event := events(h, audit.ActionTokenCreate)[0]
	coretest.Equal(t, map[string]string{"token_id": made.ID.String(), "scopes": "me.read me.write"}, event.Metadata)
	if event.Actor != caller.UserID || event.Subject != caller.UserID || event.Outcome != audit.Success {
		t.Errorf("written down: %+v", event)
	}
	h.Must(h.Tokens.Revoke(h.Ctx, caller, made.ID))
	h.Refused(h.Tokens.Revoke(h.Ctx, caller, made.ID), core.ErrNotFound)
	coretest.Equal(t, 1, len(events(h, audit.ActionTokenRevoke)))
}

func TestDraftsAreHeldToRules(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	_, caller := member(h, ada)
	now := h.Clock.Now()
	for name, test := range map[string]struct {
		draft apitoken.Draft
		field string
		code  core.Code
	}{
		"no name":        {apitoken.Draft{Scopes: []string{"me.read"}}, "name", core.CodeRequired},
		"a long name":    {apitoken.Draft{Name: strings.Repeat("ü", 101), Scopes: []string{"me.read"}}, "name", core.CodeTooLong},
		"a line break":   {apitoken.Draft{Name: "a\nb", Scopes: []string{"me.read"}}, "name", core.CodeNotAllowed},
		"no scope":       {apitoken.Draft{Name: "x"}, "scopes", core.CodeRequired},
		"unknown scope":  {apitoken.Draft{Name: "x", Scopes: []string{"me.read", "me.fly"}}, "scopes.1", core.CodeUnknownValue},
		"everything":     {apitoken.Draft{Name: "x", Scopes: []string{""}}, "scopes.0", core.CodeUnknownValue},
		"many scopes":    {apitoken.Draft{Name: "x", Scopes: make([]string, apitoken.MaxScopes+1)}, "scopes", core.CodeTooLong},
		"both":           {apitoken.Draft{Name: "x", Scopes: []string{"me.read"}, ExpiresIn: time.Hour, ExpiresAt: new(now.Add(time.Hour))}, "expires_in", core.CodeNotAllowed},
		"too soon":       {apitoken.Draft{Name: "x", Scopes: []string{"me.read"}, ExpiresIn: apitoken.MinTTL - 1}, "expires_in", core.CodeOutOfRange},
		"too late":       {apitoken.Draft{Name: "x", Scopes: []string{"me.read"}, ExpiresAt: new(now.Add(apitoken.DefaultMaxTTL + 1))}, "expires_at", core.CodeOutOfRange},
		"negative":       {apitoken.Draft{Name: "x", Scopes: []string{"me.read"}, ExpiresIn: -time.Hour}, "expires_in", core.CodeOutOfRange},
		"beyond all":     {apitoken.Draft{Name: "x", Scopes: []string{"me.read"}, ExpiresIn: 1<<63 - 1}, "expires_in", core.CodeOutOfRange},
		"before all":     {apitoken.Draft{Name: "x", Scopes: []string{"me.read"}, ExpiresAt: new(time.Time{})}, "expires_at", core.CodeOutOfRange},
		"in the past":    {apitoken.Draft{Name: "x", Scopes: []string{"me.read"}, ExpiresAt: new(now.Add(-1))}, "expires_at", core.CodeOutOfRange},
		"not UTF-8 name": {apitoken.Draft{Name: "\xff", Scopes: []string{"me.read"}}, "name", core.CodeNotAllowed},
	} {
		_, _, err := h.Tokens.Create(h.Ctx, caller, test.draft)
		fields := core.AsError(err).Fields
		if len(fields) != 1 || fields[0].Field != test.field || fields[0].Code != test.code {
			t.Errorf("%s: %v %+v", name, err, fields)
		}
	}
	_, _, err := h.Tokens.Create(h.Ctx, caller, apitoken.Draft{Name: "x", Scopes: []string{"users.read"}})
	h.Refused(err, access.ErrExceeds)
	coretest.Equal(t, 0, h.Letters(mail.KindTokenCreated, ada))
	longest, _, err := h.Tokens.Create(h.Ctx, caller, apitoken.Draft{Name: "x", Scopes: []string{"me.read"}, ExpiresIn: apitoken.DefaultMaxTTL})
	h.Must(err)
	coretest.Equal(t, now.Add(apitoken.DefaultMaxTTL), longest.ExpiresAt)
}

// TestTokensAreMadeInPerson wants a recent sign-in of the person: a token makes no token.
func TestTokensAreMadeInPerson(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	signedIn, caller := member(h, ada)
	draft := apitoken.Draft{Name: "x", Scopes: []string{"me.write"}}
	_, text, err := h.Tokens.Create(h.Ctx, caller, draft)
	h.Must(err)
	program, err := h.SignIn.Authenticate(h.Ctx, text.Reveal())
	h.Must(err)
	_, _, err = h.Tokens.Create(h.Ctx, program.Principal, draft)
	h.Refused(err, core.Unproven())
	h.Later(account.DefaultRecentWindow + 1)
	_, _, err = h.Tokens.Create(h.Ctx, h.Principal(signedIn), draft)
	h.Refused(err, core.Unproven())
	refused := events(h, audit.ActionTokenCreate)
	if last := refused[len(refused)-1]; last.Outcome != audit.Refused || last.Reason != string(core.CodeReauthentication) {
		t.Errorf("written down: %+v", last)
	}
}

func TestTooManyTokens(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	_, caller := member(h, ada)
	draft := apitoken.Draft{Name: "x", Scopes: []string{"me.read"}}
	won := coretest.Race(t, apitoken.MaxTokens+10, apitoken.ErrTooMany, func(context.Context, int) error {
		_, _, err := h.Tokens.Create(h.Ctx, caller, draft)
		return err
	})
	coretest.Equal(t, apitoken.MaxTokens, won)
	coretest.Equal(t, apitoken.MaxTokens, h.Letters(mail.KindTokenCreated, ada))
	tokens, next, err := h.Tokens.List(h.Ctx, caller.UserID, core.Page{Limit: 20})
	h.Must(err)
	coretest.Equal(t, 20, len(tokens))
	rest, none, err := h.Tokens.List(h.Ctx, caller.UserID, core.Page{After: next})
	h.Must(err)
	if len(rest) != apitoken.MaxTokens-20 || !none.IsZero() {
		t.Errorf("%d on the second page, next %v", len(rest), none)
	}
}

// TestWhatEndsTokens is every way in which the tokens of a person go, and some that leave them.
func TestWhatEndsTokens(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		act  func(h *house.House, signedIn signin.SignedIn)
		ends error
	}{
		"a change of the password": {func(h *house.House, signedIn signin.SignedIn) {
			h.Must(h.Password.Change(h.Ctx, h.Principal(signedIn), house.Passphrase, "another lantern orbit"))
		}, nil},
		"signing out": {func(h *house.House, signedIn signin.SignedIn) {
			h.Must(h.SignIn.Logout(h.Ctx, h.Principal(signedIn)))
		}, nil},
		"deletion": {func(h *house.House, signedIn signin.SignedIn) {
			_, err := h.Account.Delete(h.Ctx, h.Principal(signedIn))
			h.Must(err)
			h.Must(h.Account.Restore(h.Ctx, h.Letter(mail.KindDeleted, ada).Token))
		}, token.ErrInvalid},
		"suspension": {func(h *house.House, signedIn signin.SignedIn) {
			h.Alter(signedIn.User.ID, func(user *account.User) { user.Status = account.StatusSuspended })
		}, core.NewError(core.KindUnauthenticated, core.CodeSessionEnded, "")},
		"expiry": {func(h *house.House, _ signin.SignedIn) { h.Later(apitoken.DefaultTTL) }, token.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := house.Open(t)
			signedIn, caller := member(h, ada)
			_, text, err := h.Tokens.Create(h.Ctx, caller, apitoken.Draft{Name: "x", Scopes: []string{"me.read"}})
			h.Must(err)
			test.act(h, signedIn)
			if _, err = h.SignIn.Authenticate(h.Ctx, text.Reveal()); test.ends == nil {
				h.Must(err)
			} else {
				h.Refused(err, test.ends)
			}
		})
	}
}

// TestResetTakesTokens is the way back into an account: whoever had got in is out.
func TestResetTakesTokens(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	_, caller := member(h, ada)
	_, _, err := h.Tokens.Create(h.Ctx, caller, apitoken.Draft{Name: "x", Scopes: []string{"me.read"}})
	h.Must(err)
	_, err = h.Password.Forgot(h.Ctx, ada)
	h.Must(err)
	h.Work()
	h.Must(h.Password.Reset(h.Ctx, resetBy(h.Letter(mail.KindPasswordReset, ada).Token)))
	tokens, _, err := h.Tokens.List(h.Ctx, caller.UserID, core.Page{})
	h.Must(err)
	coretest.Equal(t, 0, len(tokens))
}
