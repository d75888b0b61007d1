package credential_test

import (
	"context"
	"errors"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/credential"
)

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
		"dragon2026":           {core.CodePasswordCommon, true},
		"ada.lovelace!":        {core.CodePasswordContext, true},
		"abcdefgh\xff":         {core.CodeInvalidFormat, false},
	} {
		got, err := credential.NewAppraiser(policy).Appraise(t.Context(), password, "ada.lovelace@example.com")
		if err != nil {
			t.Fatal(err)
		}
		if accepted := len(got.Flaws) == 0; accepted != (want.flaw == "") || !accepted && got.Flaws[0].Code != want.flaw {
			t.Errorf("%q: %+v, want %q", password, got.Flaws, want.flaw)
		}
		if want.estimate != (got.GuessesLog10 > 0) || want.estimate && got.Estimate != credential.EstimateOf(password, "ada.lovelace@example.com") {
			t.Errorf("%q: %+v", password, got.Estimate)
		}
	}
}

// TestAppraiseNormalises estimates what would be hashed.
func TestAppraiseNormalises(t *testing.T) {
	t.Parallel()
	policy := credential.NewPolicy(credential.CommonPasswords{}, credential.PolicyConfig{})
	got, err := credential.NewAppraiser(policy).Appraise(t.Context(), "\uff51uastelbrink\uff11")
	if err != nil || got.Estimate != credential.EstimateOf("quastelbrink1") || got.Estimate == credential.EstimateOf("\uff51uastelbrink\uff11") {
		t.Errorf("%+v, %v", got, err)
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
	if _, err := credential.NewAppraiser(policy).Appraise(t.Context(), "vexed quartz jukebox"); !errors.Is(err, errDead) {
		t.Errorf("got %v", err)
	}
}
