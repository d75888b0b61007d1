package token

import (
	"cmp"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
)

// AccessTTL is how long an access token lives unless the deployment says otherwise.
const AccessTTL = 15 * time.Minute

// Leeway is how far the clocks of two machines may differ before a token is refused for its times
// (RFC 7519 §4.1.4 permits "no more than a few minutes"). Expiry is given the same leeway.
const Leeway = 5 * time.Second

// The authentication contexts of the acr claim, named for the levels of NIST SP 800-63B-4 §2.
const (
	// ACRSingle is one factor.
	ACRSingle = "aal1"
	// ACRMulti is more than one factor; sign-in then adds FactorMultiple to the factors.
	ACRMulti = "aal2"
)

// FactorMultiple is the amr name of a sign-in that used more than one kind of factor (RFC 8176 §2).
const FactorMultiple = "mfa"

// Grant is what an access token is to attest. Factors and Roles are kept by reference: do not change
// them afterwards.
type Grant struct {
	UserID    core.ID
	SessionID core.ID
	// AuthTime is when the person last proved who they are.
	AuthTime time.Time
	// Factors are RFC 8176 amr names, in the order used.
	Factors []string
	Roles   []string
	// Actor is the administrator who impersonates the user; SessionID, AuthTime and Factors are then theirs.
	Actor core.ID
	// TTL is how long the token is good; that of the issuer when zero.
	TTL time.Duration
	// NotAfter is when the session ends for good; the token dies no later.
	NotAfter time.Time
}

// Access is a fresh access token as its client receives it.
type Access struct {
	Token     string
	ExpiresAt time.Time
}

// IssuerConfig is in whose name tokens are made, for whom, and for how long.
type IssuerConfig struct {
	Issuer   string
	Audience string
	// ClientID is the client_id claim (RFC 9068 §2.2); the audience when empty.
	ClientID string
	// TTL is AccessTTL when zero.
	TTL time.Duration
}

// Issuer mints access tokens.
type Issuer struct {
	signer Signer
	clock  core.Clock
	ids    *core.IDs
	config IssuerConfig
}

// NewIssuer makes an issuer that signs with signer.
func NewIssuer(signer Signer, clock core.Clock, ids *core.IDs, config IssuerConfig) *Issuer {
	if config.TTL == 0 {
		config.TTL = AccessTTL
	}
	if config.ClientID == "" {
		config.ClientID = config.Audience
	}
	return &Issuer{signer: signer, clock: clock, ids: ids, config: config}
}

// Own is in whose name tokens are made, as it is with every default filled in.
func (i *Issuer) Own() IssuerConfig { return i.config }

// Access mints a token for the grant: now, for the TTL, but never beyond grant.NotAfter. It waits for
// nothing. Errors are KindUnavailable, when no signing key is loaded, or KindInternal.
func (i *Issuer) Access(grant Grant) (Access, error) {
	now := i.clock.Now().Truncate(time.Second) // NumericDate is written in whole seconds
	expires := now.Add(cmp.Or(grant.TTL, i.config.TTL))
	if !grant.NotAfter.IsZero() && grant.NotAfter.Before(expires) {
		expires = grant.NotAfter.Truncate(time.Second)
	}
	raw, err := i.signer.Sign(Claims{
		ID: i.ids.New(), Issuer: i.config.Issuer, Audience: i.config.Audience, ClientID: i.config.ClientID,
		Subject: grant.UserID, SessionID: grant.SessionID, IssuedAt: now, ExpiresAt: expires,
		AuthTime: grant.AuthTime.Truncate(time.Second), Factors: grant.Factors, ACR: ACR(grant.Factors),
		Roles: grant.Roles, Actor: grant.Actor,
	})
	return Access{Token: raw, ExpiresAt: expires}, err
}

// ACR is the authentication context that a set of factors amounts to.
func ACR(factors []string) string {
	if slices.Contains(factors, FactorMultiple) {
		return ACRMulti
	}
	return ACRSingle
}
