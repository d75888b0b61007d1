package apitoken_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/token"
)

func resetBy(link string) credential.ResetRequest {
	return credential.ResetRequest{Token: link, NewPassword: "another lantern orbit"}
}

const admin, owner = "admin@example.com", "owner@example.com"

func TestServiceAccountsAreGivenWhatOneHolds(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	_, member1 := member(h, ada)
	_, byAdmin := member(h, admin, account.RoleAdmin)
	_, byOwner := member(h, owner, account.RoleOwner)
	draft := apitoken.AccountDraft{Name: "gateway", Scopes: []string{"users.impersonate", "users.read"}}
	_, err := h.Tokens.Open(h.Ctx, member1, draft)
	h.Refused(err, access.Lacks(access.ServiceAccountsWrite))
	_, err = h.Tokens.Open(h.Ctx, byAdmin, draft)
	h.Refused(err, access.ErrExceeds)
	mighty, err := h.Tokens.Open(h.Ctx, byOwner, draft)
	h.Must(err)
	coretest.Equal(t, byOwner.UserID, mighty.CreatedBy)
	_, err = h.Tokens.Open(h.Ctx, byOwner, draft)
	h.Refused(err, access.ErrNameTaken)

	// Whoever holds less touches nothing of it, not even to take something away.
	none := []string{}
	_, err = h.Tokens.Alter(h.Ctx, byAdmin, mighty.ID, apitoken.AccountChange{Scopes: &none})
	h.Refused(err, access.ErrExceeds)
	_, _, err = h.Tokens.MakeKey(h.Ctx, byAdmin, mighty.ID, apitoken.KeyDraft{})
	h.Refused(err, access.ErrExceeds)
	h.Refused(h.Tokens.Close(h.Ctx, byAdmin, mighty.ID), access.ErrExceeds)
	_, _, err = h.Tokens.MakeKey(h.Ctx, member1, h.IDs.New(), apitoken.KeyDraft{})
	h.Refused(err, access.Lacks(access.ServiceAccountsWrite)) // and does not learn what there is

	modest, err := h.Tokens.Open(h.Ctx, byAdmin, apitoken.AccountDraft{Name: "directory", Scopes: []string{"users.read"}})
	h.Must(err)
	more := []string{"users.read", "users.impersonate"}
	_, err = h.Tokens.Alter(h.Ctx, byAdmin, modest.ID, apitoken.AccountChange{Scopes: &more})
	h.Refused(err, access.ErrExceeds)
	found, err := h.Tokens.Find(h.Ctx, modest.ID)
	h.Must(err)
	coretest.Equal(t, modest, found)
	for _, event := range events(h, audit.ActionServiceCreate) {
		if event.Outcome == audit.Success && event.Subject.IsZero() {
			t.Errorf("written down: %+v", event)
		}
	}
}

func TestServiceAccountsAreNoPeople(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	_, byOwner := member(h, owner, account.RoleOwner)
	for name, scopes := range map[string][]string{"scopes.0": {"me.read"}, "scopes.1": {"users.read", "me.write"}} {
		_, err := h.Tokens.Open(h.Ctx, byOwner, apitoken.AccountDraft{Name: "x", Scopes: scopes})
		if fields := core.AsError(err).Fields; len(fields) != 1 || fields[0].Field != name || fields[0].Code != core.CodeNotAllowed {
			t.Errorf("%v: %v", scopes, err)
		}
	}
	_, err := h.Tokens.Open(h.Ctx, byOwner, apitoken.AccountDraft{Name: "x", Scopes: []string{"users.fly"}})
	coretest.Equal(t, core.CodeUnknownValue, core.AsError(err).Fields[0].Code)
}

// TestLongScopesAreWrittenDownWhole wants no name cut into another in the audit log, of service accounts and of tokens.
func TestLongScopesAreWrittenDownWhole(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	_, byOwner := member(h, owner, account.RoleOwner)
	var scopes []string
	for bit := access.UsersRead; bit <= access.HealthRead; bit++ {
		scopes = append(scopes, bit.Key())
	}
	_, err := h.Tokens.Open(h.Ctx, byOwner, apitoken.AccountDraft{Name: "gateway", Scopes: scopes})
	h.Must(err)
	_, _, err = h.Tokens.Create(h.Ctx, byOwner, apitoken.Draft{Name: "mine", Scopes: scopes})
	h.Must(err)
	for _, action := range []audit.Action{audit.ActionServiceCreate, audit.ActionTokenCreate} {
		told := strings.Fields(events(h, action)[0].Metadata["scopes"])
		rest := len(told) - 1
		coretest.Equal(t, "+"+strconv.Itoa(len(scopes)-rest), told[rest])
		for _, scope := range told[:rest] {
			if !slices.Contains(scopes, scope) {
				t.Errorf("%s tells of %s", action, scope)
			}
		}
	}
}

// TestKeysOpenWhatTheirAccountMay follows a key from its making to its end, with another beside it.
func TestKeysOpenWhatTheirAccountMay(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	_, byAdmin := member(h, admin, account.RoleAdmin)
	made, err := h.Tokens.Open(h.Ctx, byAdmin, apitoken.AccountDraft{Name: "directory", Scopes: []string{"users.read"}})
	h.Must(err)
	lasting, first, err := h.Tokens.MakeKey(h.Ctx, byAdmin, made.ID, apitoken.KeyDraft{})
	h.Must(err)
	_, second, err := h.Tokens.MakeKey(h.Ctx, byAdmin, made.ID, apitoken.KeyDraft{ExpiresIn: time.Hour})
	h.Must(err)
	_, _, err = h.Tokens.MakeKey(h.Ctx, byAdmin, made.ID, apitoken.KeyDraft{ExpiresIn: time.Second})
	coretest.Equal(t, core.CodeOutOfRange, core.AsError(err).Fields[0].Code)
	_, _, err = h.Tokens.MakeKey(h.Ctx, byAdmin, made.ID, apitoken.KeyDraft{ExpiresAt: new(time.Time{})})
	coretest.Equal(t, core.CodeOutOfRange, core.AsError(err).Fields[0].Code)

	who, err := h.SignIn.Authenticate(h.Ctx, first.Reveal())
	h.Must(err)
	coretest.Equal(t, core.Principal{
		Means: core.ByService, ServiceID: made.ID, TokenID: lasting.ID, Scopes: []string{"users.read"},
	}, who.Principal)
	if !who.Rights.Set.Has(access.UsersRead) || who.Rights.Set.Has(access.MeRead) || who.Rights.Set.Has(access.UsersWrite) {
		t.Error("other rights than its scopes")
	}
	_, err = h.SignIn.Authenticate(h.Ctx, "dwp_"+first.Reveal()[4:]) // one kind is not taken for the other
	h.Refused(err, token.ErrInvalid)
	fewer := []string{}
	_, err = h.Tokens.Alter(h.Ctx, byAdmin, made.ID, apitoken.AccountChange{Scopes: &fewer})
	h.Must(err)
	who, err = h.SignIn.Authenticate(h.Ctx, first.Reveal())
	h.Must(err)
	if who.Rights.Set.Has(access.UsersRead) {
		t.Error("a scope that was taken still counts")
	}
	h.Later(time.Hour)
	_, err = h.SignIn.Authenticate(h.Ctx, second.Reveal())
	h.Refused(err, token.ErrInvalid)
	_, byAdmin = h.Login(admin), h.Principal(h.Login(admin))
	off := true
	_, err = h.Tokens.Alter(h.Ctx, byAdmin, made.ID, apitoken.AccountChange{Disabled: &off})
	h.Must(err)
	_, err = h.SignIn.Authenticate(h.Ctx, first.Reveal())
	h.Refused(err, token.ErrInvalid)
	keys, err := h.Tokens.ListKeys(h.Ctx, made.ID)
	h.Must(err)
	coretest.Equal(t, 1, len(keys))
	h.Must(h.Tokens.RevokeKey(h.Ctx, byAdmin, made.ID, lasting.ID))
	h.Refused(h.Tokens.RevokeKey(h.Ctx, byAdmin, made.ID, lasting.ID), core.ErrNotFound)
	h.Must(h.Tokens.Close(h.Ctx, byAdmin, made.ID))
	_, err = h.Tokens.ListKeys(h.Ctx, made.ID)
	h.Refused(err, core.ErrNotFound)
	for action, want := range map[audit.Action]int{
		audit.ActionServiceKeyCreate: 2, audit.ActionServiceKeyRevoke: 2, audit.ActionServiceUpdate: 2, audit.ActionServiceDelete: 1,
	} {
		coretest.Equal(t, want, len(events(h, action)))
	}
}

// TestServiceAccountsActForThemselves lets a machine with the permission administer others, as far as it holds what
// they do.
func TestServiceAccountsActForThemselves(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	_, byOwner := member(h, owner, account.RoleOwner)
	made, err := h.Tokens.Open(h.Ctx, byOwner, apitoken.AccountDraft{Name: "deployer", Scopes: []string{"service_accounts.write", "users.read"}})
	h.Must(err)
	_, text, err := h.Tokens.MakeKey(h.Ctx, byOwner, made.ID, apitoken.KeyDraft{})
	h.Must(err)
	who, err := h.SignIn.Authenticate(h.Ctx, text.Reveal())
	h.Must(err)
	_, err = h.Tokens.Open(h.Ctx, who.Principal, apitoken.AccountDraft{Name: "more", Scopes: []string{"users.write"}})
	h.Refused(err, access.ErrExceeds)
	child, err := h.Tokens.Open(h.Ctx, who.Principal, apitoken.AccountDraft{Name: "less", Scopes: []string{"users.read"}})
	h.Must(err)
	coretest.Equal(t, made.ID, child.CreatedBy)
	h.Must(h.Tokens.Close(h.Ctx, who.Principal, made.ID))
	_, err = h.Tokens.Open(h.Ctx, who.Principal, apitoken.AccountDraft{Name: "late"})
	coretest.Equal(t, core.KindUnauthenticated, core.AsError(err).Kind)
}
