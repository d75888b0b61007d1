package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/retention"
	"github.com/doorward/doorward/core/secret"
)

// ran fails the test unless the command ended with the code, and gives its output.
func (s *site) ran(t *testing.T, want int, name string, args ...string) string {
	t.Helper()
	code, output := s.run(name, args...)
	if code != want {
		t.Fatalf("%s %s: exit code %d, want %d:\n%s", name, strings.Join(args, " "), code, want, output)
	}
	return output
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in:\n%s", part, text)
		}
	}
}

func TestMigrateCommands(t *testing.T) {
	t.Parallel()
	for name, describe := range map[string]func(t *testing.T) *site{
		"embedded":         func(t *testing.T) *site { return embedded(t) },
		"production shape": func(t *testing.T) *site { return distributed(t, "DATABASE_URL", postgrestest.EmptyURL(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := describe(t)
			contains(t, s.ran(t, 0, "api", "migrate", "plan"), "would apply", "CREATE TABLE users")
			contains(t, s.ran(t, 0, "api", "migrate", "status"), "pending")
			// What looks after a database makes none, though AUTO_MIGRATE is on.
			for _, command := range [][]string{
				{"api", "keys", "list"}, {"api", "keys", "rotate"}, {"cleanup"}, {"cleanup", "--dry-run"},
			} {
				contains(t, s.ran(t, 1, command[0], command[1:]...), "the database is not migrated", "api migrate up")
			}
			if status := s.ran(t, 0, "api", "migrate", "status"); strings.Contains(status, "applied") {
				t.Errorf("a command has migrated:\n%s", status)
			}
			s.variables["AUTO_MIGRATE"] = "false"
			contains(t, s.ran(t, 1, "api"), "the database is not migrated", "api migrate up")
			contains(t, s.ran(t, 0, "api", "migrate", "up"), "applied")
			contains(t, s.ran(t, 0, "api", "migrate", "up"), "nothing to do")
			if status := s.ran(t, 0, "api", "migrate", "status"); strings.Contains(status, "pending") {
				t.Errorf("pending after all were applied:\n%s", status)
			}
			n := s.start()
			s.newPerson(t).signUp(n).mustBeIn(n)
		})
	}
}

// A new key is published before it signs, and nobody restarts.
func TestKeyCommands(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		contains(t, s.ran(t, 0, "api", "keys", "list"), "signing")
		contains(t, s.ran(t, 0, "api", "keys", "rotate"), "signs from")
		list := s.ran(t, 0, "api", "keys", "list")
		contains(t, list, "signing", "waiting")
		later := s.start("APP_URL", n.address)
		set := must[*client.GetKeySetResponse](t, 200)(later.stranger().GetKeySetWithResponse(t.Context())).JSON200
		same(t, "published keys", len(set.Keys), 2)
		ada.mustBeIn(n)
	})
}

func TestMasterKeyCommand(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	if _, err := secret.ParseRing(strings.TrimSpace(s.ran(t, 0, "api", "keys", "master"))); err != nil {
		t.Error(err)
	}
	contains(t, s.ran(t, 0, "api", "version"), "doorward ")
	contains(t, s.ran(t, 0, "api", "help"), "migrate up")
	contains(t, s.ran(t, 2, "api", "serve", "twice"), "there is no command")
}

func TestHealthcheckCommand(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	n := s.start()
	s.variables["PORT"] = n.address[strings.LastIndexByte(n.address, ':')+1:]
	s.ran(t, 0, "api", "healthcheck")
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	s.ran(t, 1, "api", "healthcheck")
}

// Settings that are wrong are told all at once, by every command, without a secret in sight.
func TestWrongSettingsAreTold(t *testing.T) {
	t.Parallel()
	s := embedded(t, "APP_ENV", "production", "PORT", "0", "RATE_LIMITS", "on", "OWNER_PASSWORD", "planted secret")
	for _, name := range []string{"api", "cleanup", "seeder"} {
		output := s.ran(t, 1, name)
		contains(t, output, "MASTER_KEYS must be set", "SMTP_URL must be set", "docs/configuration.md")
		if strings.Contains(output, "planted secret") {
			t.Errorf("%s shows a secret:\n%s", name, output)
		}
	}
}

// summary is what the cleanup tells programs.
type summary struct {
	DryRun bool                     `json:"dry_run"`
	Counts map[retention.Kind]int64 `json:"counts"`
}

func (s *site) clean(t *testing.T, args ...string) summary {
	t.Helper()
	var told summary
	if err := json.Unmarshal([]byte(s.ran(t, 0, "cleanup", args...)), &told); err != nil {
		t.Fatal(err)
	}
	return told
}

// A dry run counts what the real one then removes; what lives stays.
func TestCleanupCommand(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		for range 3 {
			gone := ada.another(n)
			must[*client.LogoutResponse](t, 204)(gone.at(n).LogoutWithResponse(t.Context(), client.LogoutRequest{}))
		}
		dry := s.clean(t, "--dry-run", "--kinds", "sessions")
		same(t, "sessions of a dry run", dry.Counts[retention.KindSessions], 3)
		same(t, "kinds of a dry run", len(dry.Counts), 1)
		same(t, "sessions of the next", s.clean(t, "--batch", "2").Counts[retention.KindSessions], 3)
		same(t, "sessions of the last", s.clean(t).Counts[retention.KindSessions], 0)
		ada.mustBeIn(n)
		for _, wrong := range [][]string{{"--batch", "-1"}, {"--kinds", "everything"}, {"now"}, {"--no-such-flag"}} {
			s.ran(t, 2, "cleanup", wrong...)
		}
		contains(t, s.ran(t, 0, "cleanup", "--help"), "dry-run", "3 another cleanup is running")
	}, "RETAIN_SESSIONS", "1ns")
}

// A second cleanup leaves at once, and says so to the scheduler.
func TestCleanupRunsOnce(t *testing.T) {
	t.Parallel()
	s := distributed(t)
	db := postgrestest.OpenURL(t, s.variables["DATABASE_URL"])
	release, held, err := db.Locks().TryLock(t.Context(), "retention")
	if err != nil || !held {
		t.Fatal(held, err)
	}
	contains(t, s.ran(t, 3, "cleanup"), "Another cleanup is running")
	release()
	s.ran(t, 0, "cleanup")
}

var madePassword = regexp.MustCompile(`(?m)^password   (\S+) `)

// The first owner is made once, verified, and can sign in with the password that is shown once.
func TestSeederMakesOneOwner(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		first := s.ran(t, 0, "seeder")
		shown := madePassword.FindStringSubmatch(first)
		if shown == nil {
			t.Fatalf("no password is shown:\n%s", first)
		}
		contains(t, s.ran(t, 0, "seeder"), "there is one already")
		n := s.start()
		owner := must[*client.LoginResponse](t, 200)(n.stranger().LoginWithResponse(t.Context(),
			client.LoginRequest{Identifier: "owner@example.com", Password: shown[1]})).JSON200
		same(t, "roles", owner.User.Roles, []string{"OWNER"})
		mine := s.clientAt(n.address, func() string { return owner.Tokens.AccessToken })
		history := must[*client.ListActivityResponse](t, 200)(
			mine.ListActivityWithResponse(t.Context(), &client.ListActivityParams{})).JSON200.Items
		same(t, "history", lines(history), []string{"session.sign_in success", "account.open success"})
	})
}

// People are made up to order, the same for the same seed, and sign in with the password that is shown.
func TestSeederMakesPeople(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		order := []string{"--users", "300", "--sessions", "500", "--seed", "7"}
		output := s.ran(t, 0, "seeder", order...)
		contains(t, output, "300 users, 500 sessions", "owner@my.example.com")
		s.ran(t, 0, "seeder", order...) // what is there stays
		found := regexp.MustCompile(`(?m)^sign in    (\S+) and the like, password "([^"]+)"`).FindStringSubmatch(output)
		if found == nil {
			t.Fatalf("nobody to sign in as:\n%s", output)
		}
		n := s.start()
		must[*client.LoginResponse](t, http.StatusOK)(n.stranger().LoginWithResponse(t.Context(),
			client.LoginRequest{Identifier: found[1], Password: found[2]}))
		for _, wrong := range [][]string{{"--users", "-1"}, {"--sessions", "5"}, {"everybody"}} {
			s.ran(t, 2, "seeder", wrong...)
		}
	}, "OWNER_EMAIL", "owner@my.example.com", "OWNER_PASSWORD", "a phrase for the owner")
}

// In production the seeder wants to be told that it is meant, and for whom: an owner at the address of the examples could
// neither reset their password nor be warned.
func TestSeederRefusesProduction(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "master")
	if err := os.WriteFile(key, []byte(secret.GenerateKey("k")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := distributed(t, "APP_ENV", "production", "RATE_LIMITS", "on", "APP_URL", "https://accounts.example.com", "MAIL_FROM", "accounts@example.com",
		"ALLOW_PLAINTEXT_NETWORK", "true", "MASTER_KEYS", "", "MASTER_KEYS_FILE", key,
		"ARGON2_MEMORY_KIB", "19456", "ARGON2_TIME", "2")
	contains(t, s.ran(t, 2, "seeder"), "--production")
	contains(t, s.ran(t, 1, "seeder", "--production"), "OWNER_EMAIL must be set")
	s.variables["OWNER_EMAIL"] = "Owner@Example.com"
	contains(t, s.ran(t, 1, "seeder", "--production"), "OWNER_EMAIL must be set")
	s.variables["OWNER_EMAIL"] = "owner@my.example.com"
	contains(t, s.ran(t, 0, "seeder", "--production"), "owner      owner@my.example.com")
	delete(s.variables, "OWNER_EMAIL")
	contains(t, s.ran(t, 0, "seeder", "--production"), "there is one already")
}
