package mfa

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/doorward/doorward/core/account"
)

// Offered are the factors that a half-finished sign-in of the user may be finished by; none means that it needs no
// second step. An account whose only factors are switched off is not let in without: only its recovery codes are left.
// Otherwise a setting would open to whoever has a password what a second factor has closed.
func (s *Service) Offered(user account.User) []Kind {
	if len(user.Protection.SecondFactors) == 0 {
		return nil
	}
	return append(s.usable(user), KindRecoveryCode)
}

// usable are the kinds of the user's factors that count here.
func (s *Service) usable(user account.User) (kinds []Kind) {
	for _, kind := range user.Protection.SecondFactors {
		if kind := Kind(kind); kind != KindEmail || !s.config.RefuseEmail {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// Demands reports whether the user must have a second factor: everybody must, or they alone, or who has a role of
// theirs, of which since tells when it came to demand it; zero where none does.
func (s *Service) Demands(user account.User, since time.Time) bool {
	return s.config.RequireAll || user.Protection.Required || !since.IsZero()
}

// Deadline is until when the user may do without the second factor that is demanded, and has none that counts; zero
// where nothing is demanded, or nobody has asked yet. It asks nobody, so every request can.
//
// What a role demands reaches those who have it at once, and nothing is written for that: until they are asked, at
// their next sign-in, their grace counts from when the role came to demand it. Whoever is given the role later is asked
// with it; see access.Obligations. Nothing that they do themselves puts it off.
func (s *Service) Deadline(user account.User, since time.Time) time.Time {
	switch {
	case !s.demanded(user, since):
		return time.Time{}
	case user.Protection.EnrolBy.IsZero() && !since.IsZero():
		return since.Add(s.config.Grace)
	}
	return user.Protection.EnrolBy
}

// TokenDeadline is Deadline for who comes by a token of theirs that was made at the instant. No sign-in asks them, for as
// long as the token lasts: until one does, or a role has told since when, the grace counts from when the token was made.
func (s *Service) TokenDeadline(user account.User, since, made time.Time) time.Time {
	deadline := s.Deadline(user, since)
	if deadline.IsZero() && s.demanded(user, since) {
		deadline = made.Add(s.config.Grace)
	}
	return deadline
}

// demanded reports whether the user must have a second factor, and has none that counts.
func (s *Service) demanded(user account.User, since time.Time) bool {
	return s.Demands(user, since) && len(s.usable(user)) == 0
}

// Unasked reports whether the user's EnrolBy does not fit what is demanded: Ask sets it right.
func (s *Service) Unasked(user account.User, since time.Time) bool {
	return s.demanded(user, since) == user.Protection.EnrolBy.IsZero()
}

// Ask tells the user, in a change that is saved with it, until when to enrol; or, where nothing is demanded any more,
// forgets that anybody has asked, so that a later demand has its own grace.
func (s *Service) Ask(user *account.User, since time.Time) {
	switch now := s.deps.Clock.Now(); {
	case !s.Unasked(*user, since):
	case user.Protection.EnrolBy.IsZero():
		user.Protection.EnrolBy = now.Add(s.config.Grace)
	default:
		user.Protection.EnrolBy = time.Time{}
	}
}

// Demand gives what demands a second factor of one account, or takes that back, in a change that is saved with it. The
// grace begins at once. What a role demands beside that stays as the user was asked for it. KindUnavailable.
func (s *Service) Demand(ctx context.Context) (demand func(user *account.User, demanded bool), err error) {
	since, err := s.deps.Roles.SecondFactor(ctx)
	if err != nil {
		return nil, fmt.Errorf("look up what roles demand: %w", err)
	}
	return func(user *account.User, demanded bool) {
		user.Protection.Required = demanded
		s.Ask(user, since(*user))
	}, nil
}

// Offers reports whether the user may finish a sign-in by the kind.
func (s *Service) Offers(user account.User, kind Kind) bool {
	return slices.Contains(s.Offered(user), kind)
}
