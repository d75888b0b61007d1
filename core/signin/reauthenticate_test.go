package signin_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

func (g guarded) again(caller core.Principal, with signin.Confirmation) (signin.SignedIn, error) {
	return g.SignIn.Reauthenticate(g.Ctx, caller, with)
}

// A session has the factors of its last proof: a second factor adds to the password that has opened it, a password
// takes the second factor away.
func TestProofsAnew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		held []string
		with func(g guarded) signin.Confirmation
		want []string
	}{
		"password": {[]string{"pwd", "otp", "mfa"}, func(guarded) signin.Confirmation {
			return signin.Confirmation{Password: house.Passphrase}
		}, []string{"pwd"}},
		"app in a session of a password": {[]string{"pwd"}, func(g guarded) signin.Confirmation {
			return signin.Confirmation{Factor: mfa.KindTOTP, Code: g.app.Code()}
		}, []string{"pwd", "otp", "mfa"}},
		"app in a session of a code by email": {[]string{"email"}, func(g guarded) signin.Confirmation {
			return signin.Confirmation{Factor: mfa.KindTOTP, Code: g.app.Code()}
		}, []string{"otp"}},
		"recovery code": {[]string{"pwd"}, func(g guarded) signin.Confirmation {
			return signin.Confirmation{Factor: mfa.KindRecoveryCode, Code: g.app.RecoveryCodes[0]}
		}, []string{"pwd", "recovery_code", "mfa"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := guard(t)
			g.Later(time.Hour)
			caller := g.caller
			caller.Factors = c.held
			with := c.with(g)
			signedIn, err := g.again(caller, with)
			g.Must(err)
			coretest.Equal(t, c.want, signedIn.Session.Factors)
			coretest.Equal(t, g.Clock.Now(), signedIn.Session.AuthTime)
			coretest.Equal(t, g.caller.SessionID, signedIn.Session.ID)
			if with.Factor != "" {
				_, err = g.again(caller, with)
				g.Refused(err, verification.ErrCode)
			}
		})
	}
}

func TestProofsAnewAreRefused(t *testing.T) {
	t.Parallel()
	g := guard(t)
	for _, with := range []signin.Confirmation{
		{Factor: mfa.KindTOTP, Code: house.Wrong(g.app.Shown())},
		{Factor: mfa.KindTOTP},
		{Factor: "passkey", Code: g.app.Code()},
		{Factor: mfa.KindRecoveryCode, Code: g.app.Code()},
	} {
		_, err := g.again(g.caller, with)
		g.Refused(err, verification.ErrCode)
	}
	_, err := g.again(g.caller, signin.Confirmation{Factor: mfa.KindEmail, Code: "000000"})
	coretest.Equal(t, core.CodeNotAllowed, core.AsError(err).Fields[0].Code)
	g.Must(g.SignIn.Logout(g.Ctx, g.caller))
	_, err = g.again(g.caller, signin.Confirmation{Factor: mfa.KindRecoveryCode, Code: g.app.RecoveryCodes[0]})
	coretest.Equal(t, core.CodeSessionEnded, core.AsError(err).Code)
	g.Must(g.finish(g.Challenged(ada, ""), mfa.KindRecoveryCode, g.app.RecoveryCodes[0])) // not used up by it
}

// Who holds a session guesses five times, and locks nobody else out by it: neither another session nor a sign-in.
func TestGuessesInASession(t *testing.T) {
	t.Parallel()
	g := guard(t)
	other := g.Principal(g.signIn(t))
	for i := range lockout.DefaultTries {
		with := signin.Confirmation{Password: "wrong"}
		if i%2 == 0 {
			with = signin.Confirmation{Factor: mfa.KindTOTP, Code: "x"}
		}
		if _, err := g.again(g.caller, with); err == nil {
			t.Fatal("a wrong proof counts")
		}
	}
	_, err := g.again(g.caller, signin.Confirmation{Password: house.Passphrase})
	g.Refused(err, signin.ErrInvalidCredentials)
	_, err = g.again(g.caller, signin.Confirmation{Factor: mfa.KindTOTP, Code: g.app.Code()})
	g.Refused(err, verification.ErrCode)
	_, err = g.again(other, signin.Confirmation{Password: house.Passphrase})
	g.Must(err)
	g.signIn(t)
	_, err = g.again(g.caller, signin.Confirmation{Factor: mfa.KindRecoveryCode, Code: g.app.RecoveryCodes[0]})
	g.Must(err)
	_, err = g.again(g.caller, signin.Confirmation{Password: house.Passphrase})
	g.Must(err)
}

func (g guarded) signIn(t *testing.T) signin.SignedIn {
	t.Helper()
	signedIn, err := g.Finish(g.Challenged(ada, ""), mfa.KindTOTP, g.app.Code())
	g.Must(err)
	return signedIn
}

func TestOneProofAnewWins(t *testing.T) {
	t.Parallel()
	g := guard(t)
	code := g.app.Code()
	errs := house.Race(t, lockout.DefaultTries, func(int) error {
		_, err := g.again(g.caller, signin.Confirmation{Factor: mfa.KindTOTP, Code: code})
		return err
	})
	house.OneWins(t, errs, verification.ErrCode)
}

// Whoever must have a second factor hears of it at the first sign-in under the rule, and has the grace to enrol.
func TestObligation(t *testing.T) {
	t.Parallel()
	const grace = 48 * time.Hour
	h := house.OpenFactors(t, signin.Config{RequireVerification: true}, mfa.Config{RequireAll: true, Grace: grace})
	member := h.Member(ada, "")
	deadline := member.User.CreatedAt.Add(grace)
	coretest.Equal(t, deadline, member.EnrolBy)
	h.Later(time.Hour)
	coretest.Equal(t, deadline, h.Login(ada).EnrolBy)
	h.Clock.Set(deadline)
	signedIn := h.Login(ada)
	caller, err := h.SignIn.Authenticate(h.Ctx, signedIn.Tokens.Access)
	h.Must(err)
	coretest.Equal(t, deadline, caller.EnrolBy)
	app := h.Enrol(caller.Principal)
	caller, err = h.SignIn.Authenticate(h.Ctx, signedIn.Tokens.Access)
	h.Must(err)
	coretest.Equal(t, time.Time{}, caller.EnrolBy)
	proven, err := h.SignIn.Reauthenticate(h.Ctx, caller.Principal, signin.Confirmation{Factor: mfa.KindTOTP, Code: app.Code()})
	h.Must(err)
	h.Refused(h.Factors.Remove(h.Ctx, h.Principal(proven), app.Factor.ID), mfa.ErrRequired)
}

// The demand of an operator concerns one account, counts from when it is made, and is forgotten when it is taken back.
func TestObligationOfOneAccount(t *testing.T) {
	t.Parallel()
	h := house.OpenFactors(t, signin.Config{RequireVerification: true}, mfa.Config{Grace: time.Hour})
	member, other := h.Member(ada, ""), h.Member("grace@example.com", "")
	h.Must(h.Directory.RequireFactor(h.Ctx, directory.Operator(""), member.User.ID, true))
	h.Later(time.Minute)
	coretest.Equal(t, h.Clock.Now().Add(time.Hour-time.Minute), h.Login(ada).EnrolBy)
	coretest.Equal(t, time.Time{}, h.Login("grace@example.com").EnrolBy)
	coretest.Equal(t, false, h.Factors.Demands(h.User(other.User.ID), time.Time{}))
	h.Must(h.Directory.RequireFactor(h.Ctx, directory.Operator(""), member.User.ID, false))
	coretest.Equal(t, account.Protection{}, h.User(member.User.ID).Protection)
	h.Refused(h.Directory.RequireFactor(h.Ctx, directory.Operator(""), h.IDs.New(), true), core.ErrNotFound)
}

// A demand of the whole deployment that is taken back is forgotten at the next sign-in, so that a later one has its
// own grace.
func TestObligationIsForgotten(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	member := h.Member(ada, "")
	h.Alter(member.User.ID, func(user *account.User) { user.Protection.EnrolBy = h.Clock.Now() })
	coretest.Equal(t, time.Time{}, h.Login(ada).EnrolBy)
	coretest.Equal(t, time.Time{}, h.User(member.User.ID).Protection.EnrolBy)
}
