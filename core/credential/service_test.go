package credential_test

import (
	"errors"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

const (
	ada   = "ada@example.com"
	fresh = "velvet harbour comet"
)

// forgotten is a member who has asked for a reset, and what came of it.
type forgotten struct {
	*house.House
	member  signin.SignedIn
	receipt verification.Receipt
	letter  mail.Letter
}

func forget(t *testing.T) forgotten {
	t.Helper()
	h := house.Open(t)
	f := forgotten{House: h, member: h.Member(ada, "countess")}
	f.again(ada)
	return f
}

func (f *forgotten) again(identifier string) {
	var err error
	f.receipt, err = f.Password.Forgot(f.Ctx, identifier)
	f.Must(err)
	f.Work()
	f.letter = f.Letter(mail.KindPasswordReset, ada)
}

func (f *forgotten) byCode() credential.ResetRequest {
	return credential.ResetRequest{VerificationID: f.receipt.ID, Code: f.letter.Code, NewPassword: fresh}
}

func (f *forgotten) byLink() credential.ResetRequest {
	return credential.ResetRequest{Token: f.letter.Token, NewPassword: fresh}
}

// proofs are the two ways to permit a reset, and the answer to one that is not good.
var proofs = map[string]struct {
	request func(f *forgotten) credential.ResetRequest
	refusal error
}{
	"code": {(*forgotten).byCode, verification.ErrCode},
	"link": {(*forgotten).byLink, verification.ErrLink},
}

func TestResetByEitherProof(t *testing.T) {
	t.Parallel()
	for name, proof := range proofs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := forget(t)
			f.Alter(f.member.User.ID, func(user *account.User) { user.MustReset, user.EmailVerified = true, false })
			other := f.letter
			f.again("countess")
			f.Must(f.Password.CheckReset(f.Ctx, f.letter.Token))
			f.Must(f.Password.Reset(f.Ctx, proof.request(&f)))

			user := f.User(f.member.User.ID)
			if !user.EmailVerified || user.MustReset || !user.PasswordChangedAt.Equal(f.Clock.Now()) {
				t.Errorf("after the reset: %+v", user)
			}
			if f.Alive(f.member) {
				t.Error("a session has outlived the reset")
			}
			_, err := f.Enter(ada, house.Passphrase)
			f.Refused(err, signin.ErrInvalidCredentials)
			_, err = f.Enter(ada, fresh)
			f.Must(err)

			notice := f.Letter(mail.KindPasswordChanged, ada)
			if notice.IP != "192.0.2.7" || notice.Device != "Firefox" || notice.Code != "" || notice.Token != "" {
				t.Errorf("the notice is %+v", notice)
			}
			f.Refused(f.Password.CheckReset(f.Ctx, f.letter.Token), verification.ErrLink)
			f.Refused(f.Password.CheckReset(f.Ctx, other.Token), verification.ErrLink)
			f.Refused(f.Password.Reset(f.Ctx, f.byCode()), verification.ErrCode)
			f.Refused(f.Password.Reset(f.Ctx, f.byLink()), verification.ErrLink)
		})
	}
}

func TestResetIsAnnounced(t *testing.T) {
	t.Parallel()
	f := forget(t)
	f.Must(f.Password.Reset(f.Ctx, f.byLink()))
	if f.Announced.Of(core.SubjectUser, f.member.User.ID) != 1 ||
		f.Announced.Of(core.SubjectSession, f.member.Session.ID) != 1 {
		t.Error("replicas do not know of the reset")
	}
}

func TestResetHappensOnce(t *testing.T) {
	t.Parallel()
	for name, proof := range proofs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := forget(t)
			request := proof.request(&f)
			house.OneWins(t, f.RaceProofs(20, func(int) error { return f.Password.Reset(f.Ctx, request) }), proof.refusal)
			if got := f.Letters(mail.KindPasswordChanged, ada); got != 1 {
				t.Errorf("%d notices, want 1", got)
			}
		})
	}
}

func TestResetGuessesNeverExceedTheTries(t *testing.T) {
	t.Parallel()
	f := forget(t)
	f.RaceProofs(50, func(int) error {
		request := f.byCode()
		request.Code = house.Wrong(f.letter.Code)
		return f.Password.Reset(f.Ctx, request)
	})
	flow, err := f.Flows.Find(f.Ctx, f.receipt.ID)
	if err != nil || flow.Tries != verification.MaxTries {
		t.Errorf("%d tries counted (%v), want %d", flow.Tries, err, verification.MaxTries)
	}
	f.Refused(f.Password.Reset(f.Ctx, f.byCode()), verification.ErrCode)
	f.Must(f.Password.Reset(f.Ctx, f.byLink()))
}

func TestResetSparesTheProofWhereThePasswordIsBad(t *testing.T) {
	t.Parallel()
	for name, proof := range proofs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := forget(t)
			bad := proof.request(&f)
			for password, code := range map[string]core.Code{
				"short": core.CodeTooShort, "password1": core.CodePasswordCommon,
			} {
				for range verification.MaxTries {
					bad.NewPassword = password
					refusedField(t, f.Password.Reset(f.Ctx, bad), "new_password", code)
				}
			}
			bad.NewPassword = "countess-2026"
			refusedField(t, f.Password.Reset(f.Ctx, bad), "new_password", core.CodePasswordContext)
			f.Must(f.Password.Reset(f.Ctx, proof.request(&f)))
		})
	}
}

func refusedField(t *testing.T, err error, field string, code core.Code) {
	t.Helper()
	var domain *core.Error
	if !errors.As(err, &domain) || len(domain.Fields) != 1 || domain.Fields[0].Field != field || domain.Fields[0].Code != code {
		t.Fatalf("got %v, want %s of %s", err, code, field)
	}
}

func TestResetRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]func(f *forgotten){
		"expired": func(f *forgotten) { f.Later(credential.DefaultResetLinkTTL) },
		"suspended meanwhile": func(f *forgotten) {
			f.Alter(f.member.User.ID, func(user *account.User) { user.Status = account.StatusSuspended })
		},
		"deleted meanwhile": func(f *forgotten) {
			_, err := f.Account.Delete(f.Ctx, f.Principal(f.member))
			f.Must(err)
		},
		"password changed meanwhile": func(f *forgotten) {
			f.Must(f.Password.Change(f.Ctx, f.Principal(f.member), house.Passphrase, "another good phrase"))
		},
	}
	for name, prepare := range cases {
		for kind, proof := range proofs {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				f := forget(t)
				prepare(&f)
				f.Refused(f.Password.Reset(f.Ctx, proof.request(&f)), proof.refusal)
			})
		}
	}
}

func TestResetOfAPurgedAccount(t *testing.T) {
	t.Parallel()
	f := forget(t)
	request := f.byLink()
	f.Alter(f.member.User.ID, func(user *account.User) { user.PurgeAt = f.Clock.Now().Add(-1) })
	f.DB.Expiry("accounts")(f.Clock.Now(), 1, true)
	f.Refused(f.Password.Reset(f.Ctx, request), verification.ErrLink)
}

func TestCodesAreForOnePurpose(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	receipt := h.Register(ada, "")
	letter := h.Letter(mail.KindRegistration, ada)
	h.Refused(h.Password.Reset(h.Ctx, credential.ResetRequest{
		VerificationID: receipt.ID, Code: letter.Code, NewPassword: fresh,
	}), verification.ErrCode)
	h.Refused(h.Password.Reset(h.Ctx, credential.ResetRequest{Token: letter.Token, NewPassword: fresh}), verification.ErrLink)
}

func TestResetIsAllOrNothing(t *testing.T) {
	t.Parallel()
	for name, proof := range proofs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := forget(t)
			f.Post.Fail(true)
			f.Refused(f.Password.Reset(f.Ctx, proof.request(&f)), house.ErrPost)
			f.Post.Fail(false)
			if !f.Alive(f.member) || f.Announced.Of(core.SubjectUser, f.member.User.ID) != 0 {
				t.Error("half a reset was done")
			}
			f.Login(ada)
			f.Must(f.Password.Reset(f.Ctx, proof.request(&f)))
		})
	}
}

func TestForgotAnswersEverybodyAlike(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		alter      func(user *account.User)
		identifier string
		letters    int
	}{
		"by email":      {nil, "ADA@example.com", 1},
		"by username":   {nil, "Countess", 1},
		"unknown":       {nil, "grace@example.com", 0},
		"nonsense":      {nil, "@", 0},
		"deactivated":   {func(u *account.User) { u.Status = account.StatusDeactivated }, ada, 1},
		"unverified":    {func(u *account.User) { u.EmailVerified = false }, ada, 1},
		"no password":   {func(u *account.User) { u.Password = "" }, ada, 1},
		"suspended":     {func(u *account.User) { u.Status = account.StatusSuspended }, ada, 0},
		"deleted":       {func(u *account.User) { u.Status = account.StatusDeleted }, ada, 0},
		"very long":     {nil, string(make([]byte, 100_000)), 0},
		"only its name": {nil, "ada", 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := house.Open(t)
			member := h.Member(ada, "countess")
			if c.alter != nil {
				h.Alter(member.User.ID, c.alter)
			}
			receipt, err := h.Password.Forgot(h.Ctx, c.identifier)
			h.Must(err)
			h.Work()
			want := verification.Receipt{
				ID: receipt.ID, Channel: verification.ChannelEmail, ExpiresAt: h.Clock.Now().Add(verification.CodeTTL),
			}
			if receipt != want {
				t.Errorf("receipt %+v, want %+v", receipt, want)
			}
			if got := h.Letters(mail.KindPasswordReset, ada); got != c.letters {
				t.Errorf("%d letters, want %d", got, c.letters)
			}
			for range verification.MaxTries + 1 {
				h.Refused(h.Password.Reset(h.Ctx, credential.ResetRequest{
					VerificationID: receipt.ID, Code: "wrong", NewPassword: fresh,
				}), verification.ErrCode)
			}
			flow, err := h.Flows.Find(h.Ctx, receipt.ID)
			if err != nil || flow.Tries != verification.MaxTries || !flow.ExpiresAt.Equal(receipt.ExpiresAt) {
				t.Errorf("the flow is %+v, %v", flow, err)
			}
		})
	}
}

func TestForgotTellsWhereItCameFrom(t *testing.T) {
	t.Parallel()
	f := forget(t)
	if f.letter.IP != "192.0.2.7" || f.letter.Device != "Firefox" || f.letter.Name != "Ada" {
		t.Errorf("the letter is %+v", f.letter)
	}
	if !f.letter.ExpiresAt.Equal(f.receipt.ExpiresAt) ||
		!f.letter.LinkExpiresAt.Equal(f.Clock.Now().Add(credential.DefaultResetLinkTTL)) {
		t.Errorf("the letter speaks of %v and %v", f.letter.ExpiresAt, f.letter.LinkExpiresAt)
	}
}

func TestChange(t *testing.T) {
	t.Parallel()
	f := forget(t)
	other := f.Login(ada)
	f.Must(f.Password.Change(f.Ctx, f.Principal(f.member), house.Passphrase, fresh))
	if !f.Alive(f.member) || f.Alive(other) {
		t.Error("a change ends the other sessions and keeps its own")
	}
	f.Refused(f.Password.CheckReset(f.Ctx, f.letter.Token), verification.ErrLink)
	f.Letter(mail.KindPasswordChanged, ada)
	_, err := f.Enter(ada, house.Passphrase)
	f.Refused(err, signin.ErrInvalidCredentials)
	_, err = f.Enter(ada, fresh)
	f.Must(err)
}

func TestChangeRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		current, fresh, field string
		code                  core.Code
	}{
		"wrong current": {"wrong", fresh, "current_password", core.CodeInvalidCredentials},
		"bad fresh":     {house.Passphrase, "short", "new_password", core.CodeTooShort},
		"of the person": {house.Passphrase, "countess-2026", "new_password", core.CodePasswordContext},
		"unchanged":     {house.Passphrase, house.Passphrase, "new_password", core.CodePasswordSame},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := house.Open(t)
			caller := h.Principal(h.Member(ada, "countess"))
			refusedField(t, h.Password.Change(h.Ctx, caller, c.current, c.fresh), c.field, c.code)
			h.Login(ada)
		})
	}
}

// TestChangeIsNoOracle keeps a thief who has a session from guessing the password there: the tries are those of a proof
// anew, and a lock answers as a wrong password does.
func TestChangeIsNoOracle(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	stolen := h.Principal(h.Member(ada, ""))
	own := h.Principal(h.Login(ada))
	wrong := func(current string) {
		t.Helper()
		refusedField(t, h.Password.Change(h.Ctx, stolen, current, fresh), "current_password", core.CodeInvalidCredentials)
	}
	for range lockout.DefaultTries {
		wrong("wrong")
	}
	wrong(house.Passphrase)
	_, err := h.SignIn.Reauthenticate(h.Ctx, stolen, signin.Confirmation{Password: house.Passphrase})
	h.Refused(err, signin.ErrInvalidCredentials)
	h.Must(h.Password.Change(h.Ctx, own, house.Passphrase, fresh)) // tries of its own
}

func TestChangeWithoutAPassword(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	member := h.Member(ada, "")
	h.Alter(member.User.ID, func(user *account.User) { user.Password = "" })
	h.Refused(h.Password.Change(h.Ctx, h.Principal(member), "", fresh), credential.ErrNotSet)
}

func TestChangeRaceHasOneWinner(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	caller := h.Principal(h.Member(ada, ""))
	h.Later(1)
	arrived := make(chan struct{}, lockout.DefaultTries) // as many as may compare at once
	release := make(chan struct{})
	h.Hasher.Between = func() { // everybody has compared before anybody writes
		arrived <- struct{}{}
		if len(arrived) == cap(arrived) {
			close(release)
		}
		<-release
	}
	errs := house.Race(t, lockout.DefaultTries, func(int) error { return h.Password.Change(h.Ctx, caller, house.Passphrase, fresh) })
	h.Hasher.Between = nil
	house.OneWins(t, errs, core.ErrConflict)
}

func TestOverloadIsPassedOn(t *testing.T) {
	t.Parallel()
	f := forget(t)
	caller := f.Principal(f.member)
	f.Hasher.Err = core.NewError(core.KindUnavailable, core.CodeOverloaded, "full")
	f.Refused(f.Password.Change(f.Ctx, caller, house.Passphrase, fresh), f.Hasher.Err)
	f.Refused(f.Password.Reset(f.Ctx, f.byLink()), f.Hasher.Err)
	f.Hasher.Err, f.Hasher.HashErr = nil, f.Hasher.Err
	f.Refused(f.Password.Change(f.Ctx, caller, house.Passphrase, fresh), f.Hasher.HashErr)
	f.Hasher.HashErr = nil
	f.Must(f.Password.Reset(f.Ctx, f.byLink()))
	f.Refused(f.Password.Change(f.Ctx, core.Principal{UserID: f.IDs.New()}, house.Passphrase, fresh), core.ErrNotFound)
}
