package signin_test

import (
	"context"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/token"
	"github.com/doorward/doorward/core/verification"
)

// guarded is an account with every second factor there is.
type guarded struct {
	*house.House
	app    *house.Authenticator
	member signin.SignedIn
	caller core.Principal
}

func guard(t *testing.T) guarded {
	t.Helper()
	h := house.Open(t)
	member := h.Member(ada, "countess")
	caller := h.Principal(member)
	h.EnrolEmail(caller)
	g := guarded{House: h, member: member, app: h.Enrol(caller)}
	g.caller = g.proven(mfa.KindTOTP, g.app.Code())
	codes, err := h.Factors.MakeRecoveryCodes(h.Ctx, g.caller)
	h.Must(err)
	g.app.RecoveryCodes = codes
	return g
}

// proven is the caller after a proof by a second factor.
func (g guarded) proven(factor mfa.Kind, code string) core.Principal {
	signedIn, err := g.SignIn.Reauthenticate(g.Ctx, g.Principal(g.member), signin.Confirmation{Factor: factor, Code: code})
	g.Must(err)
	return g.Principal(signedIn)
}

// mailed has a code sent for a challenge and reads it.
func (g guarded) mailed(challenge signin.Challenge) string {
	g.Must(g.SignIn.SendSecondFactor(g.Ctx, challenge.ID, mfa.KindEmail))
	g.Work()
	return g.Letter(mail.KindSecondFactorCode, ada).Code
}

func TestSecondStep(t *testing.T) {
	t.Parallel()
	cases := map[mfa.Kind]struct {
		code    func(g guarded, challenge signin.Challenge) string
		factors []string
		acr     string
	}{
		mfa.KindTOTP: {
			func(g guarded, _ signin.Challenge) string { return g.app.Code() }, []string{"pwd", "otp", "mfa"}, token.ACRMulti,
		},
		mfa.KindEmail: {guarded.mailed, []string{"pwd", "email"}, token.ACRSingle},
		mfa.KindRecoveryCode: {
			func(g guarded, _ signin.Challenge) string { return g.app.RecoveryCodes[3] },
			[]string{"pwd", "recovery_code", "mfa"},
			token.ACRMulti,
		},
	}
	for factor, c := range cases {
		t.Run(string(factor), func(t *testing.T) {
			t.Parallel()
			g := guard(t)
			g.Later(time.Hour)
			challenge := g.Challenged(ada, "")
			coretest.Equal(t, []mfa.Kind{mfa.KindEmail, mfa.KindTOTP, mfa.KindRecoveryCode}, challenge.Factors)
			coretest.Equal(t, g.Clock.Now().Add(mfa.ChallengeTTL), challenge.ExpiresAt)
			code := c.code(g, challenge)
			signedIn, err := g.Finish(challenge, factor, code)
			g.Must(err)
			caller := g.Principal(signedIn)
			coretest.Equal(t, c.factors, caller.Factors)
			coretest.Equal(t, g.Clock.Now(), caller.AuthTime)
			coretest.Equal(t, c.acr, token.ACR(caller.Factors))
			if signedIn.DeviceToken == "" || signedIn.Session.ID == g.member.Session.ID {
				t.Errorf("signed in as %+v", signedIn.Session)
			}

			_, err = g.Finish(challenge, factor, code)
			g.Refused(err, verification.ErrCode)
			_, err = g.Finish(g.Challenged(ada, ""), factor, code)
			g.Refused(err, verification.ErrCode)
			if used := g.Letters(mail.KindRecoveryCodeUsed, ada); used != map[mfa.Kind]int{mfa.KindRecoveryCode: 1}[factor] {
				t.Errorf("%d letters tell of a recovery code", used)
			}
		})
	}
}

func TestRecoveryCodeTellsHowManyAreLeft(t *testing.T) {
	t.Parallel()
	g := guard(t)
	for left := mfa.RecoveryCodeCount - 1; left >= 0; left-- {
		_, err := g.Finish(g.Challenged(ada, ""), mfa.KindRecoveryCode, g.app.RecoveryCodes[left])
		g.Must(err)
		coretest.Equal(t, left, g.Letter(mail.KindRecoveryCodeUsed, ada).Count)
	}
}

// Every way in demands the second factor, whatever the account is in, unless the client is trusted.
func TestEveryWayInAsks(t *testing.T) {
	t.Parallel()
	states := map[string]func(user *account.User){
		"plain":        func(*account.User) {},
		"deactivated":  func(user *account.User) { user.Status = account.StatusDeactivated },
		"required":     func(user *account.User) { user.Protection.Required = true },
		"always asked": func(user *account.User) { user.Protection.AlwaysAsk = true },
	}
	enrolments := map[string]func(h *house.House, caller core.Principal){
		"totp":  func(h *house.House, caller core.Principal) { h.Enrol(caller) },
		"email": func(h *house.House, caller core.Principal) { h.EnrolEmail(caller) },
	}
	ways := map[string]func(h *house.House, user account.User) (signin.Entry, error){
		"password": func(h *house.House, _ account.User) (signin.Entry, error) {
			return h.SignIn.Login(h.Ctx, signin.Credentials{Identifier: ada, Password: house.Passphrase})
		},
		"password, deployment without proof of mailboxes": func(h *house.House, user account.User) (signin.Entry, error) {
			h.Alter(user.ID, func(user *account.User) { user.EmailVerified = false })
			return h.SignIn.Login(h.Ctx, signin.Credentials{Identifier: "countess", Password: house.Passphrase})
		},
		"code to the mailbox": func(h *house.House, user account.User) (signin.Entry, error) {
			h.Alter(user.ID, func(user *account.User) { user.EmailVerified = false })
			receipt, err := h.SignIn.ResendTo(h.Ctx, "countess")
			h.Must(err)
			h.Work()
			return h.SignIn.VerifyCode(h.Ctx, receipt.ID, h.Letter(mail.KindConfirmation, ada).Code)
		},
	}
	for way, enter := range ways {
		for state, alter := range states {
			for kind, enrol := range enrolments {
				t.Run(way+"/"+state+"/"+kind, func(t *testing.T) {
					t.Parallel()
					h := house.OpenWith(t, signin.Config{})
					registered, err := h.SignIn.Register(h.Ctx, registration(ada, "countess", house.Passphrase))
					h.Must(err)
					id := registered.SignedIn.User.ID
					h.Alter(id, func(user *account.User) { user.EmailVerified = true })
					enrol(h, h.Principal(*registered.SignedIn))
					user := h.Alter(id, alter)
					entry, err := enter(h, user)
					h.Must(err)
					if entry.SignedIn != nil || entry.Challenge == nil {
						t.Fatal("came in by one factor")
					}
					if h.User(id).Status != user.Status {
						t.Error("half a sign-in has brought the account back")
					}
				})
			}
		}
	}
}

// A factor that is enrolled while the password is compared is asked for.
func TestEnrolledMeanwhile(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	member := h.Member(ada, "")
	caller := h.Principal(member)
	h.Hasher.Between = func() { h.Hasher.Between = nil; h.EnrolEmail(caller) }
	h.Challenged(ada, "")
}

func TestDeactivatedComesBackWithTheSecondStep(t *testing.T) {
	t.Parallel()
	g := guard(t)
	g.Must(g.Account.Deactivate(g.Ctx, g.caller))
	signedIn, err := g.Finish(g.Challenged(ada, ""), mfa.KindTOTP, g.app.Code())
	g.Must(err)
	if signedIn.User.Status != account.StatusActive || !g.Alive(signedIn) {
		t.Errorf("came back as %v", signedIn.User.Status)
	}
}

// A challenge opens nothing but its own second step, and nothing else opens it.
func TestChallengeOpensNothingElse(t *testing.T) {
	t.Parallel()
	g := guard(t)
	challenge := g.Challenged(ada, "")
	code := g.mailed(challenge)
	_, err := g.SignIn.VerifyCode(g.Ctx, challenge.ID, code)
	g.Refused(err, verification.ErrCode)
	_, err = g.Account.ConfirmEmailChange(g.Ctx, g.caller, challenge.ID, code)
	g.Refused(err, verification.ErrCode)
	_, err = g.Factors.ConfirmEmail(g.Ctx, g.caller, challenge.ID, code)
	g.Refused(err, verification.ErrCode)
	g.Refused(g.Password.Reset(g.Ctx, credential.ResetRequest{
		VerificationID: challenge.ID, Code: code, NewPassword: house.Passphrase + " fresh",
	}), verification.ErrCode)
	letters := len(g.Post.All(ada))
	_, err = g.SignIn.Resend(g.Ctx, challenge.ID)
	g.Must(err)
	g.Work()
	if len(g.Post.All(ada)) != letters {
		t.Error("a resend has sent something for a challenge")
	}
	for _, raw := range []string{challenge.ID.String(), "Bearer " + challenge.ID.String()} {
		_, err = g.SignIn.Authenticate(g.Ctx, raw)
		g.Refused(err, token.ErrInvalid)
		if _, err = g.SignIn.Refresh(g.Ctx, raw); err == nil {
			t.Error("a challenge was refreshed")
		}
	}

	receipt, err := g.Password.Forgot(g.Ctx, ada)
	g.Must(err)
	g.Work()
	other := signin.Challenge{ID: receipt.ID}
	for factor, code := range map[mfa.Kind]string{
		mfa.KindEmail: g.Letter(mail.KindPasswordReset, ada).Code, mfa.KindTOTP: g.app.Shown(),
		mfa.KindRecoveryCode: g.app.RecoveryCodes[0],
	} {
		_, err = g.Finish(other, factor, code)
		g.Refused(err, verification.ErrCode)
	}
	_, err = g.Finish(challenge, mfa.KindEmail, code)
	g.Must(err)
}

// wornOut are the ways in which what a client sends does not do.
var wornOut = map[string]func(g guarded, challenge signin.Challenge) error{
	"wrong code": func(g guarded, challenge signin.Challenge) error {
		return g.finish(challenge, mfa.KindTOTP, house.Wrong(g.app.Shown()))
	},
	"a code for another factor": func(g guarded, challenge signin.Challenge) error {
		return g.finish(challenge, mfa.KindEmail, g.app.Code())
	},
	"a code that was never sent": func(g guarded, challenge signin.Challenge) error {
		return g.finish(challenge, mfa.KindEmail, "")
	},
	"a mailed code of another challenge": func(g guarded, challenge signin.Challenge) error {
		return g.finish(challenge, mfa.KindEmail, g.mailed(g.Challenged(ada, "")))
	},
	"a factor that is not offered yet": func(g guarded, challenge signin.Challenge) error {
		return g.finish(challenge, "passkey", g.app.Code())
	},
	"an unknown challenge": func(g guarded, _ signin.Challenge) error {
		return g.finish(signin.Challenge{ID: g.IDs.New()}, mfa.KindTOTP, g.app.Code())
	},
	"expired": func(g guarded, challenge signin.Challenge) error {
		g.Clock.Set(challenge.ExpiresAt)
		return g.finish(challenge, mfa.KindTOTP, g.app.Shown())
	},
	"after five tries": func(g guarded, challenge signin.Challenge) error {
		for range verification.MaxTries {
			g.Refused(g.finish(challenge, mfa.KindTOTP, "x"), verification.ErrCode)
		}
		return g.finish(challenge, mfa.KindRecoveryCode, g.app.RecoveryCodes[0])
	},
	"a code by email after five tries": func(g guarded, challenge signin.Challenge) error {
		for range verification.MaxTries {
			g.Refused(g.finish(challenge, mfa.KindTOTP, "x"), verification.ErrCode)
		}
		letters := g.Letters(mail.KindSecondFactorCode, ada)
		g.Must(g.SignIn.SendSecondFactor(g.Ctx, challenge.ID, mfa.KindEmail))
		g.Work()
		if g.Letters(mail.KindSecondFactorCode, ada) != letters {
			return nil
		}
		return verification.ErrCode
	},
}

// lapsed are the ways in which a challenge, or its account, has changed meanwhile.
var lapsed = map[string]func(g guarded, challenge signin.Challenge) error{
	"when three others have begun": func(g guarded, challenge signin.Challenge) error {
		for range verification.MaxLive {
			g.Later(time.Second)
			g.Challenged(ada, "")
		}
		return g.finish(challenge, mfa.KindTOTP, g.app.Code())
	},
	"after a change of password": func(g guarded, challenge signin.Challenge) error {
		g.Must(g.Password.Change(g.Ctx, g.caller, house.Passphrase, "another lantern orbit"))
		return g.finish(challenge, mfa.KindTOTP, g.app.Code())
	},
	"with a password that was replaced": func(g guarded, challenge signin.Challenge) error {
		g.Alter(g.caller.UserID, func(u *account.User) { u.PasswordChangedAt = g.Clock.Now() })
		return g.finish(challenge, mfa.KindTOTP, g.app.Code())
	},
	"suspended": func(g guarded, challenge signin.Challenge) error {
		g.Alter(g.caller.UserID, func(u *account.User) { u.Status = account.StatusSuspended })
		return g.finish(challenge, mfa.KindTOTP, g.app.Code())
	},
	"must reset": func(g guarded, challenge signin.Challenge) error {
		g.Alter(g.caller.UserID, func(u *account.User) { u.MustReset = true })
		return g.finish(challenge, mfa.KindTOTP, g.app.Code())
	},
	"when the factor was removed": func(g guarded, challenge signin.Challenge) error {
		g.Must(g.Factors.Remove(g.Ctx, g.caller, g.app.Factor.ID))
		return g.finish(challenge, mfa.KindTOTP, g.app.Code())
	},
	"when the codes were replaced": func(g guarded, challenge signin.Challenge) error {
		_, err := g.Factors.MakeRecoveryCodes(g.Ctx, g.caller)
		g.Must(err)
		return g.finish(challenge, mfa.KindRecoveryCode, g.app.RecoveryCodes[0])
	},
}

func TestSecondStepRefuses(t *testing.T) {
	t.Parallel()
	for _, cases := range []map[string]func(g guarded, challenge signin.Challenge) error{wornOut, lapsed} {
		for name, act := range cases {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				g := guard(t)
				g.Refused(act(g, g.Challenged(ada, "")), verification.ErrCode)
			})
		}
	}
}

func (g guarded) finish(challenge signin.Challenge, factor mfa.Kind, code string) error {
	_, err := g.Finish(challenge, factor, code)
	return err
}

// Wrong codes lock the second factor for clients that are not known, over all challenges; a known device and
// recovery codes get past it, and the owner hears of it once.
func TestSecondFactorLocks(t *testing.T) {
	t.Parallel()
	g := guard(t)
	known, err := g.Finish(g.Challenged(ada, ""), mfa.KindTOTP, g.app.Code())
	g.Must(err)
	for i := range lockout.DefaultTries {
		if i%3 == 0 {
			g.Challenged(ada, "")
		}
		g.Refused(g.finish(g.Challenged(ada, ""), mfa.KindTOTP, "000 000x"), verification.ErrCode)
	}
	g.Refused(g.finish(g.Challenged(ada, ""), mfa.KindTOTP, g.app.Code()), verification.ErrCode)
	locked := g.Challenged(ada, "")
	g.Refused(g.finish(locked, mfa.KindEmail, g.mailed(locked)), verification.ErrCode)
	g.Work()
	coretest.Equal(t, 1, g.Letters(mail.KindSecondFactorLocked, ada))

	g.Must(g.finish(g.Challenged(ada, known.DeviceToken), mfa.KindTOTP, g.app.Code()))
	g.Refused(g.finish(g.Challenged(ada, ""), mfa.KindTOTP, g.app.Code()), verification.ErrCode)
	g.Must(g.finish(g.Challenged(ada, ""), mfa.KindRecoveryCode, g.app.RecoveryCodes[0]))
	g.Must(g.finish(g.Challenged(ada, ""), mfa.KindTOTP, g.app.Code()))
}

func TestLockOfTheSecondFactorEnds(t *testing.T) {
	t.Parallel()
	g := guard(t)
	for range lockout.DefaultTries {
		g.Refused(g.finish(g.Challenged(ada, ""), mfa.KindTOTP, "x"), verification.ErrCode)
	}
	g.Refused(g.finish(g.Challenged(ada, ""), mfa.KindTOTP, g.app.Code()), verification.ErrCode)
	g.Later(lockout.DefaultDuration)
	g.Must(g.finish(g.Challenged(ada, ""), mfa.KindTOTP, g.app.Code()))
}

// Whoever has the password cannot push out the challenge of a device that is known.
func TestChallengesOfKnownDevicesStandApart(t *testing.T) {
	t.Parallel()
	g := guard(t)
	known, err := g.Finish(g.Challenged(ada, ""), mfa.KindTOTP, g.app.Code())
	g.Must(err)
	challenge := g.Challenged(ada, known.DeviceToken)
	for range 2 * verification.MaxLive {
		g.Later(time.Second)
		g.Challenged(ada, "")
	}
	signedIn, err := g.Finish(challenge, mfa.KindTOTP, g.app.Code())
	g.Must(err)
	if signedIn.DeviceToken != "" {
		t.Error("a known device was given another token")
	}
}

// Of many uses of one code, or of one challenge, one succeeds, and one session opens.
func TestOneSecondStepWins(t *testing.T) {
	t.Parallel()
	cases := map[string]func(g guarded) func(i int) error{
		"one step of the app": func(g guarded) func(int) error {
			challenges, code := g.three(), g.app.Code()
			return func(i int) error { return g.finish(challenges[i%len(challenges)], mfa.KindTOTP, code) }
		},
		"one recovery code": func(g guarded) func(int) error {
			challenges := g.three()
			return func(i int) error {
				return g.finish(challenges[i%len(challenges)], mfa.KindRecoveryCode, g.app.RecoveryCodes[0])
			}
		},
		"one code by email": func(g guarded) func(int) error {
			challenge := g.Challenged(ada, "")
			code := g.mailed(challenge)
			return func(int) error { return g.finish(challenge, mfa.KindEmail, code) }
		},
		"one challenge": func(g guarded) func(int) error {
			challenge, code := g.Challenged(ada, ""), g.app.Code()
			return func(i int) error {
				if i%2 == 0 {
					return g.finish(challenge, mfa.KindTOTP, code)
				}
				return g.finish(challenge, mfa.KindRecoveryCode, g.app.RecoveryCodes[i%10])
			}
		},
	}
	for name, prepare := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := guard(t)
			before, _, err := g.Sessions.List(g.Ctx, g.caller.UserID, core.Page{})
			g.Must(err)
			house.OneWins(t, g.RaceProofs(20, prepare(g)), verification.ErrCode)
			after, _, err := g.Sessions.List(g.Ctx, g.caller.UserID, core.Page{})
			g.Must(err)
			coretest.Equal(t, len(before)+1, len(after))
		})
	}
}

func (g guarded) three() (challenges []signin.Challenge) {
	for range verification.MaxLive {
		challenges = append(challenges, g.Challenged(ada, ""))
	}
	return challenges
}

// Whatever fails on the way, the code and the challenge are used up with the session or not at all.
func TestSecondStepIsNotHalfDone(t *testing.T) {
	t.Parallel()
	house.Stumble(t, func(t *testing.T) (act, act) {
		g := guard(t)
		challenge, code := g.Challenged(ada, ""), g.app.RecoveryCodes[0]
		return func(ctx context.Context) error {
				_, err := g.SignIn.VerifySecondFactor(ctx, signin.SecondStep{
					Challenge: challenge.ID, Factor: mfa.KindRecoveryCode, Code: code, Trust: true,
				})
				return err
			}, func(ctx context.Context) error {
				_, err := g.SignIn.VerifySecondFactor(ctx, signin.SecondStep{
					Challenge: challenge.ID, Factor: mfa.KindRecoveryCode, Code: code,
				})
				return err
			}
	})
}

// A reset sets a new password and nothing else: the second factor is asked for as before, and a lock of it is lifted,
// for whoever knew the old password knows this one no more.
func TestResetKeepsTheSecondFactor(t *testing.T) {
	t.Parallel()
	g := guard(t)
	for range lockout.DefaultTries {
		g.Refused(g.finish(g.Challenged(ada, ""), mfa.KindTOTP, "x"), verification.ErrCode)
	}
	_, err := g.Password.Forgot(g.Ctx, ada)
	g.Must(err)
	g.Work()
	g.Must(g.Password.Reset(g.Ctx, credential.ResetRequest{
		Token: g.Letter(mail.KindPasswordReset, ada).Token, NewPassword: "another lantern orbit",
	}))
	entry, err := g.SignIn.Login(g.Ctx, signin.Credentials{Identifier: ada, Password: "another lantern orbit"})
	g.Must(err)
	if entry.Challenge == nil {
		t.Fatal("a reset has removed the second factor")
	}
	g.Must(g.finish(*entry.Challenge, mfa.KindTOTP, g.app.Code()))
}
