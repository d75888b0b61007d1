package mfa_test

import (
	"context"
	"encoding/base32"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

const ada = "ada@example.com"

// member is a signed-in person in a house of their own.
type member struct {
	*house.House
	signedIn signin.SignedIn
	caller   core.Principal
}

func join(t *testing.T) member { t.Helper(); return joinWith(t, mfa.Config{}) }

func joinWith(t *testing.T, config mfa.Config) member {
	t.Helper()
	h := house.OpenFactors(t, signin.Config{RequireVerification: true}, config)
	signedIn := h.Member(ada, "")
	return member{h, signedIn, h.Principal(signedIn)}
}

// by is the caller after a proof by the app.
func (m member) by(app *house.Authenticator) core.Principal {
	signedIn, err := m.SignIn.Reauthenticate(m.Ctx, m.caller, signin.Confirmation{Factor: mfa.KindTOTP, Code: app.Code()})
	m.Must(err)
	return m.Principal(signedIn)
}

func (m member) events(action audit.Action) (count int) {
	for _, event := range m.Log.All() {
		if event.Action == action {
			count++
		}
	}
	return count
}

func TestEnrolAnApp(t *testing.T) {
	t.Parallel()
	m := join(t)
	begun, err := m.Factors.BeginTOTP(m.Ctx, m.caller, "  Phone  ")
	m.Must(err)
	if !strings.Contains(begun.URI, "secret="+begun.Secret) || string(begun.PNG) != begun.URI || begun.SVG != begun.URI {
		t.Errorf("begun as %+v", begun)
	}
	coretest.Equal(t, m.Clock.Now().Add(mfa.PendingTTL), begun.ExpiresAt)
	held, err := m.Factors.Factors(m.Ctx, m.caller)
	m.Must(err)
	coretest.Equal(t, mfa.List{}, held)
	stored, err := m.FactorRows.List(m.Ctx, m.caller.UserID)
	m.Must(err)
	if strings.Contains(string(stored[0].Sealed), begun.Secret) {
		t.Error("the seed can be read in the store")
	}
	m.Login(ada) // nothing is asked for yet

	rev := m.User(m.caller.UserID).Rev
	app := m.Enrol(m.caller)
	coretest.Equal(t, mfa.RecoveryCodeCount, len(app.RecoveryCodes))
	held, err = m.Factors.Factors(m.Ctx, m.caller)
	m.Must(err)
	coretest.Equal(t, mfa.RecoveryCodeCount, held.RecoveryCodesLeft)
	coretest.Equal(t, 1, len(held.Factors))
	coretest.Equal(t, app.Factor.ID, held.Factors[0].ID)
	coretest.Equal(t, "totp", m.Letter(mail.KindFactorAdded, ada).Factor)
	coretest.Equal(t, 1, m.events(audit.ActionFactorAdd))
	user := m.User(m.caller.UserID)
	if !slices.Equal(user.Protection.SecondFactors, []string{"totp"}) || user.Rev <= rev {
		t.Errorf("protected by %v at %d", user.Protection.SecondFactors, user.Rev)
	}
	_, err = m.Factors.ConfirmTOTP(m.Ctx, m.by(app), begun.ID, "000000") // dropped by the second beginning
	m.Refused(err, verification.ErrCode)
	if second := m.Enrol(m.by(app)); len(second.RecoveryCodes) != 0 {
		t.Error("the second factor brought recovery codes")
	}
}

func TestEnrolmentRefuses(t *testing.T) {
	t.Parallel()
	m := join(t)
	for _, label := range []string{strings.Repeat("x", 101), strings.Repeat("x", 1000), "a\nb", "\xff"} {
		_, err := m.Factors.BeginTOTP(m.Ctx, m.caller, label)
		coretest.Equal(t, core.CodeInvalidInput, core.AsError(err).Code)
	}
	begun, err := m.Factors.BeginTOTP(m.Ctx, m.caller, strings.Repeat("ü", 100))
	m.Must(err)
	for _, code := range []string{"", "000000", "1234567"} {
		_, err = m.Factors.ConfirmTOTP(m.Ctx, m.caller, begun.ID, code)
		m.Refused(err, verification.ErrCode)
	}
	other := m.Principal(m.Member("grace@example.com", ""))
	_, err = m.Factors.ConfirmTOTP(m.Ctx, other, begun.ID, "000000")
	m.Refused(err, verification.ErrCode)
	stale := m.caller
	stale.AuthTime = m.Clock.Now().Add(-account.DefaultRecentWindow - 1)
	for name, act := range m.acts(stale) {
		if err := act(); core.AsError(err).Code != core.CodeReauthentication || !slices.Equal(core.AsError(err).Factors, []string{"password"}) {
			t.Errorf("%s without a recent proof: %v", name, err)
		}
	}
}

// acts are all that changes factors, and the list.
func (m member) acts(caller core.Principal) map[string]func() error {
	return map[string]func() error{
		"begin an app":   func() error { _, err := m.Factors.BeginTOTP(m.Ctx, caller, ""); return err },
		"confirm an app": func() error { _, err := m.Factors.ConfirmTOTP(m.Ctx, caller, m.IDs.New(), ""); return err },
		"begin email":    func() error { _, err := m.Factors.BeginEmail(m.Ctx, caller); return err },
		"confirm email":  func() error { _, err := m.Factors.ConfirmEmail(m.Ctx, caller, m.IDs.New(), ""); return err },
		"remove":         func() error { return m.Factors.Remove(m.Ctx, caller, m.IDs.New()) },
		"recovery codes": func() error { _, err := m.Factors.MakeRecoveryCodes(m.Ctx, caller); return err },
	}
}

// Where there is a strong factor, a recent password does not suffice for any change of factors.
func TestChangesWantAStrongProof(t *testing.T) {
	t.Parallel()
	m := join(t)
	app := m.Enrol(m.caller)
	signedIn, err := m.SignIn.Reauthenticate(m.Ctx, m.caller, signin.Confirmation{Password: house.Passphrase})
	m.Must(err)
	for name, act := range m.acts(m.Principal(signedIn)) {
		err := act()
		if core.AsError(err).Code != core.CodeReauthentication ||
			!slices.Equal(core.AsError(err).Factors, []string{"totp", "recovery_code"}) {
			t.Errorf("%s by a password: %v, %v", name, err, core.AsError(err).Factors)
		}
	}
	strong := m.by(app)
	for name, act := range m.acts(strong) {
		if err := act(); core.AsError(err).Code == core.CodeReauthentication {
			t.Errorf("%s by a second factor: %v", name, err)
		}
	}
	_, err = m.Factors.Factors(m.Ctx, m.Principal(signedIn))
	m.Must(err) // to look needs a recent proof alone
}

func TestEnrolTheMailbox(t *testing.T) {
	t.Parallel()
	m := join(t)
	enrolled := m.EnrolEmail(m.caller)
	coretest.Equal(t, mfa.KindEmail, enrolled.Factor.Kind)
	coretest.Equal(t, mfa.Weak, enrolled.Factor.Kind.Strength())
	coretest.Equal(t, mfa.RecoveryCodeCount, len(enrolled.RecoveryCodes))
	_, err := m.Factors.BeginEmail(m.Ctx, m.caller)
	m.Refused(err, mfa.ErrFactorExists)

	off := joinWith(t, mfa.Config{RefuseEmail: true})
	_, err = off.Factors.BeginEmail(off.Ctx, off.caller)
	off.Refused(err, mfa.ErrEmailOff)
	_, err = off.Factors.ConfirmEmail(off.Ctx, off.caller, off.IDs.New(), "000000")
	off.Refused(err, mfa.ErrEmailOff)
	off.Alter(off.caller.UserID, func(user *account.User) { user.EmailVerified = false })
	on := join(t)
	on.Alter(on.caller.UserID, func(user *account.User) { user.EmailVerified = false })
	_, err = on.Factors.BeginEmail(on.Ctx, on.caller)
	on.Refused(err, mfa.ErrUnproven)
}

func TestTheMailboxIsProvenByItsOwnCode(t *testing.T) {
	t.Parallel()
	m := join(t)
	receipt, err := m.Factors.BeginEmail(m.Ctx, m.caller)
	m.Must(err)
	code := m.Letter(mail.KindFactorEmail, ada).Code
	other := m.Principal(m.Member("grace@example.com", ""))
	_, err = m.Factors.ConfirmEmail(m.Ctx, other, receipt.ID, code)
	m.Refused(err, verification.ErrCode)
	_, err = m.Factors.ConfirmEmail(m.Ctx, m.caller, receipt.ID, house.Wrong(code))
	m.Refused(err, verification.ErrCode)
	errs := m.RaceProofs(4, func(int) error {
		_, err := m.Factors.ConfirmEmail(m.Ctx, m.caller, receipt.ID, code)
		return err
	})
	house.OneWins(t, errs, verification.ErrCode)
}

// The code of an enrolment dies with the address that it was sent to.
func TestTheMailboxChangesMeanwhile(t *testing.T) {
	t.Parallel()
	m := join(t)
	receipt, err := m.Factors.BeginEmail(m.Ctx, m.caller)
	m.Must(err)
	code := m.Letter(mail.KindFactorEmail, ada).Code
	m.moveTo("lovelace@example.com")
	_, err = m.Factors.ConfirmEmail(m.Ctx, m.caller, receipt.ID, code)
	m.Refused(err, verification.ErrCode)
}

func (m member) moveTo(address string) {
	receipt, err := m.Account.RequestEmailChange(m.Ctx, m.caller, address)
	m.Must(err)
	m.Work()
	_, err = m.Account.ConfirmEmailChange(m.Ctx, m.caller, receipt.ID, m.Letter(mail.KindEmailChange, address).Code)
	m.Must(err)
}

// A change of address takes codes by email along: the new mailbox was proven for it.
func TestCodesByEmailMoveWithTheAddress(t *testing.T) {
	t.Parallel()
	m := join(t)
	m.EnrolEmail(m.caller)
	waiting := m.Challenged(ada, "")
	m.moveTo("lovelace@example.com")
	m.Must(m.SignIn.SendSecondFactor(m.Ctx, waiting.ID, mfa.KindEmail))
	m.Work()
	coretest.Equal(t, 0, m.Letters(mail.KindSecondFactorCode, ada)+m.Letters(mail.KindSecondFactorCode, "lovelace@example.com"))
	challenge := m.Challenged("lovelace@example.com", "")
	m.Must(m.SignIn.SendSecondFactor(m.Ctx, challenge.ID, mfa.KindEmail))
	m.Work()
	_, err := m.Finish(challenge, mfa.KindEmail, m.Letter(mail.KindSecondFactorCode, "lovelace@example.com").Code)
	m.Must(err)
}

// Taking a change of address back drops the factors that were added since, and the recovery codes.
func TestUndoOfAChangeOfAddress(t *testing.T) {
	t.Parallel()
	m := join(t)
	m.EnrolEmail(m.caller)
	m.Later(time.Minute)
	m.moveTo("lovelace@example.com")
	m.Later(time.Minute)
	m.Enrol(m.caller)
	m.Must(m.Account.UndoEmailChange(m.Ctx, m.Letter(mail.KindEmailChanged, ada).Token))
	coretest.Equal(t, []string{"email"}, m.User(m.caller.UserID).Protection.SecondFactors)
	codes, err := m.CodeRows.List(m.Ctx, m.caller.UserID)
	m.Must(err)
	coretest.Equal(t, 0, len(codes))
}

func TestRemove(t *testing.T) {
	t.Parallel()
	m := join(t)
	app := m.Enrol(m.caller)
	caller := m.by(app)
	other, err := m.Finish(m.Challenged(ada, ""), mfa.KindTOTP, app.Code())
	m.Must(err)
	m.Refused(m.Factors.Remove(m.Ctx, caller, m.IDs.New()), core.ErrNotFound)
	begun, err := m.Factors.BeginTOTP(m.Ctx, caller, "")
	m.Must(err)
	m.Must(m.Factors.Remove(m.Ctx, caller, begun.ID)) // one that is pending goes without a word
	coretest.Equal(t, 0, m.Letters(mail.KindFactorRemoved, ada))

	m.Must(m.Factors.Remove(m.Ctx, caller, app.Factor.ID))
	coretest.Equal(t, "totp", m.Letter(mail.KindFactorRemoved, ada).Factor)
	coretest.Equal(t, 1, m.events(audit.ActionFactorRemove))
	if m.Alive(other) || !m.Alive(m.signedIn) {
		t.Error("of the sessions, the one that calls should live alone")
	}
	held, err := m.Factors.Factors(m.Ctx, caller)
	m.Must(err)
	coretest.Equal(t, mfa.List{}, held)
	m.Login(ada)
}

// Knowing the id of another's factor or half-finished enrolment is of no use (OWASP ASVS 5.0 8.2.2).
func TestFactorsOfOthersAreOutOfReach(t *testing.T) {
	t.Parallel()
	m := join(t)
	app := m.Enrol(m.caller)
	begun, err := m.Factors.BeginTOTP(m.Ctx, m.by(app), "second")
	m.Must(err)
	mallory := m.Principal(m.Member("mallory@example.com", "mallory"))
	for _, id := range []core.ID{app.Factor.ID, begun.ID} {
		m.Refused(m.Factors.Remove(m.Ctx, mallory, id), core.ErrNotFound)
	}
	_, err = m.Factors.ConfirmTOTP(m.Ctx, mallory, begun.ID, app.Code())
	m.Refused(err, verification.ErrCode)
	held, err := m.Factors.Factors(m.Ctx, mallory)
	m.Must(err)
	coretest.Equal(t, mfa.List{}, held)
}

func TestOneRemovalWins(t *testing.T) {
	t.Parallel()
	m := join(t)
	app := m.Enrol(m.caller)
	caller := m.by(app)
	errs := house.Race(t, 20, func(int) error { return m.Factors.Remove(m.Ctx, caller, app.Factor.ID) })
	house.OneWins(t, errs, core.ErrNotFound)
	coretest.Equal(t, 1, m.Letters(mail.KindFactorRemoved, ada))
}

// Of many confirmations of one enrolment one wins, and of several first factors one brings the recovery codes.
func TestOneEnrolmentWins(t *testing.T) {
	t.Parallel()
	m := join(t)
	m.EnrolEmail(m.caller)
	begun, err := m.Factors.BeginTOTP(m.Ctx, m.caller, "")
	m.Must(err)
	seed := begun.Secret
	errs := house.Race(t, 20, func(int) error {
		_, err := m.Factors.ConfirmTOTP(m.Ctx, m.caller, begun.ID, shown(m, seed))
		if core.AsError(err).Code == core.CodeReauthentication {
			return verification.ErrCode // the winner has made the account a strong one
		}
		return err
	})
	house.OneWins(t, errs, verification.ErrCode)
}

func TestRecoveryCodesAreReplaced(t *testing.T) {
	t.Parallel()
	m := join(t)
	_, err := m.Factors.MakeRecoveryCodes(m.Ctx, m.caller)
	m.Refused(err, mfa.ErrNoFactor)
	old := m.Enrol(m.caller)
	caller := m.by(old)
	fresh, err := m.Factors.MakeRecoveryCodes(m.Ctx, caller)
	m.Must(err)
	coretest.Equal(t, 1, m.Letters(mail.KindRecoveryCodesMade, ada))
	_, err = m.Finish(m.Challenged(ada, ""), mfa.KindRecoveryCode, old.RecoveryCodes[0])
	m.Refused(err, verification.ErrCode)
	_, err = m.Finish(m.Challenged(ada, ""), mfa.KindRecoveryCode, strings.ToLower(strings.ReplaceAll(fresh[0], "-", " ")))
	m.Must(err)
}

// Where codes by email are switched off, an account that has nothing else is not let in by its password alone.
func TestCodesByEmailSwitchedOff(t *testing.T) {
	t.Parallel()
	m := join(t)
	enrolled := m.EnrolEmail(m.caller)
	off := mfa.NewService(mfa.Deps{Clock: m.Clock}, mfa.Config{RefuseEmail: true, RequireAll: true})
	user := m.User(m.caller.UserID)
	coretest.Equal(t, []mfa.Kind{mfa.KindRecoveryCode}, off.Offered(user))
	coretest.Equal(t, true, off.Unasked(user, time.Time{}))
	coretest.Equal(t, []mfa.Kind{mfa.KindEmail, mfa.KindRecoveryCode}, m.Factors.Offered(user))
	_, err := m.Finish(m.Challenged(ada, ""), mfa.KindRecoveryCode, enrolled.RecoveryCodes[0])
	m.Must(err)
}

func TestAnOperatorHelps(t *testing.T) {
	t.Parallel()
	m := join(t)
	m.EnrolEmail(m.caller)
	m.Enrol(m.caller)
	m.Must(m.Directory.RemoveFactors(m.Ctx, directory.Operator(""), m.caller.UserID))
	coretest.Equal(t, 2, m.Letters(mail.KindFactorRemoved, ada))
	if m.Alive(m.signedIn) {
		t.Error("a session has outlived the factors")
	}
	m.Login(ada)
	m.Refused(m.Directory.RemoveFactors(m.Ctx, directory.Operator(""), m.IDs.New()), core.ErrNotFound)
}

// Whatever fails on the way, a factor counts with all that belongs to it or not at all.
func TestEnrolmentIsNotHalfDone(t *testing.T) {
	t.Parallel()
	type act = func(ctx context.Context) error
	house.Stumble(t, func(t *testing.T) (act, act) {
		m := join(t)
		begun, err := m.Factors.BeginTOTP(m.Ctx, m.caller, "")
		m.Must(err)
		confirm := func(ctx context.Context) error {
			_, err := m.Factors.ConfirmTOTP(ctx, m.caller, begun.ID, shown(m, begun.Secret))
			return err
		}
		return confirm, confirm
	})
}

// shown is what an app with the secret shows now.
func shown(m member, secret string) string {
	seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	m.Must(err)
	return mfa.CodeAt(seed, mfa.StepAt(m.Clock.Now()))
}
