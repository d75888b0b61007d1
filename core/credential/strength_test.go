package credential_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/credential"
)

// yardstick estimates by length, and remembers what it was asked.
type yardstick struct{ asked *[]string }

func (y yardstick) Estimate(password string, known []string) credential.Estimate {
	*y.asked = append(*y.asked, append([]string{password}, known...)...)
	return credential.Estimate{Score: min(len(password)/4, credential.ScoreMax), GuessesLog10: float64(len(password))}
}

// dead is a blocklist that cannot say anything.
type dead struct{}

var errDead = errors.New("nothing can be said")

func (dead) Contains(context.Context, string) (bool, error) { return false, errDead }

func TestAppraise(t *testing.T) {
	t.Parallel()
	policy := credential.NewPolicy(credential.CommonPasswords{}, credential.PolicyConfig{})
	for password, want := range map[string]struct {
		flaw     core.Code
		estimate bool
	}{
		"vexed quartz jukebox": {"", true},
		"short":                {core.CodeTooShort, true},
		"password":             {core.CodePasswordCommon, true},
		"ada.lovelace!":        {core.CodePasswordContext, true},
		"abcdefgh\xff":         {core.CodeInvalidFormat, false},
	} {
		var asked []string
		got, err := credential.NewAppraiser(policy, yardstick{&asked}).Appraise(t.Context(), password, "ada.lovelace@example.com")
		if err != nil {
			t.Fatal(err)
		}
		if accepted := len(got.Flaws) == 0; accepted != (want.flaw == "") || !accepted && got.Flaws[0].Code != want.flaw {
			t.Errorf("%q: %+v, want %q", password, got.Flaws, want.flaw)
		}
		if want.estimate != slices.Equal(asked, []string{password, "ada.lovelace@example.com"}) || want.estimate != (got.GuessesLog10 > 0) {
			t.Errorf("%q: %+v, asked about %q", password, got, asked)
		}
	}
}

// TestAppraiseNormalises estimates what would be hashed.
func TestAppraiseNormalises(t *testing.T) {
	t.Parallel()
	var asked []string
	policy := credential.NewPolicy(credential.CommonPasswords{}, credential.PolicyConfig{})
	if _, err := credential.NewAppraiser(policy, yardstick{&asked}).Appraise(t.Context(), "\uff41bcdefgh"); err != nil || asked[0] != "abcdefgh" {
		t.Errorf("asked about %q, %v", asked, err)
	}
}

// TestNothingIsTakenWhereNothingCanBeSaid holds that a blocklist that fails refuses.
func TestNothingIsTakenWhereNothingCanBeSaid(t *testing.T) {
	t.Parallel()
	policy := credential.NewPolicy(dead{}, credential.PolicyConfig{})
	if err := policy.Check(t.Context(), "vexed quartz jukebox"); !errors.Is(err, errDead) || core.AsError(err).Kind != core.KindInternal {
		t.Errorf("got %v", err)
	}
	// A password that breaks another rule is not asked about.
	for _, password := range []string{"short", "abcdefgh\xff", "ada.lovelace!"} {
		if err := policy.Check(t.Context(), password, "ada.lovelace@example.com"); core.AsError(err).Kind != core.KindInvalid {
			t.Errorf("%q: %v", password, err)
		}
	}
	var asked []string
	if _, err := credential.NewAppraiser(policy, yardstick{&asked}).Appraise(t.Context(), "vexed quartz jukebox"); !errors.Is(err, errDead) {
		t.Errorf("got %v", err)
	}
}
