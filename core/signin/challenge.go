package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/verification"
)

// errSecondStep turns back somebody who has proven one factor and needs to prove another.
var errSecondStep = errors.New("signin: a second step is needed")

// waiting is the sealed detail of a sign-in that waits for its second step.
type waiting struct {
	// First are the factors that were proven.
	First []string `json:"first"`
	// PasswordChangedAt is of the password that was proven, or stood then.
	PasswordChangedAt time.Time `json:"password_changed_at"`
	// Token is the digest of the device token that the client has shown; nil where none fits.
	Token []byte `json:"token,omitempty"`
	// Sent is how many codes were mailed.
	Sent int `json:"sent,omitempty"`
}

func (w waiting) detail() []byte {
	text, _ := json.Marshal(w) // texts, a time and a number always marshal
	return text
}

func readWaiting(flow verification.Flow) (held waiting, err error) {
	if err = json.Unmarshal(flow.Detail, &held); err != nil {
		return waiting{}, core.Internal(fmt.Errorf("read challenge: %w", err))
	}
	return held, nil
}

// needsSecondStep decides, for every way in alike, whether what has come so far is enough.
func (s *Service) needsSecondStep(in entrance, user account.User) bool {
	if in.second || len(s.deps.Factors.Offered(user)) == 0 {
		return false
	}
	trusted := in.known != nil && in.known.Trusts(s.deps.Clock.Now())
	return !trusted || user.Protection.AlwaysAsk
}

// welcome lets somebody in who has proven one factor, or asks for a second one.
func (s *Service) welcome(ctx context.Context, in entrance) (Entry, error) {
	signedIn, err := s.letIn(ctx, in)
	if errors.Is(err, errSecondStep) {
		challenge, err := s.challenge(ctx, in)
		return Entry{Challenge: &challenge}, err
	}
	if err != nil {
		return Entry{}, err
	}
	return Entry{SignedIn: &signedIn}, nil
}

// challenge begins the second step. What has come before it was no guess. Nothing else of the account changes: a
// challenge opens nothing but its own second step.
func (s *Service) challenge(ctx context.Context, in entrance) (Challenge, error) {
	user, err := s.deps.Users.Find(ctx, in.user.ID)
	if err != nil {
		return Challenge{}, fmt.Errorf("find user: %w", err)
	}
	held := waiting{First: in.factors, PasswordChangedAt: in.user.PasswordChangedAt}
	subject := lockout.SecondFactorOf(user.ID)
	if in.known != nil {
		// Of its own: whoever knows the password could else keep beginning anew, and push this one out.
		held.Token, subject = in.known.Digest[:], lockout.DeviceSource(in.known.ID)
	}
	flow := verification.Flow{
		ID: s.deps.IDs.New(), Purpose: verification.PurposeSecondFactor, Subject: subject, User: user.ID,
		Detail: held.detail(),
	}
	made := Challenge{ID: flow.ID, Factors: s.deps.Factors.Offered(user)}
	if made.ExpiresAt, err = s.deps.Prover.Wait(ctx, flow, mfa.ChallengeTTL); err != nil {
		return Challenge{}, err
	}
	s.deps.Trail.Note(ctx, audit.Event{
		Action: audit.ActionSignIn, Outcome: audit.Refused, Reason: string(core.CodeSecondFactorRequired),
		Subject: user.ID, Metadata: map[string]string{"factor": in.factors[0], "device": familiarity(in.known)},
	})
	if len(in.clear) > 0 {
		err = s.deps.Tries.Clear(ctx, in.clear...)
	}
	return made, err
}
