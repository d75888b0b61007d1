package wire_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/password"
	"github.com/doorward/doorward/adapters/postgres"
	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/idempotency"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/retention"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/token"
)

// TestDefaultsAreOne holds the defaults of the settings, which stand in their tags for the documentation, against
// those of the parts that they are for.
func TestDefaultsAreOne(t *testing.T) {
	t.Parallel()
	settings, err := config.Parse(map[string]string{"DATA_DIR": t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	sessions, kept, edge := session.DefaultConfig(), retention.Defaults(), api.DefaultOptions()
	accounts, cleanup := settings.Accounts, settings.Cleanup
	for name, pair := range map[string][2]any{
		"REQUEST_TIMEOUT":                {settings.Server.RequestTimeout, edge.RequestTimeout},
		"REQUEST_TIMEOUT, repetitions":   {settings.Server.RequestTimeout, idempotency.DefaultCallTimeout},
		"BODY_LIMIT":                     {settings.Server.BodyLimit, edge.BodyLimit},
		"IMPORT_BODY_LIMIT":              {settings.Server.ImportBodyLimit, edge.ImportBodyLimit},
		"STREAM_TIMEOUT":                 {settings.Server.StreamTimeout, edge.StreamTimeout},
		"MAX_CONNECTIONS":                {settings.Server.MaxConnections, edge.MaxConnections},
		"DATABASE_TIMEOUT":               {settings.Storage.DatabaseTimeout, postgres.DefaultStatementTimeout},
		"DELETION_GRACE":                 {accounts.DeletionGrace, account.DefaultDeletionGrace},
		"REGISTRATION_TTL":               {accounts.RegistrationTTL, signin.DefaultRegistrationTTL},
		"INVITATION_TTL":                 {accounts.InvitationTTL, directory.DefaultInvitationTTL},
		"RESET_LINK_TTL":                 {accounts.ResetLinkTTL, credential.DefaultResetLinkTTL},
		"REAUTHENTICATION_TTL":           {accounts.ReauthenticationTTL, account.DefaultRecentWindow},
		"REAUTHENTICATION_TTL, the edge": {accounts.ReauthenticationTTL, edge.RecentWindow},
		"SESSION_IDLE_TTL":               {accounts.SessionIdleTTL, sessions.IdleTTL},
		"SESSION_MAX_TTL":                {accounts.SessionMaxTTL, sessions.MaxTTL},
		"SESSION_LIMIT":                  {accounts.SessionLimit, sessions.Limit},
		"REFRESH_GRACE":                  {accounts.RefreshGrace, sessions.Grace},
		"MAX_LOGIN_ATTEMPTS":             {settings.Lockout.Tries, lockout.DefaultTries},
		"LOCKOUT_DURATION":               {settings.Lockout.Duration, lockout.DefaultDuration},
		"UNLOCK_LINK_TTL":                {settings.Lockout.UnlockLinkTTL, signin.DefaultUnlockLinkTTL},
		"DEVICE_TTL":                     {settings.Lockout.DeviceTTL, device.DefaultTTL},
		"TRUSTED_DEVICE_TTL":             {settings.Lockout.TrustedDeviceTTL, device.DefaultTrustTTL},
		"SECOND_FACTOR_GRACE":            {settings.Factors.Grace, mfa.DefaultGrace},
		"ACCESS_TOKEN_TTL":               {settings.Tokens.AccessTTL, token.AccessTTL},
		"TOKEN_ALGORITHM":                {token.Algorithm(settings.Tokens.Algorithm), token.ES256},
		"PASSWORD_MIN_LENGTH":            {settings.Password.MinLength, credential.PasswordMin},
		"ARGON2_MEMORY_KIB":              {settings.Password.MemoryKiB, uint32(password.DefaultMemoryKiB)},
		"ARGON2_TIME":                    {settings.Password.Time, uint32(password.DefaultTime)},
		"ARGON2_PARALLELISM":             {settings.Password.Parallelism, uint8(password.DefaultParallelism)},
		"HASH_QUEUE":                     {settings.Password.Queue, password.DefaultQueue},
		"CLEANUP_BATCH":                  {cleanup.BatchSize, retention.BatchDefault},
		"RETAIN_SESSIONS":                {cleanup.Sessions, kept[retention.KindSessions]},
		"RETAIN_MAIL":                    {cleanup.Mail, kept[retention.KindMail]},
		"RETAIN_MAILBOX":                 {cleanup.Mailbox, kept[retention.KindMailbox]},
		"RETAIN_AUDIT":                   {cleanup.Audit, audit.DefaultRetention},
		"RETAIN_LOGIN_ATTEMPTS":          {cleanup.LoginAttempts, audit.DefaultAttemptRetention},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %v by default, and %v where nothing is set", name, pair[0], pair[1])
		}
	}
}
