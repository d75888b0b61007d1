package credential

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What is looked at of what a stranger sends, so that an estimate takes a millisecond at the most (BenchmarkEstimateOf).
const (
	// estimateMax is how much of a password is looked at, in code points: the search grows with the cube of it. What
	// comes behind makes a password stronger, and one of this length that is weak in itself has been recognised.
	estimateMax = 64
	// knownMax is how many texts of the context are looked at, and knownBytes how much of each.
	knownMax, knownBytes = 8, 254
	// knownWordMin is the least length of a word of the context in code points; a shorter one saves no guesses.
	knownWordMin = 3
)

// The numbers of zxcvbn (Wheeler, "zxcvbn: Low-Budget Password Strength Estimation", USENIX Security 2016, and its
// scoring), as decimal logarithms of guesses.
const (
	// perCharacter is what a character costs that belongs to nothing.
	perCharacter = 1.0
	// perIdeograph is that of a Han or Hangul character, which is a syllable or word of thousands. Zxcvbn knows none.
	perIdeograph = 2.0
	// perPart is what an attacker has tried for each part before the last: shorter passwords come first.
	perPart = 4.0
	// partMin is the least for a part that is not the whole: 50 guesses.
	partMin = 1.7
	// fewGuesses is what a word of the context costs: ten guesses.
	fewGuesses = 1.0
)

// scoreSteps are the decimal logarithms of guesses at which the score rises (zxcvbn, README, "score").
var scoreSteps = [ScoreMax]float64{3, 6, 8, 10}

// EstimateOf tells how hard a normalised password is to guess for somebody who knows the texts of the context. It looks
// for the cheapest way to put the password together from words of the embedded list and of the context, as they stand,
// reversed and disguised, repetitions, sequences, walks over a keyboard, dates and single characters. It asks no
// peer and keeps nothing. The first 64 code points are estimated.
func EstimateOf(password string, known ...string) Estimate {
	s := newSearch(password)
	s.findWords(contextWords(boundKnown(known), knownWordMin))
	s.findSequences()
	s.findWalks()
	s.findDates()
	s.findRepetitions() // last: it asks what the repeated text costs
	return s.estimate()
}

func boundKnown(known []string) []string {
	bounded := make([]string, 0, knownMax)
	for _, text := range known[:min(len(known), knownMax)] {
		bounded = append(bounded, strings.ToValidUTF8(text[:min(len(text), knownBytes)], ""))
	}
	return bounded
}

// search is the search for the cheapest way to put one password together. Places are counted in code points.
type search struct {
	text, lower []rune
	// typed counts the cost of the characters before a place if each is tried, and shifted the capital letters.
	typed   []float64
	shifted []int
	// parts hold the cheapest thing that lies between two places, see part.
	parts []part
	// sums hold the least sum of costs of so many parts up to a place, and cuts where the last of them begins. Both are
	// used again by each call of cheapest.
	sums []float64
	cuts []int
}

// part is what a stretch of a password was recognised as, if it was.
type part struct {
	cost    float64
	found   bool
	warning Warning
}

func newSearch(password string) *search {
	text := make([]rune, 0, estimateMax)
	for _, r := range password {
		if len(text) == estimateMax {
			break
		}
		text = append(text, r)
	}
	size := len(text) + 1
	s := &search{
		text: text, lower: make([]rune, len(text)), typed: make([]float64, size), shifted: make([]int, size),
		parts: make([]part, size*size), sums: make([]float64, size*size), cuts: make([]int, size*size),
	}
	for i, r := range text {
		s.lower[i] = unicode.ToLower(r)
		s.typed[i+1], s.shifted[i+1] = s.typed[i]+costOf(r), s.shifted[i]
		if unicode.IsUpper(r) {
			s.shifted[i+1]++
		}
	}
	return s
}

func costOf(r rune) float64 {
	if r >= utf8.RuneSelf && (unicode.Is(unicode.Han, r) || unicode.Is(unicode.Hangul, r)) {
		return perIdeograph
	}
	return perCharacter
}

// size is the side of the tables.
func (s *search) size() int { return len(s.text) + 1 }

// add notes what lies between two places, if nothing cheaper does.
func (s *search) add(from, to int, cost float64, warning Warning) {
	if known := &s.parts[from*s.size()+to]; !known.found || cost < known.cost {
		*known = part{cost, true, warning}
	}
}

// addTyped is add for what is as often guessed as there are ways to shift some of its letters.
func (s *search) addTyped(from, to int, cost float64, warning Warning) {
	count := s.shifted[to] - s.shifted[from]
	atEdge := count == 1 && (s.shifted[from+1] > s.shifted[from] || s.shifted[to] > s.shifted[to-1])
	s.add(from, to, cost+choices(count, to-from, atEdge), warning)
}

// choices is the decimal logarithm of the ways to mark so many of a number of letters, or fewer. To mark all, or one at
// either edge, is what people do: one way more.
func choices(count, of int, atEdge bool) float64 {
	switch few := min(count, of-count); {
	case count == 0:
		return 0
	case few == 0 || atEdge:
		return math.Log10(2)
	default:
		return binomial(of, few) + math.Log10(float64(few)) // no term of the sum is greater than the last
	}
}

// cost is what the stretch between two places costs as one part of the stretch between two others.
func (s *search) cost(from, to int, whole bool) float64 {
	typed, recognised := s.typed[to]-s.typed[from], s.parts[from*s.size()+to]
	switch {
	case !recognised.found:
		return typed
	case whole:
		return min(typed, recognised.cost)
	default:
		return min(typed, max(recognised.cost, partMin))
	}
}

// cheapest gives the decimal logarithm of the guesses that a stretch withstands, and the number of parts of the
// cheapest way to put it together; s.cuts tells which. With l parts of g guesses each that is l!·Πg + 10000^(l-1): any
// order of the parts, after all that has fewer.
func (s *search) cheapest(from, to int) (guesses float64, parts int) {
	length := to - from
	most := 1 + int((s.typed[to]-s.typed[from])/perPart) // with more, to type it all is cheaper
	s.sums[0] = 0
	for end := 1; end <= length; end++ {
		width := min(end, most) + 1
		sums, cuts := s.sums[end*s.size():][:width], s.cuts[end*s.size():][:width]
		for count := range sums {
			sums[count] = math.Inf(1)
		}
		for start := range end {
			cost := s.cost(from+start, from+end, end-start == length)
			for before, sum := range s.sums[start*s.size():][:min(start+1, most)] {
				if sum+cost < sums[before+1] {
					sums[before+1], cuts[before+1] = sum+cost, start
				}
			}
		}
	}
	if length == 0 {
		return 0, 0
	}
	guesses = math.Inf(1)
	for count := 1; count <= min(length, most); count++ {
		together := sumOf(factorials[count]+s.sums[length*s.size()+count], count)
		if together < guesses {
			guesses, parts = together, count
		}
	}
	return guesses, parts
}

// sumOf adds what was tried before, where there is more than one part.
func sumOf(product float64, parts int) float64 {
	if parts == 1 {
		return product
	}
	before := perPart * float64(parts-1)
	return max(product, before) + math.Log10(1+math.Pow(10, -math.Abs(product-before)))
}

// estimate names what the longest part was recognised as.
func (s *search) estimate() Estimate {
	guesses, parts := s.cheapest(0, len(s.text))
	result := Estimate{GuessesLog10: math.Round(guesses*100) / 100}
	for _, step := range scoreSteps {
		if result.GuessesLog10 >= step {
			result.Score++
		}
	}
	longest := 0
	for end := len(s.text); result.Score < 3 && parts > 0; parts-- {
		start := s.cuts[end*s.size()+parts]
		recognised := s.parts[start*s.size()+end]
		if recognised.warning != WarningNone && recognised.cost < s.typed[end]-s.typed[start] && end-start >= longest {
			longest, result.Warning = end-start, recognised.warning
		}
		end = start
	}
	return result
}

// factorials are the decimal logarithms of factorials.
var factorials = func() (logs [estimateMax + 1]float64) {
	for i := 2; i < len(logs); i++ {
		logs[i] = logs[i-1] + math.Log10(float64(i))
	}
	return logs
}()

// binomial is the decimal logarithm of a binomial coefficient.
func binomial(of, count int) float64 {
	return factorials[of] - factorials[count] - factorials[of-count]
}
