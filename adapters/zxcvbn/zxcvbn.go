// Package zxcvbn estimates passwords by the method of zxcvbn (Wheeler, USENIX Security 2016), with the dictionaries
// and the search of ccojocar/zxcvbn-go. Three of that library's matchers are left out or bounded, because what they cost grows with
// what a stranger sends: see the constants.
package zxcvbn

import (
	"math"
	"strings"
	"unicode/utf8"

	library "github.com/ccojocar/zxcvbn-go"
	"github.com/ccojocar/zxcvbn-go/match"
	"github.com/ccojocar/zxcvbn-go/matching"
	"github.com/ccojocar/zxcvbn-go/scoring"

	"github.com/doorward/doorward/core/credential"
)

const (
	// lengthMax is how much of a password is looked at, in code points: the search is quadratic. What comes
	// behind makes a password stronger, and one of this length that is weak in itself has been recognised.
	lengthMax = 64
	// keyboardMax is the longest password that is searched for walks over the keyboard, in code points: for
	// every one that it finds the library reads its tables anew, which takes half a millisecond.
	keyboardMax = 32
	// knownMax is how many texts of the context are used, and knownLength how much of each, in bytes.
	knownMax, knownLength = 32, 254
)

// steps are the decimal logarithms of guesses at which the score rises (zxcvbn, README, "score").
var steps = [credential.ScoreMax]float64{3, 6, 8, 10}

// disguises are the letters that digits and signs stand for. The library tries all combinations, which takes seconds
// for a hostile text of a hundred signs; here each has one meaning, and 1 and | are tried as both letters.
var disguises = [...]*strings.Replacer{newDisguise("i"), newDisguise("l")}

func newDisguise(one string) *strings.Replacer {
	return strings.NewReplacer("4", "a", "@", "a", "8", "b", "(", "c", "{", "c", "[", "c", "<", "c", "3", "e", "6", "g", "9", "g",
		"!", "i", "1", one, "|", one, "0", "o", "$", "s", "5", "s", "+", "t", "7", "t", "%", "x", "2", "z")
}

// Estimator implements credential.Estimator. Its zero value is ready, and safe for concurrent use.
type Estimator struct{}

var _ credential.Estimator = Estimator{}

// Estimate implements credential.Estimator.
func (Estimator) Estimate(password string, known []string) credential.Estimate {
	fold := newFolding()
	password = fold.text(password)
	words := make([]string, 0, knownMax)
	for _, text := range known[:min(len(known), knownMax)] {
		words = append(words, partsOf(fold.text(text[:min(len(text), knownLength)]))...)
	}
	best := plain(password, words)
	for _, disguise := range disguises {
		open := disguise.Replace(password)
		if changed := differing(open, password); changed > 0 {
			found := dictionary(open, words)
			found.Entropy += float64(changed) // one bit for each: it is disguised, or not
			if found.Entropy < best.Entropy {
				best = found
			}
		}
	}
	return estimate(best)
}

// partsOf gives a text and its words: "ada.lovelace@example.com" is guessed in pieces.
func partsOf(text string) []string {
	return append(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" .@-_+", r) }), text)
}

func differing(a, b string) int {
	count := 0
	for i := range a {
		if a[i] != b[i] {
			count++
		}
	}
	return count
}

// plain looks for everything. Dates are left out: as they stand in the library they end one character too far.
func plain(password string, known []string) scoring.MinEntropyMatch {
	walks := len(password) <= keyboardMax
	return library.PasswordStrength(password, known, func(m match.Matcher) bool {
		return matching.FilterL33tMatcher(m) || isDate(m) || !walks && matching.FilterSpatialMatcher(m)
	})
}

// dictionary looks for words alone.
func dictionary(password string, known []string) scoring.MinEntropyMatch {
	return library.PasswordStrength(password, known, func(m match.Matcher) bool {
		return matching.FilterL33tMatcher(m) || isDate(m) || matching.FilterSpatialMatcher(m) ||
			matching.FilterRepeatMatcher(m) || matching.FilterSequenceMatcher(m)
	})
}

func isDate(m match.Matcher) bool {
	return matching.FilterDateSepMatcher(m) || matching.FilterDateWithoutSepMatcher(m)
}

func estimate(found scoring.MinEntropyMatch) credential.Estimate {
	// The library counts in bits, and says nothing of an empty text.
	result := credential.Estimate{GuessesLog10: max(0, math.Round(found.Entropy*math.Log10(2)*100)/100)}
	for _, step := range steps {
		if result.GuessesLog10 >= step {
			result.Score++
		}
	}
	if result.Score < 3 {
		result.Warning = warning(found.MatchSequence)
	}
	return result
}

// warning names what the longest part of a password was recognised as.
func warning(parts []match.Match) credential.Warning {
	longest, told := 0, credential.WarningNone
	for _, part := range parts {
		if named := warningOf(part); named != credential.WarningNone && len(part.Token) > longest {
			longest, told = len(part.Token), named
		}
	}
	return told
}

func warningOf(part match.Match) credential.Warning {
	switch part.Pattern {
	case "repeat":
		return credential.WarningRepetition
	case "sequence":
		return credential.WarningSequence
	case "spatial":
		return credential.WarningKeyboardPattern
	case "dictionary":
		return dictionaries[part.DictionaryName]
	default:
		return credential.WarningNone
	}
}

var dictionaries = map[string]credential.Warning{
	"Passwords": credential.WarningCommonPassword, "English": credential.WarningCommonWord,
	"MaleNames": credential.WarningCommonName, "FemaleNames": credential.WarningCommonName,
	"Surname": credential.WarningCommonName, "user_inputs": credential.WarningPersonal,
}

// folding writes texts in ASCII, in which the library counts: every other code point becomes a control character,
// the same one for the same. A repetition stays one, and no letter counts for more than one on a keyboard.
type folding map[rune]rune

// signs are the control characters from U+0001 on that stand for other code points.
const signs = 31

func newFolding() folding { return folding{} }

// text folds the first lengthMax code points.
func (f folding) text(text string) string {
	var folded strings.Builder
	count := 0
	for _, r := range text {
		if count++; count > lengthMax {
			break
		}
		if r >= utf8.RuneSelf {
			if f[r] == 0 {
				f[r] = rune(len(f)%signs + 1)
			}
			r = f[r]
		}
		folded.WriteRune(r)
	}
	return folded.String()
}
