package device

import (
	"cmp"
	"context"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/secret"
)

// Config is how long devices are known.
type Config struct {
	// TTL is for how long after its last sign-in; DefaultTTL when zero (DEVICE_TTL).
	TTL time.Duration
	// TrustTTL is how long a trusted one is spared the second factor; DefaultTrustTTL when zero
	// (TRUSTED_DEVICE_TTL).
	TrustTTL time.Duration
}

// Deps are what a Service is made of. All are needed.
type Deps struct {
	Store   Store
	Tx      core.Transactor
	Origins *origin.Reader
	Trail   *audit.Trail
	Clock   core.Clock
	IDs     *core.IDs
}

// Service is the known devices of an account. Safe for concurrent use.
type Service struct {
	deps   Deps
	config Config
}

// NewService makes the service.
func NewService(deps Deps, config Config) *Service {
	config.TTL = cmp.Or(config.TTL, DefaultTTL)
	config.TrustTTL = cmp.Or(config.TrustTTL, DefaultTrustTTL)
	return &Service{deps: deps, config: config}
}

// Meet gives the device of the client that ctx carries, for a store to write, and the token that the client is
// to keep: a new one, or none where it was known and goes on with its own. trust spares it the second factor
// from now on.
func (s *Service) Meet(ctx context.Context, user core.ID, known *Device, trust bool) (met Device, token string) {
	now := s.deps.Clock.Now()
	if known != nil {
		met = *known
	} else {
		met = Device{ID: s.deps.IDs.New(), UserID: user, CreatedAt: now}
		token, met.Digest = secret.NewToken()
	}
	met.From, met.LastUsedAt, met.ExpiresAt = s.deps.Origins.Of(ctx), now, now.Add(s.config.TTL)
	if trust {
		met.TrustedUntil = now.Add(s.config.TrustTTL)
	}
	return met, token
}

// Admit makes the client that ctx carries a known device of the user, in ctx's transaction, and gives the token
// that it is to keep. core.ErrNotFound when the user is gone.
func (s *Service) Admit(ctx context.Context, user core.ID) (Device, string, error) {
	met, token := s.Meet(ctx, user, nil, false)
	return met, token, s.deps.Store.Put(ctx, met)
}

// List gives a page of the user's devices, newest first, and where the next page begins; that is zero on the last
// one. A limit out of bounds becomes the nearest one within, none the default.
func (s *Service) List(ctx context.Context, user core.ID, page core.Page) (devices []Device, next core.Position, err error) {
	return core.ReadPage(page, func(page core.Page) ([]Device, error) {
		return s.deps.Store.List(ctx, user, s.deps.Clock.Now(), page)
	}, func(last Device) core.Position { return core.Position{At: last.CreatedAt, ID: last.ID} })
}

// Forget forgets one of the caller's devices: it is neither known nor trusted any more. Its sessions go on.
// core.ErrNotFound when the caller has no such device.
func (s *Service) Forget(ctx context.Context, caller core.Principal, id core.ID) error {
	return s.forget(ctx, caller, map[string]string{"device": id.String()}, func(ctx context.Context) error {
		return s.deps.Store.Forget(ctx, caller.UserID, id)
	})
}

// ForgetAll forgets all of the caller's devices.
func (s *Service) ForgetAll(ctx context.Context, caller core.Principal) error {
	return s.forget(ctx, caller, map[string]string{"device": "all"}, func(ctx context.Context) error {
		return s.deps.Store.ForgetAll(ctx, caller.UserID)
	})
}

func (s *Service) forget(
	ctx context.Context, caller core.Principal, which map[string]string, act func(ctx context.Context) error,
) error {
	return s.deps.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := act(ctx); err != nil {
			return err
		}
		return s.deps.Trail.Record(ctx, audit.Event{
			Action: audit.ActionDeviceForget, Actor: caller.UserID, Subject: caller.UserID, SessionID: caller.SessionID, Metadata: which,
		})
	})
}
