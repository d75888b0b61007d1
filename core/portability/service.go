package portability

import (
	"cmp"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
)

// The sizes of batches. Two hundred accounts take some milliseconds, which is how long administrators wait for each
// other, and a few hundred kilobytes.
const (
	batchSize = 200
	pageSize  = 500
)

// Config are the settings of moving accounts.
type Config struct {
	// RecentWindow is how old the last proof of identity may be for an export of hashes;
	// account.DefaultRecentWindow when zero.
	RecentWindow time.Duration
}

// Deps are what a Service is made of. All are needed.
type Deps struct {
	Store       Store
	Users       account.Store
	Memberships access.Memberships
	Obligations access.Obligations
	Sessions    account.SessionEnder
	Secrets     SecretKiller
	Warden      *access.Warden
	Hashes      Hashes
	Tx          core.Transactor
	Announcer   core.Announcer
	Trail       *audit.Trail
	Clock       core.Clock
	IDs         *core.IDs
}

// Service moves accounts in and out. Safe for concurrent use.
type Service struct {
	deps   Deps
	config Config
}

// NewService makes the service.
func NewService(deps Deps, config Config) *Service {
	config.RecentWindow = cmp.Or(config.RecentWindow, account.DefaultRecentWindow)
	return &Service{deps: deps, config: config}
}
