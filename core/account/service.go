package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/verification"
)

// Config are the settings of the account's use cases.
type Config struct {
	// RecentWindow is how old the last proof of identity may be for an act that needs a recent one.
	RecentWindow time.Duration
	// DeletionGrace is how long a deleted account can be restored before it is purged.
	DeletionGrace time.Duration
}

// The defaults of Config.
const (
	// DefaultRecentWindow is a third of the thirty minutes of idleness after which NIST SP 800-63B-4 §2.2.3
	// wants a person at AAL2 to prove again who they are.
	DefaultRecentWindow = 10 * time.Minute
	// DefaultDeletionGrace is the month within which people notice.
	DefaultDeletionGrace = 720 * time.Hour
	// UndoWindow is how long an email change can be taken back from the old address.
	UndoWindow = 7 * 24 * time.Hour
)

// Deps are what a Service is made of. All are needed.
type Deps struct {
	Users     Store
	Sessions  SessionEnder
	Desk      *verification.Desk
	Prover    *verification.Prover
	Ring      *secret.Ring
	Post      mail.Post
	Tx        core.Transactor
	Announcer core.Announcer
	Clock     core.Clock
	// Devices names the client of a request for a letter.
	Devices DeviceNames
}

// DeviceNames turns a User-Agent header into words for a letter ("Firefox on Linux"), empty where it is
// unknown. It uses words from a fixed list, never the header's own: strangers could otherwise write into
// somebody's mail.
type DeviceNames func(userAgent string) string

// Service is what people do with their own account.
type Service struct {
	Deps
	config Config
}

// NewService makes the service.
func NewService(deps Deps, config Config) *Service { return &Service{Deps: deps, config: config} }

// Handlers are the handlers of the intakes that this service writes.
func (s *Service) Handlers() verification.Handlers {
	return verification.Handlers{kindEmailChange: verification.HandlerFunc(s.resolveEmailChange)}
}

// FactorPassword is the factor that satisfies a demand for a recent sign-in (RFC 8176 amr).
const FactorPassword = "pwd"

// recent refuses a caller who has not proven lately who they are.
func (s *Service) recent(principal core.Principal) error {
	return principal.RequireRecent(s.Clock.Now(), s.config.RecentWindow, FactorPassword)
}

// editTries is how often Edit reads and writes before it gives a conflict up: two honest clients of one
// person never collide that often.
const editTries = 5

// Edit reads the user, lets change alter them and saves; when somebody else wrote in between it reads
// again and starts over. It is the one place where conflicts of revisions are resolved. change may run
// several times, and an error of it is returned as it is. The user returned carries the new Rev.
// core.ErrNotFound; core.ErrConflict after the fifth collision; ErrEmailTaken, ErrUsernameTaken.
func Edit(ctx context.Context, users Store, id core.ID, change func(user *User) error) (User, core.Change, error) {
	for try := 1; ; try++ {
		user, err := users.Find(ctx, id)
		if err != nil {
			return User{}, core.Change{}, fmt.Errorf("find user: %w", err)
		}
		if err := change(&user); err != nil {
			return User{}, core.Change{}, err
		}
		saved, err := users.Save(ctx, user)
		switch {
		case err == nil:
			user.Rev = saved.Rev
			return user, saved, nil
		case !errors.Is(err, core.ErrConflict) || try == editTries:
			return User{}, core.Change{}, fmt.Errorf("save user: %w", err)
		}
	}
}

// Letter addresses a letter to the user and tells when and from where the act was done.
func (d DeviceNames) Letter(kind mail.Kind, user User, client core.Client, now time.Time) mail.Letter {
	letter := mail.Letter{
		Kind: kind, To: user.Email, Locale: user.Profile.Locale, Name: user.Profile.Name,
		At: now, Device: d(client.UserAgent),
	}
	if client.IP.IsValid() {
		letter.IP = client.IP.String()
	}
	return letter
}
