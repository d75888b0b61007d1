package credential

import (
	"context"
	"errors"

	"github.com/doorward/doorward/core"
)

// Warning is the stable, snake_case name of what makes a password easy to guess. Clients word it for people.
type Warning string

// The warnings.
const (
	WarningNone           Warning = ""
	WarningCommonPassword Warning = "common_password"
	WarningCommonWord     Warning = "common_word"
	WarningCommonName     Warning = "common_name"
	// WarningPersonal is a text of the context, as it stands or disguised.
	WarningPersonal        Warning = "personal"
	WarningKeyboardPattern Warning = "keyboard_pattern"
	WarningRepetition      Warning = "repetition"
	WarningSequence        Warning = "sequence"
)

// ScoreMax is the best score of an Estimate.
const ScoreMax = 4

// Estimate is how many guesses a password would withstand.
type Estimate struct {
	// Score is 0 to ScoreMax, by the steps of zxcvbn: fewer than 10^3, 10^6, 10^8, 10^10 guesses, and more.
	Score int
	// GuessesLog10 is the decimal logarithm of the number of guesses, 0 at least.
	GuessesLog10 float64
	// Warning is what weighs most in a password of a score below 3; WarningNone where nothing was recognised.
	Warning Warning
}

// Appraisal is an estimate with the verdict of the policy.
type Appraisal struct {
	Estimate
	// Flaws are the rules that the password breaks; empty for one that is acceptable.
	Flaws []core.FieldError
}

// Appraiser tells people how good a password would be, before they choose it. It decides nothing.
type Appraiser struct{ policy *Policy }

// NewAppraiser makes an appraiser. It is asked at every keystroke by anybody, so give it a policy whose blocklist asks no
// peer.
func NewAppraiser(policy *Policy) *Appraiser { return &Appraiser{policy: policy} }

// Appraise judges a password; known is what is known of the person. Of a password that is none, or longer than one
// may be, nothing is estimated. The error is the blocklist's.
func (a *Appraiser) Appraise(ctx context.Context, password string, known ...string) (Appraisal, error) {
	var appraisal Appraisal
	err := a.policy.Check(ctx, password, known...)
	var refusal *core.Error
	switch {
	case err == nil:
	case errors.As(err, &refusal) && refusal.Kind == core.KindInvalid:
		appraisal.Flaws = refusal.Fields
	default:
		return Appraisal{}, err
	}
	if normal, ok := NormalizePassword(password); ok {
		appraisal.Estimate = EstimateOf(normal, known...)
	}
	return appraisal, nil
}
