package e2e_test

import (
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/doorward/doorward/api/client"
)

// A demonstration has people with a history, each with a hash of their own, and is the same for the same day.
func TestSeederMakesADemonstration(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		output := s.ran(t, 0, "seeder", "--profile", "demo", "--users", "20")
		contains(t, output, "20 users, 40 sessions, 800 events")
		again := regexp.MustCompile(`--seed 1 --until (\S+)`).FindStringSubmatch(output)
		who := regexp.MustCompile(`(?m)^sign in    (\S+) and the like, password "([^"]+)"`).FindStringSubmatch(output)
		if again == nil || who == nil {
			t.Fatalf("it does not tell how to go on:\n%s", output)
		}
		contains(t, s.ran(t, 0, "seeder", "--profile", "demo", "--users", "20"), again[0], who[0])
		contains(t, s.ran(t, 0, "seeder", "--wipe"), " roles\n", " permissions\n", " access_groups\n")
		n := s.start()
		person := must[*client.LoginResponse](t, http.StatusOK)(n.stranger().LoginWithResponse(t.Context(),
			client.LoginRequest{Identifier: who[1], Password: who[2]})).JSON200
		mine := s.clientAt(n.address, func() string { return person.Tokens.AccessToken })
		history := must[*client.ListActivityResponse](t, 200)(
			mine.ListActivityWithResponse(t.Context(), &client.ListActivityParams{})).JSON200.Items
		if len(history) < 5 {
			t.Errorf("a history of %d events", len(history))
		}
	})
}

// Wiping tells first, wants the database's name, and leaves what a new start needs.
func TestSeederWipesWhatIsNamed(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		s.ran(t, 0, "seeder", "--users", "30")
		told := s.ran(t, 0, "seeder", "--wipe")
		named := regexp.MustCompile(`--yes-wipe=(\S+)`).FindStringSubmatch(told)
		if named == nil {
			t.Fatalf("it does not tell the name:\n%s", told)
		}
		contains(t, told, "would remove", "31 users", "31 audit_log")
		if address, ok := s.variables["DATABASE_URL"]; ok {
			parsed, err := url.Parse(address)
			if err != nil || path.Base(parsed.Path) != named[1] {
				t.Errorf("the name of %s is not %s", address, named[1])
			}
			contains(t, told, "from "+named[1]+" on ")
		}
		contains(t, s.ran(t, 1, "seeder", "--wipe", "--yes-wipe", "another"), "nothing was removed")
		s.ran(t, 2, "seeder", "--yes-wipe", named[1])
		contains(t, s.ran(t, 0, "seeder", "--users", "10"), "there is one already")
		contains(t, s.ran(t, 0, "seeder", "--wipe", "--yes-wipe", named[1]), "removes", "31 users", "owner@example.com")
		contains(t, s.ran(t, 0, "seeder", "--wipe"), "         1 users")
	})
}

// Nothing is wiped that was not named, wherever it lies: these folders make no URL that can be parsed.
func TestSeederWipesNothingUnnamed(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"my data", "100% mine", "a:b?c#d"} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			s := embedded(t, "DATA_DIR", filepath.Join(t.TempDir(), folder))
			s.ran(t, 0, "seeder", "--users", "3")
			contains(t, s.ran(t, 0, "seeder", "--wipe"), "would remove from doorward.db in "+s.variables["DATA_DIR"], "4 users", "--yes-wipe=doorward.db")
			contains(t, s.ran(t, 1, "seeder", "--wipe", "--yes-wipe=."), "nothing was removed")
			contains(t, s.ran(t, 0, "seeder", "--wipe"), "would remove", "4 users")
			contains(t, s.ran(t, 0, "seeder", "--wipe", "--yes-wipe=doorward.db"), "removes from doorward.db in ", "owner@example.com")
		})
	}
}
