package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/core/secret"
)

func TestDefaultsAreTheEmbeddedOnes(t *testing.T) {
	t.Parallel()
	settings, err := config.Parse(map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	if settings.Server.Host != "127.0.0.1" || settings.Server.AppURL != "http://localhost:8080" ||
		settings.Server.FrontendURL != settings.Server.AppURL || settings.Tokens.Issuer != settings.Server.AppURL {
		t.Errorf("server defaults: %+v", settings.Server)
	}
	if !settings.SQLite() || settings.SQLitePath() != filepath.Join("data", "doorward.db") || !settings.Mail.DevMailbox {
		t.Errorf("storage defaults: sqlite %v at %q, mailbox %v", settings.SQLite(), settings.SQLitePath(), settings.Mail.DevMailbox)
	}
	if settings.Cleanup.Interval != time.Hour || settings.Server.DrainDelay != 0 {
		t.Errorf("cleanup every %v, drain %v", settings.Cleanup.Interval, settings.Server.DrainDelay)
	}
}

// Whoever wipes a database names it: a name that is guessed, or missing, is none.
func TestDatabasesHaveNames(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ variable, value, name, server string }{
		{"DATA_DIR", "data", "doorward.db", ""},
		{"DATA_DIR", "my data", "doorward.db", ""},
		{"DATA_DIR", "100% mine", "doorward.db", ""},
		{"DATA_DIR", "a?b#c:d", "doorward.db", ""},
		{"DATABASE_URL", "sqlite:///var/lib/doorward/my accounts.db", "my accounts.db", ""},
		{"DATABASE_URL", "sqlite:accounts%zz.db", "accounts%zz.db", ""},
		{"DATABASE_URL", "sqlite://", "", ""},
		{"DATABASE_URL", "sqlite://.", "", ""},
		{"DATABASE_URL", "sqlite:///", "", ""},
		{"DATABASE_URL", "postgres://u:p@db.example.com:5433/accounts", "accounts", "db.example.com"},
		{"DATABASE_URL", "postgres://a.example.com,b.example.com/my%20accounts", "my accounts", "a.example.com,b.example.com"},
		{"DATABASE_URL", "postgres:///accounts?host=/var/run/postgresql", "accounts", "/var/run/postgresql"},
		{"DATABASE_URL", "postgres://localhost/accounts?dbname=other", "other", "localhost"},
		{"DATABASE_URL", "postgres://localhost", "", "localhost"},
		{"DATABASE_URL", "postgres://localhost/", "", "localhost"},
	} {
		settings, err := config.Parse(map[string]string{test.variable: test.value})
		if err != nil {
			t.Errorf("%s=%s: %v", test.variable, test.value, err)
			continue
		}
		if name, server := settings.DatabaseName(); name != test.name || server != test.server {
			t.Errorf("%s=%s is %q on %q, want %q on %q", test.variable, test.value, name, server, test.name, test.server)
		}
	}
}

func TestExplicitZeroBeatsADependentDefault(t *testing.T) {
	t.Parallel()
	variables := safeProduction()
	variables["DRAIN_DELAY"] = "0s"
	settings, err := config.Parse(variables)
	if err != nil {
		t.Fatal(err)
	}
	if settings.Server.DrainDelay != 0 {
		t.Errorf("drain delay %v, want 0s as set", settings.Server.DrainDelay)
	}
}

func safeProduction() map[string]string {
	return map[string]string{
		"APP_ENV": "production", "APP_URL": "https://accounts.example.com", "FRONTEND_URL": "https://app.example.com",
		"DATABASE_URL": "postgres://u:p@db.example.com/accounts?sslmode=verify-full", "VALKEY_URL": "rediss://cache.example.com:6379",
		"SMTP_URL": "smtps://u:p@mail.example.com:465", "MAIL_FROM": "Accounts <accounts@example.com>",
		"MASTER_KEYS": secret.GenerateKey("k1"),
	}
}

func TestProductionRefusesEachUnsafeSetting(t *testing.T) {
	t.Parallel()
	if _, err := config.Parse(safeProduction()); err != nil {
		t.Fatalf("the safe settings are refused: %v", err)
	}
	for _, unsafe := range []struct{ name, value, named string }{
		{"MASTER_KEYS", "", "MASTER_KEYS"},
		{"APP_URL", "http://accounts.example.com", "APP_URL"},
		{"FRONTEND_URL", "http://app.example.com", "FRONTEND_URL"},
		{"DATABASE_URL", "sqlite:///var/lib/doorward.db", "DATABASE_URL"},
		{"DATABASE_URL", "postgres://u:p@db.example.com/accounts?sslmode=disable", "sslmode"},
		{"DATABASE_URL", "postgres://u:p@/accounts?host=db.example.com&sslmode=disable", "sslmode"},
		{"DATABASE_URL", "postgres://u:p@localhost,db.example.com/accounts?sslmode=disable", "sslmode"},
		{"VALKEY_URL", "", "VALKEY_URL"},
		{"VALKEY_URL", "redis://localhost,[2001:db8::1]:6379", "rediss"},
		{"VALKEY_URL", "redis://cache.example.com:6379", "rediss"},
		{"SMTP_URL", "", "SMTP_URL"},
		{"SMTP_URL", "smtp://mail.example.com:25", "smtps"},
		{"DEV_MAILBOX", "true", "DEV_MAILBOX"},
		{"MAIL_FROM", "a@localhost", "MAIL_FROM"},
		{"ARGON2_MEMORY_KIB", "1024", "ARGON2"},
		{"ENUMERATION_PROTECTION", "false", "ENUMERATION_PROTECTION"},
		{"ACCESS_TOKEN_TTL", "100h", "ACCESS_TOKEN_TTL"},
		{"REAUTHENTICATION_TTL", "1000h", "REAUTHENTICATION_TTL"},
		{"SESSION_MAX_TTL", "87600h", "SESSION_MAX_TTL"},
		{"DELETION_GRACE", "24h", "DELETION_GRACE"},
		{"TRUSTED_PROXIES", "10.0.0.0/8,0.0.0.0/0", "TRUSTED_PROXIES"},
		{"TRUSTED_PROXIES", "::/0", "TRUSTED_PROXIES"},
		{"RATE_LIMITS", "off", "RATE_LIMITS"},
		{"RATE_LIMIT_LOGIN", "61/1h", "RATE_LIMIT_LOGIN "},
		{"RATE_LIMIT_VERIFY", "30/29s", "RATE_LIMIT_VERIFY "},
		{"RATE_LIMIT_SEND", "1000/1h", "RATE_LIMIT_SEND "},
		{"PASSWORD_RANGE_URL", "http://passwords.example.com/range", "PASSWORD_RANGE_URL"},
		{"PASSWORD_RANGE_URL", "passwords.example.com", "PASSWORD_RANGE_URL"},
		{"CORS_ORIGINS", "http://app.example.com", "CORS_ORIGINS"},
		{"CORS_ORIGINS", "https://app.example.com,*", "CORS_ORIGINS"},
	} {
		t.Run(unsafe.name+"="+unsafe.value, func(t *testing.T) {
			t.Parallel()
			variables := safeProduction()
			variables[unsafe.name] = unsafe.value
			_, err := config.Parse(variables)
			var invalid config.Invalid
			if !errors.As(err, &invalid) || !slices.ContainsFunc(invalid.Problems, func(p string) bool { return strings.Contains(p, unsafe.named) }) {
				t.Errorf("got %v, want a problem that names %s", err, unsafe.named)
			}
		})
	}
}

func TestEveryProblemAtOnceAndNoSecretInIt(t *testing.T) {
	t.Parallel()
	_, err := config.Parse(map[string]string{
		"PORT": "eighty", "SESSION_LIMIT": "many", "MASTER_KEYS": "k1:canary-not-base64", "APP_ENV": "staging",
	})
	if err == nil || !strings.Contains(err.Error(), "PORT") || !strings.Contains(err.Error(), "SESSION_LIMIT") {
		t.Fatalf("got %v, want PORT and SESSION_LIMIT", err)
	}
	_, err = config.Parse(map[string]string{"MASTER_KEYS": "k1:canary-not-base64", "APP_ENV": "staging"})
	if err == nil || !strings.Contains(err.Error(), "MASTER_KEYS") || !strings.Contains(err.Error(), "APP_ENV") {
		t.Fatalf("got %v, want MASTER_KEYS and APP_ENV", err)
	}
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("the problem repeats the secret: %v", err)
	}
}

// What does not read at all is told together with what reads and is wrong, and hides nothing of the rest.
func TestUnreadableSettingsHideNoOthers(t *testing.T) {
	t.Parallel()
	_, err := config.Parse(map[string]string{
		"PORT": "eighty", "SESSION_MAX_TTL": "long", "LOG_LEVEL": "loud", "MASTER_KEYS": "k1:short",
		"DATABASE_URL": "postgres://u:p%zz@db/accounts", "VALKEY_URL": "redis://a:b:c", "SMTP_URL": "smtp://",
		"ADMIN_ADDR": "9090", "OWNER_EMAIL": "nobody", "SESSION_IDLE_TTL": "9999h", "PASSWORD_MIN_LENGTH_FILE": "/nowhere",
	})
	var invalid config.Invalid
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v, want the problems", err)
	}
	wanted := []string{
		"PORT", "SESSION_MAX_TTL", "LOG_LEVEL", "MASTER_KEYS", "DATABASE_URL", "VALKEY_URL", "SMTP_URL",
		"ADMIN_ADDR", "OWNER_EMAIL", "PASSWORD_MIN_LENGTH_FILE",
	}
	for _, name := range wanted {
		if !slices.ContainsFunc(invalid.Problems, func(p string) bool { return strings.HasPrefix(p, name+" ") }) {
			t.Errorf("%s is not named", name)
		}
	}
	if len(invalid.Problems) != len(wanted) {
		t.Errorf("%d problems, want one for each of %d: %v", len(invalid.Problems), len(wanted), err)
	}
}

// A letter leaves out what is about to end, so with a shorter life its links would never be seen.
func TestLinksLiveLongEnoughToBeMailed(t *testing.T) {
	t.Parallel()
	for name, least := range map[string]time.Duration{
		"REGISTRATION_TTL": 5 * time.Minute, "RESET_LINK_TTL": 5 * time.Minute, "INVITATION_TTL": 5 * time.Minute, "DELETION_GRACE": time.Minute,
	} {
		if _, err := config.Parse(map[string]string{name: least.String()}); err != nil {
			t.Errorf("%s=%s: %v", name, least, err)
		}
		_, err := config.Parse(map[string]string{name: (least - time.Second).String()})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s below %s: got %v, want a problem that names it", name, least, err)
		}
	}
}

func TestMailNeedsTLS(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		url, private string
		want         bool
	}{
		{"smtp://u:p@mail.example.com", "false", true},
		{"smtp://mail.example.com", "true", false},
		{"smtp://localhost:25", "false", false},
	} {
		variables := safeProduction()
		variables["SMTP_URL"], variables["ALLOW_PLAINTEXT_NETWORK"] = test.url, test.private
		settings, err := config.Parse(variables)
		if err != nil {
			t.Fatal(err)
		}
		if got := settings.MailNeedsTLS(); got != test.want {
			t.Errorf("%s, private network %s: %v, want %v", test.url, test.private, got, test.want)
		}
	}
}

func TestSecretsFromFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "smtp")
	if err := os.WriteFile(path, []byte("smtp://u:p@localhost:2525\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	settings, err := config.Parse(map[string]string{"SMTP_URL_FILE": path})
	if err != nil || settings.Mail.SMTPURL.Reveal() != "smtp://u:p@localhost:2525" {
		t.Fatalf("got %v, %v", settings.Mail.SMTPURL.Reveal(), err)
	}
	if printed := fmt.Sprintf("%v %+v %#v", settings, settings, settings); strings.Contains(printed, "u:p") {
		t.Error("printing the settings shows a secret")
	}
	if _, err = config.Parse(map[string]string{"SMTP_URL_FILE": path, "SMTP_URL": "smtp://localhost"}); err == nil {
		t.Error("a setting given twice is accepted")
	}
	if _, err = config.Parse(map[string]string{"SMTP_URL_FILE": path + ".missing"}); err == nil {
		t.Error("a missing secret file is accepted")
	}
}

func TestEveryFieldIsDocumented(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, field := range config.Fields() {
		if field.Name == "" || len(field.Doc) < 5 || seen[field.Name] {
			t.Errorf("setting %+v lacks a name or a text, or stands twice", field)
		}
		seen[field.Name] = true
	}
}
