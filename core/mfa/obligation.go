package mfa

import (
	"context"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
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

// Demands reports whether the user must have a second factor.
func (s *Service) Demands(user account.User) bool {
	return s.config.RequireAll || user.Protection.Required
}

// Deadline is until when the user may do without the second factor that is demanded, and has none that counts; zero
// where nothing is demanded, or nobody has asked yet. It asks nobody, so every request can.
func (s *Service) Deadline(user account.User) time.Time {
	if !s.Demands(user) || len(s.usable(user)) > 0 {
		return time.Time{}
	}
	return user.Protection.EnrolBy
}

// Unasked reports whether the user's EnrolBy does not fit what is demanded: Ask sets it right.
func (s *Service) Unasked(user account.User) bool {
	demanded := s.Demands(user) && len(s.usable(user)) == 0
	return demanded == user.Protection.EnrolBy.IsZero()
}

// Ask tells the user, in a change that is saved with it, until when to enrol; or, where nothing is demanded any more,
// forgets that anybody has asked, so that a later demand has its own grace.
func (s *Service) Ask(user *account.User) {
	switch now := s.deps.Clock.Now(); {
	case !s.Unasked(*user):
	case user.Protection.EnrolBy.IsZero():
		user.Protection.EnrolBy = now.Add(s.config.Grace)
	default:
		user.Protection.EnrolBy = time.Time{}
	}
}

// Require demands a second factor of one account, or takes the demand back, for an operator. The grace begins at
// once. core.ErrNotFound.
func (s *Service) Require(ctx context.Context, user core.ID, required bool) error {
	return core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		_, saved, err := account.Edit(ctx, s.deps.Users, user, func(user *account.User) error {
			user.Protection.Required, user.UpdatedAt = required, s.deps.Clock.Now()
			s.Ask(user)
			return nil
		})
		if err != nil {
			return nil, err
		}
		outcome := map[bool]string{true: "on", false: "off"}[required]
		return []core.Change{saved}, s.deps.Trail.Record(ctx, audit.Event{
			Action: audit.ActionRequireFactor, ActorKind: audit.Operator, Subject: user,
			Metadata: map[string]string{"required": outcome},
		})
	})
}

// Offers reports whether the user may finish a sign-in by the kind.
func (s *Service) Offers(user account.User, kind Kind) bool {
	return slices.Contains(s.Offered(user), kind)
}
