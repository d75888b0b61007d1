package apitoken

import (
	"cmp"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/origin"
)

// Config are the settings of tokens.
type Config struct {
	// MaxTTL is the longest that a personal token is good; DefaultMaxTTL when zero (PERSONAL_TOKEN_MAX_TTL).
	MaxTTL time.Duration
	// RecentWindow is how old the last proof of identity may be for making one; account.DefaultRecentWindow when zero.
	RecentWindow time.Duration
}

// Deps are what a Service is made of. All are needed.
type Deps struct {
	Tokens   Tokens
	Accounts ServiceAccounts
	Keys     Keys
	Users    Users
	Access   access.Lookup
	Warden   *access.Warden
	Post     mail.Post
	Trail    *audit.Trail
	Tx       core.Transactor
	Clock    core.Clock
	IDs      *core.IDs
	Origins  *origin.Reader
}

// Service is what people do with their tokens, and administrators with service accounts and their keys. Safe for
// concurrent use.
type Service struct {
	deps   Deps
	config Config
}

// NewService makes the service.
func NewService(deps Deps, config Config) *Service {
	config.MaxTTL = cmp.Or(config.MaxTTL, DefaultMaxTTL)
	config.RecentWindow = cmp.Or(config.RecentWindow, account.DefaultRecentWindow)
	return &Service{deps: deps, config: config}
}
