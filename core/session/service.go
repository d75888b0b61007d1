package session

import (
	"context"
	"log/slog"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/origin"
)

// Config are the lifetimes and limits of sessions.
type Config struct {
	// IdleTTL is how long a session lives after its last refresh, MaxTTL how long after its sign-in
	// (NIST SP 800-63B-4 §2.1.3: 30 days at most for one factor).
	IdleTTL time.Duration
	MaxTTL  time.Duration
	// Limit is how many sessions a user has at once; one more ends the oldest.
	Limit int
	// Grace is the window within which a racing or repeated refresh is answered with the same token.
	Grace time.Duration
}

// DefaultConfig are the lifetimes for a deployment that sets none.
func DefaultConfig() Config {
	return Config{IdleTTL: 168 * time.Hour, MaxTTL: 720 * time.Hour, Limit: 10, Grace: 10 * time.Second}
}

// Owners finds the owner of a session; account.Store is one.
type Owners interface {
	// Find gives a user of any status. core.ErrNotFound.
	Find(ctx context.Context, id core.ID) (account.User, error)
}

// Observer counts what happens to sessions. Its methods return at once.
type Observer interface {
	// Refreshed tells how one refresh ended: by the name of an Outcome, as "ended" for a session that is
	// over, or as "invalid" for a token that is not genuine.
	Refreshed(result string)
	// Ended tells that sessions were ended, and why.
	Ended(reason EndReason, sessions int)
	// Published tells how long the delivery of changes to the caches took, and whether it failed.
	Published(changes int, took time.Duration, err error)
}

// The results of a refresh that no Outcome names.
const (
	ResultEnded   = "ended"
	ResultInvalid = "invalid"
)

// Deps are what the use cases need. Observer and Log may be nil.
type Deps struct {
	Store Store
	Ender Ender
	// Lookup is the one that every request asks, with its caches.
	Lookup     Lookup
	Owners     Owners
	Tx         core.Transactor
	Announcer  core.Announcer
	Post       mail.Post
	Sealer     mail.Sealer
	Trail      *audit.Trail
	Origins    *origin.Reader
	References *References
	Clock      core.Clock
	IDs        *core.IDs
	Observer   Observer
	Log        *slog.Logger
}

// Service is the use cases of sessions: Start, Refresh, Authenticate, List, End, SignOut, EndOthers,
// EndByRefreshToken, EndAll and Prove. Safe for concurrent use.
type Service struct {
	deps   Deps
	config Config
}

// NewService makes the use cases.
func NewService(deps Deps, config Config) *Service {
	if deps.Observer == nil {
		deps.Observer = unobserved{}
	}
	if deps.Log == nil {
		deps.Log = core.Discard()
	}
	return &Service{deps: deps, config: config}
}

type unobserved struct{}

// Refreshed implements Observer.
func (unobserved) Refreshed(string) {}

// Ended implements Observer.
func (unobserved) Ended(EndReason, int) {}

// Published implements Observer.
func (unobserved) Published(int, time.Duration, error) {}

// The refusals of a session.
var (
	// ErrEnded answers whoever holds a token of a session that is over, whatever ended it.
	ErrEnded = core.NewError(core.KindUnauthenticated, core.CodeSessionEnded, "The session has ended. Please sign in again.")
	// ErrReused answers the refresh by which a theft was found. The session has ended and its owner was told.
	ErrReused = core.NewError(core.KindUnauthenticated, core.CodeRefreshReused,
		"This refresh token was used before, so the session was ended. Please sign in again.")
)
