package mfa

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/verification"
)

// labelMax is the length of the longest label in code points.
const labelMax = 100

// Enrolment is an authenticator app that waits for its first code. It is told once.
type Enrolment struct {
	ID core.ID
	// Secret is the seed in base32, URI the same as an app reads it, which PNG and SVG draw.
	Secret string
	URI    string
	PNG    []byte
	SVG    string
	// ExpiresAt is until when the first code is taken.
	ExpiresAt time.Time
}

// Enrolled is a confirmed factor. RecoveryCodes are told where it is the account's first, once.
type Enrolled struct {
	Factor        Factor
	RecoveryCodes []string
}

// BeginTOTP prepares an authenticator app; earlier preparations that were not finished are dropped. Nothing counts
// until the first code. Errors: core.CodeReauthentication, KindInvalid for the field "label", ErrTooMany.
func (s *Service) BeginTOTP(ctx context.Context, principal core.Principal, label string) (Enrolment, error) {
	user, err := s.guarded(ctx, principal)
	if err != nil {
		return Enrolment{}, err
	}
	if label, err = normalizeLabel(label); err != nil {
		return Enrolment{}, err
	}
	seed := NewSeed()
	uri := Provision(s.config.Issuer, user.Email, seed)
	png, svg, err := s.deps.Painter.Paint(uri)
	if err != nil {
		return Enrolment{}, core.Internal(fmt.Errorf("draw the code: %w", err))
	}
	now := s.deps.Clock.Now()
	factor := Factor{
		ID: s.deps.IDs.New(), UserID: user.ID, Kind: KindTOTP, Label: label, LastStep: -1, CreatedAt: now,
	}
	factor.Sealed = s.deps.Ring.Seal(factor.sealContext(), seed)
	if err = s.deps.Tx.InTx(ctx, func(ctx context.Context) error { return s.prepare(ctx, factor) }); err != nil {
		return Enrolment{}, err
	}
	return Enrolment{
		ID: factor.ID, Secret: EncodeSeed(seed), URI: uri, PNG: png, SVG: svg, ExpiresAt: now.Add(PendingTTL),
	}, nil
}

// prepare puts the pending factor in the place of earlier ones.
func (s *Service) prepare(ctx context.Context, factor Factor) error {
	held, err := s.deps.Factors.List(ctx, factor.UserID)
	if err != nil {
		return err
	}
	for _, other := range held {
		if !other.ConfirmedAt.IsZero() {
			continue
		}
		if err = s.deps.Factors.Remove(ctx, other.UserID, other.ID); err != nil && !errors.Is(err, core.ErrNotFound) {
			return err
		}
	}
	err = s.deps.Factors.Add(ctx, factor)
	if errors.Is(err, core.ErrConflict) {
		return ErrTooMany
	}
	return err
}

// normalizeLabel brings a label to NFC without spaces around it. The error is of KindInvalid.
func normalizeLabel(label string) (string, error) {
	if len(label) > utf8.UTFMax*labelMax {
		return "", core.InvalidField("label", core.CodeTooLong, "A label has 100 characters at the most.")
	}
	label = strings.TrimSpace(norm.NFC.String(label))
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }
	switch {
	case strings.ContainsFunc(label, unprintable):
		return "", core.InvalidField("label", core.CodeNotAllowed, "A label holds printable characters only.")
	case utf8.RuneCountInString(label) > labelMax:
		return "", core.InvalidField("label", core.CodeTooLong, "A label has 100 characters at the most.")
	}
	return label, nil
}

// sealContext binds a sealed seed to its row and owner.
func (f Factor) sealContext() string { return secret.PlaceFactors.Of(f.UserID.String(), f.ID.String()) }

// ConfirmTOTP makes the authenticator app a second factor, by its first code. That code is used up by it. Errors:
// core.CodeReauthentication, and verification.ErrCode for a wrong code and for an enrolment that is unknown, has expired
// or was finished.
func (s *Service) ConfirmTOTP(ctx context.Context, principal core.Principal, id core.ID, code string) (Enrolled, error) {
	user, err := s.guarded(ctx, principal)
	if err != nil {
		return Enrolled{}, err
	}
	factor, err := s.pending(ctx, user.ID, id)
	if err != nil {
		return Enrolled{}, err
	}
	step, found, err := s.findStep(factor, code)
	if err != nil {
		return Enrolled{}, err
	}
	if !found {
		return Enrolled{}, verification.ErrCode
	}
	now := s.deps.Clock.Now()
	enrolled := Enrolled{Factor: factor}
	enrolled.Factor.LastStep, enrolled.Factor.ConfirmedAt, enrolled.Factor.LastUsedAt = step, now, now
	err = s.enrol(ctx, principal, &enrolled, func(ctx context.Context) error {
		err := s.deps.Factors.Confirm(ctx, user.ID, id, step, now.Add(-PendingTTL), now)
		if errors.Is(err, core.ErrNotFound) {
			return verification.ErrCode
		}
		return err
	})
	return enrolled, err
}

func (s *Service) pending(ctx context.Context, user, id core.ID) (Factor, error) {
	factors, err := s.deps.Factors.List(ctx, user)
	if err != nil {
		return Factor{}, err
	}
	for _, factor := range factors {
		if factor.ID == id && factor.Kind == KindTOTP && factor.ConfirmedAt.IsZero() {
			return factor, nil
		}
	}
	return Factor{}, verification.ErrCode
}

func (s *Service) findStep(factor Factor, code string) (step int64, found bool, err error) {
	seed, err := s.deps.Ring.Open(factor.sealContext(), factor.Sealed)
	if err != nil {
		return 0, false, core.Internal(fmt.Errorf("open factor %s: %w", factor.ID, err))
	}
	step, found = FindStep(seed, NormalizeCode(code), s.deps.Clock.Now(), factor.LastStep)
	return step, found, nil
}

// enrol makes a factor count by what confirm does. The first one brings recovery codes. Whoever was asked to enrol has.
func (s *Service) enrol(
	ctx context.Context, principal core.Principal, enrolled *Enrolled, confirm func(ctx context.Context) error,
) error {
	return core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		user, saved, err := s.change(ctx, principal, func(user *account.User) { user.Protection.EnrolBy = time.Time{} })
		if err != nil {
			return nil, err
		}
		enrolled.RecoveryCodes = nil
		if len(user.Protection.SecondFactors) == 0 {
			if enrolled.RecoveryCodes, err = s.replaceCodes(ctx, user.ID); err != nil {
				return nil, err
			}
		}
		if err = confirm(ctx); err != nil {
			return nil, err
		}
		letter := s.letter(ctx, mail.KindFactorAdded, user)
		letter.Factor = string(enrolled.Factor.Kind)
		return []core.Change{saved}, s.tell(ctx, principal, user, audit.ActionFactorAdd, letter)
	})
}
