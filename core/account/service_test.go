package account_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

const (
	ada   = "ada@example.com"
	grace = "grace@example.com"
)

// member is a signed-in person in a house of their own.
type member struct {
	*house.House
	signedIn signin.SignedIn
	id       core.ID
	caller   core.Principal
}

func join(t *testing.T) member {
	t.Helper()
	h := house.Open(t)
	return as(h, h.Member(ada, "countess"))
}

func as(h *house.House, signedIn signin.SignedIn) member {
	return member{House: h, signedIn: signedIn, id: signedIn.User.ID, caller: h.Principal(signedIn)}
}

// stale is the caller as they are when their last proof of identity is old.
func (m member) stale() core.Principal {
	caller := m.caller
	caller.AuthTime = m.Clock.Now().Add(-account.DefaultRecentWindow - 1)
	return caller
}

func errRecent() error { return core.NewError(core.KindForbidden, core.CodeReauthentication, "") }

func TestUpdateProfile(t *testing.T) {
	t.Parallel()
	text := func(text string) *string { return &text }
	cases := map[string]struct {
		change account.ProfileChange
		want   func(user *account.User)
	}{
		"nothing":  {account.ProfileChange{}, func(*account.User) {}},
		"the same": {account.ProfileChange{Name: text("Ada"), Username: text("countess")}, func(*account.User) {}},
		"some": {
			account.ProfileChange{Name: text(" Grace "), Locale: text("de-de"), Bio: text("Hello")},
			func(u *account.User) { u.Profile.Name, u.Profile.Locale, u.Profile.Bio = "Grace", "de-DE", "Hello" },
		},
		"others": {
			account.ProfileChange{ImageURL: text("https://example.com/a.png"), Phone: text("+15555550100")},
			func(u *account.User) {
				u.Profile.ImageURL, u.Profile.Phone = "https://example.com/a.png", "+15555550100"
			},
		},
		"username": {
			account.ProfileChange{Username: text("Grace.H")},
			func(u *account.User) { u.Username, u.UsernameKey = "Grace.H", "grace.h" },
		},
		"no username": {
			account.ProfileChange{Username: text("")},
			func(u *account.User) { u.Username, u.UsernameKey = "", "" },
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := join(t)
			want := m.User(m.id)
			m.Later(time.Minute)
			c.want(&want)
			if want.Rev++; name != "nothing" && name != "the same" {
				want.UpdatedAt = m.Clock.Now()
			}
			got, err := m.Account.UpdateProfile(m.Ctx, m.caller, c.change)
			m.Must(err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("answered (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, m.User(m.id)); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
			if m.Announced.Of(core.SubjectUser, m.id) != 1 {
				t.Error("the change was not announced")
			}
		})
	}
}

func TestUpdateProfileRefuses(t *testing.T) {
	t.Parallel()
	m := join(t)
	as(m.House, m.Member(grace, "grace"))
	before := m.User(m.id)
	bad := func(text string) *string { return &text }
	_, err := m.Account.UpdateProfile(m.Ctx, m.caller, account.ProfileChange{
		Name: bad(""), Username: bad("x"), ImageURL: bad("http://example.com"), Locale: bad("?"), Phone: bad("1"),
	})
	fields := map[string]core.Code{}
	for _, field := range core.AsError(err).Fields {
		fields[field.Field] = field.Code
	}
	want := map[string]core.Code{
		"name": core.CodeRequired, "username": core.CodeTooShort, "image_url": core.CodeInvalidFormat,
		"locale": core.CodeInvalidFormat, "phone": core.CodeInvalidFormat,
	}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	_, err = m.Account.UpdateProfile(m.Ctx, m.caller, account.ProfileChange{Username: bad("GRACE")})
	m.Refused(err, account.ErrUsernameTaken)
	if diff := cmp.Diff(before, m.User(m.id)); diff != "" {
		t.Errorf("a refused update changed (-want +got):\n%s", diff)
	}
}

func TestUsernameRace(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	callers := make([]core.Principal, 20)
	for i := range callers {
		callers[i] = h.Principal(h.Member(string(rune('a'+i))+"@example.com", ""))
	}
	wanted := "countess"
	house.OneWins(t, house.Race(t, len(callers), func(i int) error {
		_, err := h.Account.UpdateProfile(h.Ctx, callers[i], account.ProfileChange{Username: &wanted})
		return err
	}), account.ErrUsernameTaken)
}

func TestDeactivate(t *testing.T) {
	t.Parallel()
	m := join(t)
	other := m.Login(ada)
	m.Must(m.Account.Deactivate(m.Ctx, m.stale()))
	if m.Alive(m.signedIn) || m.Alive(other) || m.User(m.id).Status != account.StatusDeactivated {
		t.Error("a deactivated account is still in use")
	}
	m.Letter(mail.KindDeactivated, ada)
	if m.Announced.Of(core.SubjectSession, other.Session.ID) != 1 || m.Announced.Of(core.SubjectUser, m.id) != 1 {
		t.Error("replicas do not know of it")
	}
	m.Refused(m.Account.Deactivate(m.Ctx, m.caller), core.ErrConflict)
}

func TestDeleteAndRestore(t *testing.T) {
	t.Parallel()
	m := join(t)
	_, err := m.Account.Delete(m.Ctx, m.stale())
	m.Refused(err, errRecent())
	if factors := core.AsError(err).Factors; len(factors) != 1 || factors[0] != account.WayPassword {
		t.Errorf("what would do is %v", factors)
	}

	deleted, err := m.Account.Delete(m.Ctx, m.caller)
	m.Must(err)
	if !deleted.PurgeAt.Equal(m.Clock.Now().Add(account.DefaultDeletionGrace)) || deleted.Status != account.StatusDeleted {
		t.Errorf("deleted %+v", deleted)
	}
	if m.Alive(m.signedIn) || m.Announced.Of(core.SubjectUser, m.id) != 1 {
		t.Error("a deleted account is still in use")
	}
	_, err = m.Enter(ada, house.Passphrase)
	m.Refused(err, signin.ErrInvalidCredentials)
	_, err = m.SignIn.Register(m.Ctx, signin.Registration{
		Email: grace, Username: "countess", Password: house.Passphrase, Profile: account.Profile{Name: "Grace"},
	})
	m.Refused(err, account.ErrUsernameTaken)

	letter := m.Letter(mail.KindDeleted, ada)
	if !letter.LinkExpiresAt.Equal(deleted.PurgeAt) {
		t.Errorf("the link is good until %v, the account until %v", letter.LinkExpiresAt, deleted.PurgeAt)
	}
	m.Later(account.DefaultDeletionGrace - 1)
	m.Must(m.Account.Restore(m.Ctx, letter.Token))
	restored := m.User(m.id)
	if restored.Status != account.StatusActive || !restored.DeletedAt.IsZero() || !restored.PurgeAt.IsZero() {
		t.Errorf("restored %+v", restored)
	}
	m.Letter(mail.KindRestored, ada)
	m.Login("countess")
	m.Refused(m.Account.Restore(m.Ctx, letter.Token), verification.ErrLink)
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]func(m member, token string) string{
		"nonsense":        func(member, string) string { return "nonsense" },
		"after the grace": func(m member, token string) string { m.Later(account.DefaultDeletionGrace); return token },
		"suspended meanwhile": func(m member, token string) string {
			m.Alter(m.id, func(user *account.User) { user.Status = account.StatusSuspended })
			return token
		},
		"purge brought forward": func(m member, token string) string {
			m.Alter(m.id, func(user *account.User) { user.PurgeAt = m.Clock.Now() })
			return token
		},
		"purged": func(m member, token string) string {
			m.DB.Expiry("accounts")(m.Clock.Now().Add(account.DefaultDeletionGrace+1), 1, true)
			return token
		},
		"link of an earlier deletion": func(m member, token string) string {
			m.Must(m.Account.Restore(m.Ctx, token))
			again := as(m.House, m.Login(ada))
			_, err := m.Account.Delete(m.Ctx, again.caller)
			m.Must(err)
			return token
		},
	}
	for name, prepare := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := join(t)
			_, err := m.Account.Delete(m.Ctx, m.caller)
			m.Must(err)
			token := prepare(m, m.Letter(mail.KindDeleted, ada).Token)
			m.Refused(m.Account.Restore(m.Ctx, token), verification.ErrLink)
		})
	}
}

// A reset that was asked for before the deletion is not good again after it was taken back.
func TestDeletionKillsCodesAndLinks(t *testing.T) {
	t.Parallel()
	m := join(t)
	_, err := m.Password.Forgot(m.Ctx, ada)
	m.Must(err)
	m.Work()
	_, err = m.Account.Delete(m.Ctx, m.caller)
	m.Must(err)
	m.Must(m.Account.Restore(m.Ctx, m.Letter(mail.KindDeleted, ada).Token))
	m.Refused(m.Password.CheckReset(m.Ctx, m.Letter(mail.KindPasswordReset, ada).Token), verification.ErrLink)
}

func TestRestoreHappensOnce(t *testing.T) {
	t.Parallel()
	m := join(t)
	_, err := m.Account.Delete(m.Ctx, m.caller)
	m.Must(err)
	token := m.Letter(mail.KindDeleted, ada).Token
	house.OneWins(t, m.RaceProofs(20, func(int) error { return m.Account.Restore(m.Ctx, token) }), verification.ErrLink)
	if got := m.Letters(mail.KindRestored, ada); got != 1 {
		t.Errorf("%d letters, want 1", got)
	}
}

func TestDeleteHappensOnce(t *testing.T) {
	t.Parallel()
	m := join(t)
	house.OneWins(t, house.Race(t, 20, func(int) error {
		_, err := m.Account.Delete(m.Ctx, m.caller)
		return err
	}), core.ErrConflict)
	if got := m.Letters(mail.KindDeleted, ada); got != 1 {
		t.Errorf("%d letters, want 1", got)
	}
}

func TestDeletionIsAllOrNothing(t *testing.T) {
	t.Parallel()
	m := join(t)
	m.Post.Fail(true)
	_, err := m.Account.Delete(m.Ctx, m.caller)
	m.Refused(err, house.ErrPost)
	m.Refused(m.Account.Deactivate(m.Ctx, m.caller), house.ErrPost)
	if !m.Alive(m.signedIn) || m.User(m.id).Status != account.StatusActive || m.Announced.Of(core.SubjectUser, m.id) != 0 {
		t.Error("half of it was done")
	}
}

// owner opens an account that owns the deployment.
func owner(h *house.House, email string) member {
	user := account.User{
		ID: h.IDs.New(), Email: email, EmailKey: email, EmailVerified: true, Status: account.StatusActive,
		Roles: []string{account.RoleOwner}, CreatedAt: h.Clock.Now(), Rev: 1,
	}
	h.Must(h.Users.Create(h.Ctx, user))
	opened, err := h.Sessions.Start(h.Ctx, user, session.Arrival{Factors: []string{account.FactorPassword}})
	h.Must(err)
	caller, _, _, err := h.Sessions.Authenticate(h.Ctx, opened.ID, user.ID, time.Time{})
	h.Must(err)
	return member{House: h, id: user.ID, caller: caller}
}

func TestTheLastOwnerStays(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	first := owner(h, "first@example.com")
	_, err := h.Account.Delete(h.Ctx, first.caller)
	h.Refused(err, account.ErrLastOwner)
	h.Refused(h.Account.Deactivate(h.Ctx, first.caller), account.ErrLastOwner)

	second := owner(h, "second@example.com")
	h.Must(h.Account.Deactivate(h.Ctx, second.caller))
	_, err = h.Account.Delete(h.Ctx, first.caller)
	h.Refused(err, account.ErrLastOwner)
	h.Refused(h.Account.Deactivate(h.Ctx, first.caller), account.ErrLastOwner)
	if h.User(first.id).Status != account.StatusActive {
		t.Error("nobody owns the deployment")
	}
}

func TestTwoOwnersLeaveAtOnce(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	owners := []member{owner(h, "first@example.com"), owner(h, "second@example.com")}
	house.OneWins(t, house.Race(t, len(owners), func(i int) error {
		_, err := h.Account.Delete(h.Ctx, owners[i].caller)
		return err
	}), account.ErrLastOwner)
}

// TestOwnersLeaveAtOnce has owners leave by each way that is theirs, and by all of them together: one stays.
func TestOwnersLeaveAtOnce(t *testing.T) {
	t.Parallel()
	for name, ways := range map[string][]string{
		"deleted": {"delete"}, "deactivated": {"deactivate"}, "either": {"delete", "deactivate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := house.Open(t)
			owners := make([]member, 20)
			for i := range owners {
				owners[i] = owner(h, string(rune('a'+i))+"@example.com")
			}
			stay := 0
			for _, err := range house.Race(t, len(owners), func(i int) error {
				if ways[i%len(ways)] == "deactivate" {
					return h.Account.Deactivate(h.Ctx, owners[i].caller)
				}
				_, err := h.Account.Delete(h.Ctx, owners[i].caller)
				return err
			}) {
				if err != nil {
					h.Refused(err, account.ErrLastOwner)
					stay++
				}
			}
			if stay != 1 {
				t.Errorf("%d owners stay, want one", stay)
			}
		})
	}
}

// rivals is a store where somebody else always writes first, the first few times.
type rivals struct {
	account.Store
	left int
}

func (r *rivals) Save(ctx context.Context, user account.User) (core.Change, error) {
	if r.left--; r.left >= 0 {
		return core.Change{}, core.ErrConflict
	}
	return r.Store.Save(ctx, user)
}

func TestEditReadsAgain(t *testing.T) {
	t.Parallel()
	for conflicts, want := range []error{nil, nil, nil, nil, nil, core.ErrConflict} {
		m := join(t)
		runs := 0
		user, saved, err := account.Edit(m.Ctx, &rivals{m.Users, conflicts}, m.id, func(user *account.User) error {
			runs++
			user.Profile.Name = "Grace"
			return nil
		})
		m.Refused(err, want)
		if runs != min(conflicts, 4)+1 {
			t.Errorf("%d conflicts: changed %d times", conflicts, runs)
		}
		if err == nil && (saved.Rev != user.Rev || m.User(m.id).Rev != user.Rev) {
			t.Errorf("Rev %d announced, %d answered", saved.Rev, user.Rev)
		}
	}
	m := join(t)
	_, _, err := account.Edit(m.Ctx, m.Users, m.IDs.New(), func(*account.User) error { return nil })
	m.Refused(err, core.ErrNotFound)
}

func TestEditsAtOnceAllCount(t *testing.T) {
	t.Parallel()
	m := join(t)
	before := m.User(m.id).Rev
	won := int64(0)
	for _, err := range house.Race(t, 20, func(int) error {
		_, _, err := account.Edit(m.Ctx, m.Users, m.id, func(user *account.User) error {
			user.Profile.Bio += "x"
			return nil
		})
		return err
	}) {
		if err == nil {
			won++
		} else if !errors.Is(err, core.ErrConflict) {
			t.Error(err)
		}
	}
	after := m.User(m.id)
	if after.Rev != before+won || int64(len(after.Profile.Bio)) != won {
		t.Errorf("%d edits succeeded, the Rev rose by %d, the bio has %d", won, after.Rev-before, len(after.Profile.Bio))
	}
}
