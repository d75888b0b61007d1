package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/doorward/doorward/apps/internal/config"
)

// protective are the settings that a deployment can weaken itself with, each with its default. Why that default is the
// safe one stands in the operator's guide, row by row.
var protective = map[string]string{
	"APP_ENV": "development", "SINGLE_NODE": "false", "HOST": "127.0.0.1, and 0.0.0.0 in production", "ADMIN_ADDR": "",
	"CORS_ORIGINS":    "the origin of FRONTEND_URL, where it is not that of APP_URL",
	"REQUEST_TIMEOUT": "15s", "BODY_LIMIT": "65536", "IMPORT_BODY_LIMIT": "1073741824", "STREAM_TIMEOUT": "30m", "MAX_CONNECTIONS": "10000", "TRUSTED_PROXIES": "",
	"DATABASE_TIMEOUT": "5s", "ALLOW_PLAINTEXT_NETWORK": "false", "MASTER_KEYS": "made in DATA_DIR, except in production",
	"DEV_MAILBOX":                "on unless SMTP_URL is set or in production",
	"REQUIRE_EMAIL_VERIFICATION": "true", "ENUMERATION_PROTECTION": "true", "DELETION_GRACE": "720h",
	"REGISTRATION_TTL": "24h", "RESET_LINK_TTL": "30m", "INVITATION_TTL": "72h", "REAUTHENTICATION_TTL": "10m", "SESSION_IDLE_TTL": "168h",
	"SESSION_MAX_TTL": "720h", "SESSION_LIMIT": "10", "REFRESH_GRACE": "10s",
	"MAX_LOGIN_ATTEMPTS": "5", "LOCKOUT_DURATION": "15m", "TELL_ATTEMPTS_LEFT": "false", "UNLOCK_LINK_TTL": "24h",
	"DEVICE_TTL": "4320h", "TRUSTED_DEVICE_TTL": "720h",
	"EMAIL_SECOND_FACTOR": "true", "REQUIRE_SECOND_FACTOR": "off", "SECOND_FACTOR_GRACE": "336h",
	"RATE_LIMITS": "on", "RATE_LIMIT_ADDRESS": "200/1m", "RATE_LIMIT_SESSION": "600/1m", "RATE_LIMIT_SERVICE": "6000/1m", "RATE_LIMIT_REFRESH": "30/1m",
	"RATE_LIMIT_LOGIN": "5/1m", "RATE_LIMIT_LOGIN_ADDRESS": "60/1m", "RATE_LIMIT_REGISTER": "3/5m",
	"RATE_LIMIT_REGISTER_ADDRESS": "30/5m", "RATE_LIMIT_FORGOT": "3/15m", "RATE_LIMIT_FORGOT_ADDRESS": "30/15m",
	"RATE_LIMIT_RESEND": "3/15m", "RATE_LIMIT_RESEND_ADDRESS": "30/15m", "RATE_LIMIT_VERIFY": "5/15m",
	"RATE_LIMIT_VERIFY_ADDRESS": "60/15m", "RATE_LIMIT_LINKS": "30/15m", "RATE_LIMIT_SEND": "3/15m",
	"PERSONAL_TOKEN_MAX_TTL": "8760h", "IMPERSONATION_TTL": "15m",
	"ACCESS_TOKEN_TTL": "15m", "TOKEN_ALGORITHM": "ES256", "SIGNING_KEY_MAX_AGE": "2160h",
	"PASSWORD_MIN_LENGTH": "8", "ARGON2_MEMORY_KIB": "19456", "ARGON2_TIME": "2", "ARGON2_PARALLELISM": "1",
	"HASH_QUEUE": "256", "PASSWORD_RANGE_URL": "", "PASSWORD_PEPPER": "false",
	"RETAIN_SESSIONS": "720h", "RETAIN_AUDIT": "8760h", "RETAIN_LOGIN_ATTEMPTS": "2160h", "RETAIN_MAIL": "168h",
	"LOG_LEVEL": "info", "OWNER_PASSWORD": "made and shown once",
}

// neutral are the settings that no value of makes a deployment less safe, or that have to be right for it to work.
var neutral = map[string]bool{
	"DATA_DIR": true, "PORT": true, "APP_URL": true, "FRONTEND_URL": true, "DRAIN_DELAY": true, "GEOIP_FILE": true,
	"DATABASE_URL": true, "DATABASE_MAX_CONNS": true, "DATABASE_PGBOUNCER": true, "AUTO_MIGRATE": true, "VALKEY_URL": true,
	"VALKEY_PREFIX": true, "SMTP_URL": true, "MAIL_FROM": true, "PRODUCT_NAME": true, "TOKEN_ISSUER": true,
	"TOKEN_AUDIENCE": true, "TOKEN_CLIENT_ID": true, "HASH_WORKERS": true, "CLEANUP_INTERVAL": true, "CLEANUP_BATCH": true,
	"RETAIN_MAILBOX": true, "LOG_FORMAT": true, "OWNER_EMAIL": true,
}

// Every setting that protects has the default that is told to be safe, and the guide says why. A setting that is added
// has to be judged here.
func TestEveryDefaultIsTheSafeOne(t *testing.T) {
	t.Parallel()
	reasons := hardening(t)
	for _, field := range config.Fields() {
		want, protects := protective[field.Name]
		if protects == neutral[field.Name] {
			t.Errorf("%s is to be listed once, as protective or as neutral", field.Name)
		}
		if !protects {
			continue
		}
		if field.Default != want {
			t.Errorf("%s has the default %q, where %q is safe", field.Name, field.Default, want)
		}
		row, told := reasons[field.Name]
		if !told || row.value != want || len(row.why) < 20 {
			t.Errorf("the guide says of %s: %q, because %q", field.Name, row.value, row.why)
		}
		delete(reasons, field.Name)
	}
	for name := range reasons {
		t.Errorf("the guide speaks of %s, which is not listed as protective", name)
	}
}

type reason struct{ value, why string }

// hardening reads the table of the operator's guide.
func hardening(t *testing.T) map[string]reason {
	t.Helper()
	guide, err := os.ReadFile("../../../docs/operators.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(guide), "\n## Hardening\n")
	if !found {
		t.Fatal("the guide has no section on hardening")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	reasons := map[string]reason{}
	for row := range strings.SplitSeq(section, "\n") {
		cells := strings.Split(row, " | ")
		if len(cells) != 3 || !strings.HasPrefix(row, "| `") {
			continue
		}
		value := strings.Trim(cells[1], "`")
		if value == "none" {
			value = ""
		}
		reasons[strings.Trim(cells[0], "| `")] = reason{value, strings.TrimSuffix(cells[2], " |")}
	}
	return reasons
}
