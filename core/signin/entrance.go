package signin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/doorward/doorward/core"
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
	// judge decides over the user as they are, again when they have changed since they were read.
	judge func(account.User) error
	// events are what is to be told beside the sign-in itself.
	events []audit.Event
}

// letIn opens the session, and writes with it all that the sign-in changes. Every way in ends here.
func (s *Service) letIn(ctx context.Context, in entrance) (SignedIn, error) {
	met, token := s.deps.Devices.Meet(ctx, in.user.ID, in.known, in.trust)
	arrival := session.Arrival{
		Factors: in.factors, Device: met, Renews: in.known != nil, Clear: in.clear,
		Events: append([]audit.Event{{
			Action: audit.ActionSignIn, Actor: in.user.ID, Subject: in.user.ID, Metadata: map[string]string{
				"factor": strings.Join(in.factors, " "), "device": familiarity(in.known),
			},
		}}, in.events...),
	}
	user := in.user
	opened, err := s.deps.Sessions.Start(ctx, user, arrival)
	if errors.Is(err, core.ErrConflict) {
		if user, err = s.deps.Users.Find(ctx, user.ID); err == nil {
			err = in.judge(user)
		}
		if err == nil {
			opened, err = s.deps.Sessions.Start(ctx, user, arrival)
		}
	}
	if err != nil {
		return SignedIn{}, fmt.Errorf("start session: %w", err)
	}
	signedIn, err := s.mint(user, opened)
	signedIn.DeviceToken, signedIn.DeviceExpiresIn = token, met.ExpiresAt.Sub(met.LastUsedAt)
	return signedIn, err
}

func familiarity(known *device.Device) string {
	if known == nil {
		return "new"
	}
	return "known"
}
