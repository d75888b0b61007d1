package signin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/session"
)

// entrance is somebody who has proven all that is asked of them, whichever way they came.
type entrance struct {
	user account.User
	// factors are RFC 8176 names, in the order used.
	factors []string
	// known is the device that the client showed, nil for a client that is not known; trust spares it the second
	// factor from now on.
	known *device.Device
	trust bool
	// clear are the counters of failed tries that the success forgets.
	clear []lockout.Counters
	// second tells that a second factor is among the factors.
	second bool
	// judge decides over the user as they are, again when they have changed since they were read.
	judge func(account.User) error
	// along is what else stands or falls with the session, in its transaction; nil for nothing.
	along func(ctx context.Context, user account.User) error
	// events are what is to be told beside the sign-in itself.
	events []audit.Event
}

// letIn opens the session, and writes with it all that the sign-in changes. Every way in ends here, and here alone it
// is decided whether a second factor is wanted: errSecondStep.
func (s *Service) letIn(ctx context.Context, in entrance) (SignedIn, error) {
	catalogue, err := s.catalogue(ctx)
	if err != nil {
		return SignedIn{}, err
	}
	user, err := s.enter(ctx, in, catalogue)
	if err != nil {
		return SignedIn{}, err
	}
	met, token := s.deps.Devices.Meet(ctx, in.user.ID, in.known, in.trust)
	opened, err := s.deps.Sessions.Start(ctx, user, in.arrival(met, user))
	if errors.Is(err, core.ErrConflict) {
		if in.user, err = s.deps.Users.Find(ctx, user.ID); err == nil {
			user, err = s.enter(ctx, in, catalogue)
		}
		if err == nil {
			opened, err = s.deps.Sessions.Start(ctx, user, in.arrival(met, user))
		}
	}
	if err != nil {
		return SignedIn{}, fmt.Errorf("start session: %w", err)
	}
	signedIn, err := s.mint(user, opened, catalogue)
	signedIn.DeviceToken, signedIn.DeviceExpiresIn = token, met.ExpiresAt.Sub(met.LastUsedAt)
	return signedIn, err
}

func (in entrance) arrival(met device.Device, user account.User) session.Arrival {
	arrival := session.Arrival{
		Factors: in.factors, Device: met, Renews: in.known != nil, Clear: in.clear,
		Events: append([]audit.Event{{
			Action: audit.ActionSignIn, Actor: in.user.ID, Subject: in.user.ID, Metadata: map[string]string{
				"factor": strings.Join(in.factors, " "), "device": familiarity(in.known),
			},
		}}, in.events...),
	}
	if in.along != nil {
		arrival.Along = func(ctx context.Context) error { return in.along(ctx, user) }
	}
	return arrival
}

// enter judges the user, and writes what a sign-in changes of the account itself: a deactivated one comes back, and
// whoever must have a second factor and has none hears until when to enrol.
func (s *Service) enter(ctx context.Context, in entrance, catalogue *access.Catalogue) (account.User, error) {
	if err := s.judge(in, in.user); err != nil {
		return account.User{}, err
	}
	if in.user.Status != account.StatusDeactivated && !s.deps.Factors.Unasked(in.user, catalogue.Rights(&in.user).SecondFactorSince) {
		return in.user, nil
	}
	user, saved, err := account.Edit(ctx, s.deps.Users, in.user.ID, func(user *account.User) error {
		if err := s.judge(in, *user); err != nil {
			return err
		}
		user.Status, user.UpdatedAt = account.StatusActive, s.deps.Clock.Now()
		s.deps.Factors.Ask(user, catalogue.Rights(user).SecondFactorSince)
		return nil
	})
	if err != nil {
		return account.User{}, err
	}
	s.deps.Announcer.Announce(ctx, saved)
	return user, nil
}

func (s *Service) judge(in entrance, user account.User) error {
	if err := in.judge(user); err != nil {
		return err
	}
	if s.needsSecondStep(in, user) {
		return errSecondStep
	}
	return nil
}

func familiarity(known *device.Device) string {
	if known == nil {
		return "new"
	}
	return "known"
}
