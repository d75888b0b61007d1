package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/retention"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

// Invalid is every problem of the settings.
type Invalid struct{ Problems []string }

// Error lists the problems, one a line.
func (i Invalid) Error() string {
	return "the settings are not valid:\n  - " + strings.Join(i.Problems, "\n  - ")
}

type findings struct{ problems []string }

func (f *findings) require(holds bool, format string, args ...any) {
	if !holds {
		f.problems = append(f.problems, fmt.Sprintf(format, args...))
	}
}

func (s Settings) check() []string {
	found := &findings{}
	found.require(s.Profile.Environment == Development || s.Profile.Environment == Production,
		"APP_ENV is development or production.")
	s.checkServer(found)
	s.checkStorage(found)
	s.checkMail(found)
	s.checkLifetimes(found)
	s.checkPasswords(found)
	s.checkLimits(found)
	found.require(slices.Contains([]string{"debug", "info", "warn", "error"}, s.Log.Level), "LOG_LEVEL is debug, info, warn or error.")
	_, err := mail.ParseAddress(s.Seed.OwnerEmail)
	found.require(err == nil, "OWNER_EMAIL is not an address.")
	found.require(s.Log.Format == "console" || s.Log.Format == "json", "LOG_FORMAT is console or json.")
	found.require(s.Cleanup.BatchSize >= 1 && s.Cleanup.BatchSize <= retention.BatchMax, "CLEANUP_BATCH is 1 to 10000.")
	if s.Profile.Environment == Production {
		s.checkProduction(found)
	}
	return found.problems
}

func (s Settings) checkServer(found *findings) {
	found.require(s.Server.Port >= 0 && s.Server.Port <= 65535, "PORT is 0 to 65535.")
	_, _, err := net.SplitHostPort(s.Server.AdminAddr)
	found.require(err == nil || s.Server.AdminAddr == "", "ADMIN_ADDR is host:port.")
	for name, text := range map[string]string{"APP_URL": s.Server.AppURL, "FRONTEND_URL": s.Server.FrontendURL} {
		found.require(isBaseURL(text), "%s is an absolute http or https URL without query or fragment.", name)
	}
	for _, origin := range s.Server.CORSOrigins {
		found.require(isOrigin(origin),
			"CORS_ORIGINS is a list of origins such as https://app.example.com, without wildcards, paths or spaces: %q is none.", origin)
	}
	found.require(s.Server.MaxConnections >= 16, "MAX_CONNECTIONS is 16 at least.")
	found.require(s.Server.BodyLimit >= 64<<10, "BODY_LIMIT is 65536 at least.")
	found.require(s.Server.ImportBodyLimit >= 64<<10, "IMPORT_BODY_LIMIT is 65536 at least.")
	found.require(s.Server.StreamTimeout >= time.Minute, "STREAM_TIMEOUT is a minute at least.")
	found.require(s.Server.RequestTimeout >= time.Second, "REQUEST_TIMEOUT is 1s at least.")
	found.require(s.Server.DrainDelay >= 0, "DRAIN_DELAY is not negative.")
}

func isBaseURL(text string) bool {
	parsed, err := url.Parse(text)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Host != "" &&
		parsed.RawQuery == "" && parsed.Fragment == "" && parsed.User == nil
}

// isOrigin reports whether a text is an origin in the one spelling that browsers send. A wildcard is none, and
// neither is null, which any site can make its pages send.
func isOrigin(text string) bool {
	return isBaseURL(text) && text == api.OriginOf(text) && !strings.Contains(text, "*")
}

func (s Settings) checkStorage(found *findings) {
	database := s.Storage.DatabaseURL.Reveal()
	found.require(strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://") || s.SQLite(),
		"DATABASE_URL begins with postgres:// or sqlite://.")
	_, readable := readDatabase(database)
	found.require(readable || s.SQLite(), "DATABASE_URL is malformed.")
	cache := s.Storage.ValkeyURL.Reveal()
	found.require(cache == "" || hasScheme(cache, "redis", "rediss", "valkey", "valkeys"),
		"VALKEY_URL begins with redis://, rediss:// or valkey://.")
	found.require(cache == "" || namesPeer(cache), "VALKEY_URL is malformed.")
	if ring := s.Storage.MasterKeys.Reveal(); ring != "" {
		_, err := secret.ParseRing(ring)
		found.require(err == nil, "MASTER_KEYS is not a key ring: %v.", err)
	}
	found.require(s.Storage.DatabaseMaxConns >= 2, "DATABASE_MAX_CONNS is 2 at least.")
	found.require(s.Storage.DatabaseTimeout >= 100*time.Millisecond, "DATABASE_TIMEOUT is 100ms at least.")
}

// namesPeer reports whether a URL can be read and says where to go.
func namesPeer(text string) bool {
	read, ok := readPeer(text)
	return ok && read.named()
}

func hasScheme(text string, schemes ...string) bool {
	scheme, _, found := strings.Cut(text, "://")
	return found && slices.Contains(schemes, scheme)
}

func (s Settings) checkMail(found *findings) {
	smtp := s.Mail.SMTPURL.Reveal()
	found.require(smtp == "" || hasScheme(smtp, "smtp", "smtps"), "SMTP_URL begins with smtp:// or smtps://.")
	found.require(smtp == "" || namesPeer(smtp), "SMTP_URL is malformed.")
	_, err := mail.ParseAddress(s.Mail.From)
	found.require(err == nil, "MAIL_FROM is not an address.")
	found.require(smtp != "" || s.Mail.DevMailbox, "SMTP_URL is not set and DEV_MAILBOX is off: mails could not leave.")
	found.require(smtp == "" || !s.Mail.DevMailbox, "SMTP_URL is set and DEV_MAILBOX is on: choose one.")
}

func (s Settings) checkLifetimes(found *findings) {
	positive := map[string]time.Duration{
		"ACCESS_TOKEN_TTL": s.Tokens.AccessTTL, "SESSION_IDLE_TTL": s.Accounts.SessionIdleTTL,
		"SESSION_MAX_TTL": s.Accounts.SessionMaxTTL, "REAUTHENTICATION_TTL": s.Accounts.ReauthenticationTTL, "RETAIN_SESSIONS": s.Cleanup.Sessions,
		"RETAIN_MAIL": s.Cleanup.Mail, "RETAIN_MAILBOX": s.Cleanup.Mailbox, "RETAIN_AUDIT": s.Cleanup.Audit,
		"RETAIN_LOGIN_ATTEMPTS": s.Cleanup.LoginAttempts, "UNLOCK_LINK_TTL": s.Lockout.UnlockLinkTTL,
		"DEVICE_TTL": s.Lockout.DeviceTTL, "TRUSTED_DEVICE_TTL": s.Lockout.TrustedDeviceTTL,
	}
	for name, ttl := range positive {
		found.require(ttl > 0, "%s is more than 0s.", name)
	}
	// A letter leaves out what ends within half a minute, and the code beside these links is good for five.
	found.require(s.Accounts.RegistrationTTL >= verification.CodeTTL, "REGISTRATION_TTL is 5m at least.")
	found.require(s.Accounts.ResetLinkTTL >= verification.CodeTTL, "RESET_LINK_TTL is 5m at least.")
	found.require(s.Accounts.InvitationTTL >= verification.CodeTTL, "INVITATION_TTL is 5m at least.")
	found.require(s.Accounts.DeletionGrace >= time.Minute, "DELETION_GRACE is 1m at least.")
	found.require(s.Accounts.SessionIdleTTL <= s.Accounts.SessionMaxTTL, "SESSION_IDLE_TTL is not longer than SESSION_MAX_TTL.")
	found.require(s.Tokens.AccessTTL <= s.Accounts.SessionIdleTTL, "ACCESS_TOKEN_TTL is not longer than SESSION_IDLE_TTL.")
	found.require(s.Accounts.RefreshGrace >= 0 && s.Accounts.RefreshGrace <= time.Minute, "REFRESH_GRACE is 0s to 1m.")
	found.require(s.Factors.Require == RequireNone || s.Factors.Require == RequireAll, "REQUIRE_SECOND_FACTOR is off or all.")
	found.require(s.Tokens.PersonalMaxTTL >= apitoken.MinTTL, "PERSONAL_TOKEN_MAX_TTL is 1m at least.")
	found.require(s.Tokens.ImpersonationTTL >= signin.MinImpersonationTTL && s.Tokens.ImpersonationTTL <= signin.MaxImpersonationTTL,
		"IMPERSONATION_TTL is 1m to 1h.")
	found.require(s.Factors.Grace >= 0, "SECOND_FACTOR_GRACE is not negative.")
	found.require(s.Accounts.SessionLimit >= 1, "SESSION_LIMIT is 1 at least.")
	found.require(s.Lockout.Tries >= 1 && s.Lockout.Tries <= 10, "MAX_LOGIN_ATTEMPTS is 1 to 10.")
	found.require(s.Lockout.Duration >= time.Minute, "LOCKOUT_DURATION is 1m at least.")
	found.require(slices.Contains([]string{"ES256", "EdDSA", "RS256"}, s.Tokens.Algorithm), "TOKEN_ALGORITHM is ES256, EdDSA or RS256.")
	found.require(s.Tokens.KeyMaxAge >= 0 && s.Cleanup.Interval >= 0, "SIGNING_KEY_MAX_AGE and CLEANUP_INTERVAL are not negative.")
}

func (s Settings) checkPasswords(found *findings) {
	found.require(s.Password.MinLength >= 8 && s.Password.MinLength <= 64, "PASSWORD_MIN_LENGTH is 8 to 64.")
	found.require(s.Password.Time >= 1 && s.Password.Parallelism >= 1, "ARGON2_TIME and ARGON2_PARALLELISM are 1 at least.")
	found.require(s.Password.MemoryKiB >= 8*uint32(s.Password.Parallelism) && s.Password.MemoryKiB <= 4<<20,
		"ARGON2_MEMORY_KIB is 8 per lane at least and 4194304 at most.")
	found.require(s.Password.Workers >= 1, "HASH_WORKERS is 1 at least.")
	found.require(s.Password.Queue >= 128, "HASH_QUEUE is 128 at least.")
	found.require(s.Password.RangeURL == "" || isBaseURL(s.Password.RangeURL),
		"PASSWORD_RANGE_URL is an absolute http or https URL without query or fragment.")
}
