package wire

import (
	"context"
	"fmt"
	"log/slog"

	"go.uber.org/fx"

	"github.com/doorward/doorward/adapters/jwt"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/token"
)

// keysIn are what the ring of signing keys is made of.
type keysIn struct {
	fx.In
	Lifecycle fx.Lifecycle
	Settings  config.Settings
	Store     token.KeyStore
	Tx        core.Transactor
	Master    *secret.Ring
	Clock     core.Clock
	IDs       *core.IDs
	Log       *slog.Logger
}

// newKeyRing makes the ring of signing keys. It loads them at start, and makes the first one where there is
// none.
func newKeyRing(in keysIn) (*token.Ring, error) {
	algorithm, err := token.ParseAlgorithm(in.Settings.Tokens.Algorithm)
	if err != nil {
		return nil, err
	}
	ring := token.NewRing(
		token.RingDeps{Store: in.Store, Tx: in.Tx, Master: in.Master, Clock: in.Clock, IDs: in.IDs, Log: in.Log},
		token.RingConfig{
			// Old keys are published until the longest-lived token that they have signed is dead.
			Algorithm: algorithm, TokenTTL: max(in.Settings.Tokens.AccessTTL, in.Settings.Tokens.ImpersonationTTL), RotateEvery: in.Settings.Tokens.KeyMaxAge,
		})
	in.Lifecycle.Append(fx.StartHook(func(ctx context.Context) error {
		if err := ring.Load(ctx); err != nil {
			return fmt.Errorf("the signing keys: %w", cause(err))
		}
		return nil
	}))
	return ring, nil
}

// newSigner gives the signer of access tokens behind its memory of verified ones.
func newSigner(settings config.Settings, keys *token.Ring, clock core.Clock) *token.VerifiedMemory {
	signer := jwt.New(keys, clock, jwt.Config{Issuer: settings.Tokens.Issuer, Audience: settings.Tokens.Audience})
	return token.NewVerifiedMemory(signer, keys, clock, token.VerifiedSize)
}

func newIssuer(settings config.Settings, signer token.Signer, clock core.Clock, ids *core.IDs) *token.Issuer {
	return token.NewIssuer(signer, clock, ids, token.IssuerConfig{
		Issuer: settings.Tokens.Issuer, Audience: settings.Tokens.Audience,
		ClientID: settings.Tokens.ClientID, TTL: settings.Tokens.AccessTTL,
	})
}

func newReferences(settings config.Settings, ring *secret.Ring) *session.References {
	return session.NewReferences(ring, settings.Tokens.Issuer)
}

var tokensModule = fx.Module("tokens", fx.Provide(newKeyRing, newSigner, newIssuer, newReferences, session.NewBindings))
