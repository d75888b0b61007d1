// Package config is every setting of the apps: read from the environment, a .env file and secret files,
// checked as a whole at start, and documented from the same type.
package config

import (
	"log/slog"
	"net/netip"
	"time"
)

// Secret is a setting that never prints itself.
type Secret string

// String hides the value.
func (Secret) String() string { return "[redacted]" }

// GoString hides the value from %#v.
func (Secret) GoString() string { return "[redacted]" }

// LogValue hides the value from structured logs.
func (Secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// MarshalText hides the value from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Reveal gives the value to the one who needs it.
func (s Secret) Reveal() string { return string(s) }

// Environment is the profile that the process runs under.
type Environment string

// The profiles. Production starts only when its settings are safe.
const (
	Development Environment = "development"
	Production  Environment = "production"
)

// Settings is everything that can be set. The tags are the documentation: docs/configuration.md and
// .env.example are generated from them. "shown" is the default where it depends on other settings.
type Settings struct {
	Profile  Profile
	Server   Server
	Storage  Storage
	Mail     Mail
	Accounts Accounts
	Lockout  Lockout
	Factors  Factors
	Limits   Limits
	Tokens   Tokens
	Password Password
	Cleanup  Cleanup
	Log      Log
	Seed     Seed
}

// Profile says where and how the process runs.
type Profile struct {
	Environment Environment `env:"APP_ENV" envDefault:"development" doc:"development or production. Production refuses to start with unsafe settings and names each of them."`
	SingleNode  bool        `env:"SINGLE_NODE" envDefault:"false" doc:"Permits SQLite and in-process caching in production, for a site of one replica."`
	DataDir     string      `env:"DATA_DIR" envDefault:"./data" doc:"Folder of the SQLite file and the generated keys of the embedded default. Created with mode 0700."`
}

// Server is the listeners and their limits.
type Server struct {
	Host            string         `env:"HOST" shown:"127.0.0.1, and 0.0.0.0 in production" doc:"Address of the public listener."`
	Port            int            `env:"PORT" envDefault:"8080" doc:"Port of the public listener. 0 takes a free one."`
	AdminAddr       string         `env:"ADMIN_ADDR" doc:"host:port of the private listener with /metrics and the detailed health checks. Empty: no such listener."`
	AppURL          string         `env:"APP_URL" shown:"http://localhost:PORT" doc:"Public base URL of this API, without a slash at the end."`
	FrontendURL     string         `env:"FRONTEND_URL" shown:"APP_URL" doc:"Base URL that links in mails lead to. The default serves a small page for each of them from this server."`
	CORSOrigins     []string       `env:"CORS_ORIGINS" shown:"the origin of FRONTEND_URL, where it is not that of APP_URL" doc:"Origins, separated by commas, such as https://app.example.com, whose pages may call this API and read its replies, to the letter. No wildcards."`
	DrainDelay      time.Duration  `env:"DRAIN_DELAY" shown:"5s in production, else 0s" doc:"How long readiness is off at shutdown while requests are still accepted, so that a load balancer notices."`
	RequestTimeout  time.Duration  `env:"REQUEST_TIMEOUT" envDefault:"15s" doc:"Deadline of every request."`
	BodyLimit       int            `env:"BODY_LIMIT" envDefault:"65536" doc:"Largest request body in bytes. So much memory is set aside for every request that announces it, before anybody is known."`
	ImportBodyLimit int64          `env:"IMPORT_BODY_LIMIT" envDefault:"1073741824" doc:"Largest body of an import of users in bytes. It is read as it comes, and never held."`
	StreamTimeout   time.Duration  `env:"STREAM_TIMEOUT" envDefault:"30m" doc:"How long an import or export may take as a whole. REQUEST_TIMEOUT does not apply to them."`
	MaxConnections  int            `env:"MAX_CONNECTIONS" envDefault:"10000" doc:"Connections served at once; more are answered 503 and closed. A slow client holds one, with at most BODY_LIMIT and twice 16 KiB of head, for ten seconds."`
	TrustedProxies  []netip.Prefix `env:"TRUSTED_PROXIES" doc:"Networks, separated by commas, such as 10.0.0.0/8, whose X-Forwarded-For or Forwarded is believed. Empty: the peer is the client."`
	PlaceDatabase   string         `env:"GEOIP_FILE" doc:"City database in the MaxMind DB format, such as GeoLite2-City.mmdb, by which mails, sessions and the audit tell the place of an address. Read once at start into memory, up to twice its size. Empty: no places are told."`
}

// Storage is the database and the cache.
type Storage struct {
	DatabaseURL      Secret        `env:"DATABASE_URL" shown:"sqlite://DATA_DIR/doorward.db" doc:"postgres://user:password@host/name?sslmode=verify-full or sqlite://path."`
	DatabaseMaxConns int           `env:"DATABASE_MAX_CONNS" shown:"4 per CPU, 16 at least" doc:"Largest number of PostgreSQL connections of this process."`
	DatabaseTimeout  time.Duration `env:"DATABASE_TIMEOUT" envDefault:"5s" doc:"Limit of a single PostgreSQL statement on the server, besides the deadline of its request."`
	PgBouncer        bool          `env:"DATABASE_PGBOUNCER" envDefault:"false" doc:"Avoids prepared statements, for PgBouncer in transaction mode without their support."`
	AutoMigrate      bool          `env:"AUTO_MIGRATE" envDefault:"true" doc:"Migrates the database at the start of the server and of the seeder, under a lock. Off: run \"api migrate up\" before. Other commands never migrate."`
	ValkeyURL        Secret        `env:"VALKEY_URL" shown:"in-process" doc:"redis://, rediss:// or valkey:// URL of Valkey 7.2 or Redis 7 and later; several hosts, separated by commas, name a cluster, ?master=name a sentinel group."`
	ValkeyPrefix     string        `env:"VALKEY_PREFIX" envDefault:"doorward" doc:"Begins every key in Valkey. It is the same for all replicas, and differs between deployments that share a server."`
	AllowPlaintext   bool          `env:"ALLOW_PLAINTEXT_NETWORK" envDefault:"false" doc:"Permits connections without TLS to the database, the cache and the mail server in production, where they are on a private network."`
	MasterKeys       Secret        `env:"MASTER_KEYS" shown:"made in DATA_DIR, except in production" doc:"Key ring as id:base64,id:base64 of 32 bytes each, the current key first. Seals what is stored and signs refresh tokens. \"api keys master\" makes one."`
}

// Mail is delivery of messages.
type Mail struct {
	SMTPURL     Secret `env:"SMTP_URL" shown:"the development mailbox" doc:"smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465."`
	From        string `env:"MAIL_FROM" envDefault:"Doorward <no-reply@localhost>" doc:"Sender of all mails."`
	DevMailbox  bool   `env:"DEV_MAILBOX" shown:"on unless SMTP_URL is set or in production" doc:"Catches all messages and shows them at /dev/mailbox to peers on this machine. Refused in production."`
	ProductName string `env:"PRODUCT_NAME" envDefault:"Doorward" doc:"Name that mails and pages show. Passwords must not be made of it."`
}

// Accounts is the rules of registration and sign-in.
type Accounts struct {
	RequireVerification bool          `env:"REQUIRE_EMAIL_VERIFICATION" envDefault:"true" doc:"An account opens only when its mailbox is proven."`
	HideExistence       bool          `env:"ENUMERATION_PROTECTION" envDefault:"true" doc:"Answers never tell whether an address has an account."`
	DeletionGrace       time.Duration `env:"DELETION_GRACE" envDefault:"720h" doc:"How long a deleted account can be restored before it is erased."`
	RegistrationTTL     time.Duration `env:"REGISTRATION_TTL" envDefault:"24h" doc:"How long a registration waits for its proof, and its link is good."`
	ResetLinkTTL        time.Duration `env:"RESET_LINK_TTL" envDefault:"30m" doc:"How long a password reset link is good."`
	InvitationTTL       time.Duration `env:"INVITATION_TTL" envDefault:"72h" doc:"How long the link of an invitation is good."`
	ReauthenticationTTL time.Duration `env:"REAUTHENTICATION_TTL" envDefault:"10m" doc:"How recent a sign-in must be for sensitive operations."`
	SessionIdleTTL      time.Duration `env:"SESSION_IDLE_TTL" envDefault:"168h" doc:"A session not refreshed for this long ends."`
	SessionMaxTTL       time.Duration `env:"SESSION_MAX_TTL" envDefault:"720h" doc:"A session ends this long after sign-in, whatever happens."`
	SessionLimit        int           `env:"SESSION_LIMIT" envDefault:"10" doc:"Concurrent sessions of one user; the oldest ends."`
	RefreshGrace        time.Duration `env:"REFRESH_GRACE" envDefault:"10s" doc:"Window in which a repeated or racing refresh gets the same token again."`
}

// Lockout is how often passwords are guessed, and what gets past it.
type Lockout struct {
	Tries            int           `env:"MAX_LOGIN_ATTEMPTS" envDefault:"5" doc:"Wrong passwords in a row, from one address and from all unknown clients together, after which an account is locked for unknown clients. 1 to 10."`
	Duration         time.Duration `env:"LOCKOUT_DURATION" envDefault:"15m" doc:"How long a lock lasts after the last try that was allowed. 1m at least."`
	TellAttempts     bool          `env:"TELL_ATTEMPTS_LEFT" envDefault:"false" doc:"A refused sign-in tells how many tries are left. It is counted by what the client wrote, so it tells nothing of accounts."`
	UnlockLinkTTL    time.Duration `env:"UNLOCK_LINK_TTL" envDefault:"24h" doc:"How long the link of the mail about a lock is good."`
	DeviceTTL        time.Duration `env:"DEVICE_TTL" envDefault:"4320h" doc:"How long a device is known after its last sign-in. A known device gets past a lock."`
	TrustedDeviceTTL time.Duration `env:"TRUSTED_DEVICE_TTL" envDefault:"720h" doc:"How long a trusted device is spared the second factor."`
}

// The values of REQUIRE_SECOND_FACTOR.
const (
	RequireNone = "off"
	RequireAll  = "all"
)

// Factors is the rules of second factors.
type Factors struct {
	Email   bool          `env:"EMAIL_SECOND_FACTOR" envDefault:"true" doc:"Codes by email may be a second factor. They are the weaker one: whoever reads the mailbox can reset the password too. Off: those that are enrolled satisfy nothing, and accounts without another factor get in by a recovery code."`
	Require string        `env:"REQUIRE_SECOND_FACTOR" envDefault:"off" doc:"Whose accounts must have a second factor: off or all. Single accounts: \"api accounts require-second-factor\"."`
	Grace   time.Duration `env:"SECOND_FACTOR_GRACE" envDefault:"336h" doc:"How long somebody who must have a second factor may do without, from the first sign-in under that rule. 0s: not at all."`
}

// Tokens is the access tokens.
type Tokens struct {
	Issuer           string        `env:"TOKEN_ISSUER" shown:"APP_URL" doc:"iss of access tokens."`
	Audience         string        `env:"TOKEN_AUDIENCE" shown:"APP_URL" doc:"aud of access tokens."`
	ClientID         string        `env:"TOKEN_CLIENT_ID" envDefault:"first-party" doc:"client_id of access tokens (RFC 9068)."`
	AccessTTL        time.Duration `env:"ACCESS_TOKEN_TTL" envDefault:"15m" doc:"Lifetime of access tokens."`
	Algorithm        string        `env:"TOKEN_ALGORITHM" envDefault:"ES256" doc:"Algorithm of new signing keys: ES256, EdDSA or RS256."`
	PersonalMaxTTL   time.Duration `env:"PERSONAL_TOKEN_MAX_TTL" envDefault:"8760h" doc:"Longest lifetime of a personal access token. One that is asked for without a lifetime gets 90 days, or this where it is less."`
	ImpersonationTTL time.Duration `env:"IMPERSONATION_TTL" envDefault:"15m" doc:"Longest time for which an administrator sees what a user sees by one act. 1m to 1h."`
	KeyMaxAge        time.Duration `env:"SIGNING_KEY_MAX_AGE" envDefault:"2160h" doc:"Age at which the signing key is rotated by itself. 0s: only by command."`
}

// Password is the rules and costs of passwords.
type Password struct {
	MinLength   int    `env:"PASSWORD_MIN_LENGTH" envDefault:"8" doc:"Fewest code points of a new password. NIST SP 800-63B-4 asks for 15 where no second factor is used; 8 is the floor."`
	MemoryKiB   uint32 `env:"ARGON2_MEMORY_KIB" envDefault:"19456" doc:"Memory of one argon2id hash in KiB."`
	Time        uint32 `env:"ARGON2_TIME" envDefault:"2" doc:"Passes of argon2id."`
	Parallelism uint8  `env:"ARGON2_PARALLELISM" envDefault:"1" doc:"Lanes of argon2id."`
	Workers     int    `env:"HASH_WORKERS" shown:"CPUs - 1, 1 at least" doc:"Hashes computed at once."`
	Queue       int    `env:"HASH_QUEUE" envDefault:"256" doc:"Hashes that may wait; beyond, requests are answered 503 with Retry-After."`
	RangeURL    string `env:"PASSWORD_RANGE_URL" doc:"Service of leaked passwords with the range protocol of Have I Been Pwned, such as https://api.pwnedpasswords.com/range, that new passwords are asked about besides the embedded list. It learns five digits of a hash. Empty: nobody is asked."`
	Pepper      bool   `env:"PASSWORD_PEPPER" envDefault:"false" doc:"Hashes are additionally keyed with MASTER_KEYS. A lost ring then loses all passwords."`
}

// Cleanup is what the cleanup job removes, and when the embedded timer runs it.
type Cleanup struct {
	Interval      time.Duration `env:"CLEANUP_INTERVAL" shown:"1h with SQLite, else 0s" doc:"How often the API server itself runs the cleanup. 0s: never; schedule apps/cleanup."`
	BatchSize     int           `env:"CLEANUP_BATCH" envDefault:"1000" doc:"Rows removed in one transaction, at the most; as many as take 50 ms."`
	Sessions      time.Duration `env:"RETAIN_SESSIONS" envDefault:"720h" doc:"How long ended sessions are kept."`
	Audit         time.Duration `env:"RETAIN_AUDIT" envDefault:"8760h" doc:"How long the audit log keeps what happened. It is fixed when an event is written: a change does not touch older ones."`
	LoginAttempts time.Duration `env:"RETAIN_LOGIN_ATTEMPTS" envDefault:"2160h" doc:"How long the audit log keeps tries that failed, such as a sign-in with a wrong password."`
	Mail          time.Duration `env:"RETAIN_MAIL" envDefault:"168h" doc:"How long records of sent and failed mails are kept."`
	Mailbox       time.Duration `env:"RETAIN_MAILBOX" envDefault:"168h" doc:"How long the development mailbox keeps messages."`
}

// Log is the log.
type Log struct {
	Level  string `env:"LOG_LEVEL" envDefault:"info" doc:"debug, info, warn or error."`
	Format string `env:"LOG_FORMAT" shown:"json in production, else console" doc:"console or json."`
}

// ExampleOwner is the default of OWNER_EMAIL. Nobody can receive mail there.
const ExampleOwner = "owner@example.com"

// Seed is the first owner that the seeder creates.
type Seed struct {
	OwnerEmail    string `env:"OWNER_EMAIL" envDefault:"owner@example.com" doc:"Address of the first owner that the seeder creates, already verified. In production another than the default."`
	OwnerPassword Secret `env:"OWNER_PASSWORD" shown:"made and shown once" doc:"Password of the first owner."`
}
