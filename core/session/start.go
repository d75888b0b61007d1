package session

import (
	"context"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/secret"
)

// Arrival is how somebody comes in.
type Arrival struct {
	// Factors are RFC 8176 names, in the order used.
	Factors []string
	// Device is the client's, the zero ID for none; Renews tells that it was known before. The owner of an
	// account that was in use is told of a client that was not.
	Device device.Device
	Renews bool
	// Clear are the counters of failed tries that the success forgets.
	Clear []lockout.Counters
	// Events tell of it; they are completed, and bound to the session.
	Events []audit.Event
	// Along is what else stands or falls with the session: it runs in its transaction, after the user's row was
	// locked. nil for nothing.
	Along func(ctx context.Context) error
}

// Start opens a session for a person who has just proven who they are, on the client that ctx carries. All that
// the sign-in writes stands with it or not at all. The user's oldest sessions beyond the limit end, the owner is
// told, and every replica knows of it before Start returns. Call it outside of a transaction. core.ErrConflict
// when the user has changed since it was read, or is not active: read and judge it anew.
func (s *Service) Start(ctx context.Context, user account.User, arrival Arrival) (Session, error) {
	opening, err := s.opening(ctx, user, arrival)
	if err != nil {
		return Session{}, err
	}
	evicted, err := s.open(ctx, opening, arrival.Along)
	if err != nil {
		return Session{}, err
	}
	s.ended(ctx, EndEvicted, evicted...)
	return opening.Session, nil
}

func (s *Service) open(
	ctx context.Context, opening Opening, along func(ctx context.Context) error,
) (evicted []core.Change, err error) {
	if along == nil {
		return s.deps.Store.Open(ctx, opening)
	}
	err = s.deps.Tx.InTx(ctx, func(ctx context.Context) (err error) {
		if evicted, err = s.deps.Store.Open(ctx, opening); err != nil {
			return err
		}
		return along(ctx)
	})
	return evicted, err
}

func (s *Service) opening(ctx context.Context, user account.User, arrival Arrival) (opening Opening, err error) {
	opened := s.fresh(ctx, user.ID, arrival.Factors)
	// By this moment a session without a cookie finds its device in the list.
	arrival.Device.LastUsedAt = opened.CreatedAt
	opening = Opening{
		Session: opened, UserRev: user.Rev, Limit: s.config.Limit,
		Device: arrival.Device, Renews: arrival.Renews, Clear: arrival.Clear,
		Evicted: s.deps.Trail.Event(ctx, audit.Event{
			Action: audit.ActionEvict, Reason: string(EndEvicted), ActorKind: audit.System, Subject: user.ID, SessionID: opened.ID,
		}),
	}
	for _, event := range arrival.Events {
		event.SessionID = opened.ID
		opening.Events = append(opening.Events, s.deps.Trail.Event(ctx, event))
	}
	opening.Farewell, err = s.deps.Sealer.Seal(account.NewLetter(mail.KindSessionEvicted, user, opened.Device, opened.CreatedAt))
	if err == nil && !arrival.Renews && !arrival.Device.ID.IsZero() {
		opening.NewDevice, err = s.deps.Sealer.Seal(account.NewLetter(mail.KindNewDevice, user, opened.Device, opened.CreatedAt))
	}
	return opening, err
}

func (s *Service) fresh(ctx context.Context, user core.ID, factors []string) Session {
	now := s.deps.Clock.Now()
	nonce := newNonce()
	idle, limit := now.Add(s.config.IdleTTL), now.Add(s.config.MaxTTL)
	if limit.Before(idle) {
		idle = limit
	}
	return Session{
		ID:            s.deps.IDs.New(),
		UserID:        user,
		Device:        s.deps.Origins.Of(ctx),
		Factors:       factors,
		AuthTime:      now,
		CreatedAt:     now,
		LastUsedAt:    now,
		IdleExpiresAt: idle,
		ExpiresAt:     limit,
		Chain:         Chain{Nonce: nonce, Branches: 1, RotatedAt: now},
		Rev:           1,
	}
}

func newNonce() Nonce { return Nonce(secret.Random(len(Nonce{}))) }
