package house

import (
	"encoding/base32"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/signin"
)

// Authenticator is an app that somebody has enrolled.
type Authenticator struct {
	h    *House
	seed []byte
	// Factor is what was enrolled, RecoveryCodes what came with the first one.
	Factor        mfa.Factor
	RecoveryCodes []string
}

// Enrol enrols an app for a member. The member's sign-in must be recent.
func (h *House) Enrol(caller core.Principal) *Authenticator {
	h.t.Helper()
	begun, err := h.Factors.BeginTOTP(h.Ctx, caller, "Phone")
	h.Must(err)
	seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(begun.Secret)
	h.Must(err)
	app := &Authenticator{h: h, seed: seed}
	enrolled, err := h.Factors.ConfirmTOTP(h.Ctx, caller, begun.ID, app.Code())
	h.Must(err)
	app.Factor, app.RecoveryCodes = enrolled.Factor, enrolled.RecoveryCodes
	return app
}

// EnrolEmail makes the mailbox of a member a second factor.
func (h *House) EnrolEmail(caller core.Principal) mfa.Enrolled {
	h.t.Helper()
	receipt, err := h.Factors.BeginEmail(h.Ctx, caller)
	h.Must(err)
	letter := h.Letter(mail.KindFactorEmail, h.User(caller.UserID).Email)
	enrolled, err := h.Factors.ConfirmEmail(h.Ctx, caller, receipt.ID, letter.Code)
	h.Must(err)
	return enrolled
}

// Code gives a code that was not given before: the clock moves on by a step.
func (a *Authenticator) Code() string {
	a.h.Later(30 * time.Second)
	return a.Shown()
}

// Shown gives the code that the app shows now.
func (a *Authenticator) Shown() string { return mfa.CodeAt(a.seed, mfa.StepAt(a.h.Clock.Now())) }

// Challenged signs in with Passphrase and wants to be asked for a second factor.
func (h *House) Challenged(identifier, deviceToken string) signin.Challenge {
	h.t.Helper()
	entry, err := h.SignIn.Login(h.Ctx, signin.Credentials{
		Identifier: identifier, Password: Passphrase, DeviceToken: deviceToken,
	})
	h.Must(err)
	if entry.Challenge == nil || entry.SignedIn != nil {
		h.t.Fatal("no second factor is asked for")
	}
	return *entry.Challenge
}

// Finish makes the second step.
func (h *House) Finish(challenge signin.Challenge, factor mfa.Kind, code string) (signin.SignedIn, error) {
	return h.SignIn.VerifySecondFactor(h.Ctx, signin.SecondStep{Challenge: challenge.ID, Factor: factor, Code: code})
}
