package credential

import (
	"math"
	"strings"
	"unicode"
)

const (
	// patternMin is the least length of a pattern in code points.
	patternMin = 3
	// strideMax is how far apart neighbours in a sequence may lie: "acegi" is one of 2.
	strideMax = 5
)

// findSequences looks for letters or digits that lie at even distances: abcd, 9753.
func (s *search) findSequences() {
	for from := 0; from+1 < len(s.lower); from++ {
		stride := s.lower[from+1] - s.lower[from]
		if stride == 0 || stride < -strideMax || stride > strideMax || !isSerial(s.lower[from]) {
			continue
		}
		base := sequenceCost(s.lower[from], stride)
		for to := from + 1; to < len(s.lower) && s.lower[to]-s.lower[to-1] == stride && isSerial(s.lower[to]); to++ {
			if length := to + 1 - from; length >= patternMin {
				s.addTyped(from, to+1, base+math.Log10(float64(length)), WarningSequence)
			}
		}
	}
}

func isSerial(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// sequenceCost is that of the first of a sequence and its stride, by zxcvbn: obvious ones begin at an edge of the
// alphabet or the digits, and backwards is tried second.
func sequenceCost(first, stride rune) float64 {
	guesses := 26.0
	switch {
	case strings.ContainsRune("az019", first):
		guesses = 4
	case unicode.IsDigit(first):
		guesses = 10
	}
	if stride < 0 {
		guesses *= 2
	}
	return math.Log10(guesses * math.Abs(float64(stride)))
}

// keyboard is a set of keys in rows. Where it is slanted each row lies half a key to the right of the one above.
type keyboard struct {
	rows, shifted []string
	slanted       bool
	// keys is the number of places at which a walk may begin, degree the average number of neighbours of a key: both as
	// decimal logarithms, from zxcvbn.
	keys, degree float64
}

// keyboards are QWERTY as it is in the United States, and the digit pad.
var keyboards = [...]keyboard{
	{
		rows:    []string{"`1234567890-=", "\x00qwertyuiop[]\\", "\x00asdfghjkl;'", "\x00zxcvbnm,./"},
		shifted: []string{"~!@#$%^&*()_+", "\x00QWERTYUIOP{}|", "\x00ASDFGHJKL:\"", "\x00ZXCVBNM<>?"},
		slanted: true, keys: 1.67, degree: 0.66,
	},
	{rows: []string{"\x00/*-", "789+", "456", "123", "\x000."}, keys: 1.18, degree: 0.71},
}

// key is a place on a keyboard.
type key struct {
	row, column int
	shifted, ok bool
}

func (k keyboard) find(r rune) key {
	for shift, rows := range [...][]string{k.rows, k.shifted} {
		for row, keys := range rows {
			if column := strings.IndexRune(keys, r); column >= 0 && r != 0 {
				return key{row, column, shift == 1, true}
			}
		}
	}
	return key{}
}

// step is the direction from one key to the next; false where they do not touch.
func (k keyboard) step(from, to key) (direction [2]int, ok bool) {
	down, right := to.row-from.row, to.column-from.column
	near := from.ok && to.ok && max(down, -down, right, -right) == 1
	if k.slanted {
		near = near && down*right != 1 // a key touches the one above to the right, and the one below to the left
	}
	return [2]int{down, right}, near
}

// findWalks looks for neighbours on a keyboard. The cost of a walk of some length with some turns is that of all that are as
// long or shorter and turn as often or more seldom, of which the last term counts for each.
func (s *search) findWalks() {
	for _, board := range keyboards {
		keys := make([]key, len(s.text))
		for i, r := range s.text {
			keys[i] = board.find(r)
		}
		for from := range keys {
			s.followWalk(board, keys, from)
		}
	}
}

func (s *search) followWalk(board keyboard, keys []key, from int) {
	turns, shifted, last := 0, 0, [2]int{}
	if keys[from].shifted {
		shifted++
	}
	for to := from + 1; to < len(keys); to++ {
		direction, ok := board.step(keys[to-1], keys[to])
		if !ok {
			return
		}
		if direction != last {
			turns, last = turns+1, direction
		}
		if keys[to].shifted {
			shifted++
		}
		if length := to + 1 - from; length >= patternMin {
			cost := board.keys + float64(turns)*board.degree + binomial(length-1, turns-1) + math.Log10(float64(length-1))
			s.add(from, to+1, cost+choices(shifted, length, false), WarningKeyboardPattern)
		}
	}
}

// findRepetitions looks for texts that stand twice or more in a row. It takes them by length, so that the cost of
// one that repeats something itself is known.
func (s *search) findRepetitions() {
	for period := 1; 2*period <= len(s.text); period++ {
		for from := 0; from+2*period <= len(s.text); from++ {
			to := from
			for to+period < len(s.text) && s.text[to] == s.text[to+period] {
				to++
			}
			s.addRepetition(from, to+period, period)
			from = to
		}
	}
}

// addRepetition notes a text that stands in a row from one place to another.
func (s *search) addRepetition(from, to, period int) {
	if to-from < 2*period || s.parts[from*s.size()+from+period].warning == WarningRepetition {
		return // it stands there once, or is a repetition of something shorter, which has been noted
	}
	once, _ := s.cheapest(from, from+period)
	for count := 2; count*period <= to-from; count++ {
		if count*period >= patternMin {
			s.add(from, from+count*period, once+math.Log10(float64(count)), WarningRepetition)
		}
	}
}

// The years that people choose lie between yearMin and yearMax.
const (
	yearMin, yearMax = 1900, 2049
	daysOfYear       = 366
)

// dateShapes are the ways to write a date in digits: y is a year of four digits, or of two where there are two; the rest is
// months and days, in either order.
var dateShapes = [...][]int{{4}, {2, 2}, {2, 2, 2}, {2, 2, 4}, {4, 2, 2}, {1, 1, 2}, {1, 2, 2}, {2, 1, 2}, {1, 1, 4}, {1, 2, 4}, {2, 1, 4}}

// findDates looks for years and dates, the latter with and without a sign between their numbers.
func (s *search) findDates() {
	for from := range s.text {
		for _, shape := range dateShapes {
			s.addDate(from, shape, 0)
			if len(shape) > 1 && from+shape[0] < len(s.text) && strings.ContainsRune("/.-_ ", s.text[from+shape[0]]) {
				s.addDate(from, shape, s.text[from+shape[0]])
			}
		}
	}
}

// addDate notes a date of a shape. With a sign between its numbers it is one of four times as many, as in zxcvbn.
func (s *search) addDate(from int, shape []int, sign rune) {
	numbers, at := make([]int, 0, len(shape)), from
	for i, length := range shape {
		if i > 0 && sign != 0 {
			if at >= len(s.text) || s.text[at] != sign {
				return
			}
			at++
		}
		number, ok := s.number(at, length)
		if !ok {
			return
		}
		numbers, at = append(numbers, number), at+length
	}
	guesses := datesLike(shape, numbers)
	if sign != 0 {
		guesses *= 4
	}
	if guesses > 0 {
		s.add(from, at, math.Log10(float64(guesses)), WarningNone)
	}
}

// number reads so many digits.
func (s *search) number(at, length int) (number int, ok bool) {
	if at+length > len(s.text) {
		return 0, false
	}
	for _, r := range s.text[at : at+length] {
		if r < '0' || r > '9' {
			return 0, false
		}
		number = 10*number + int(r-'0')
	}
	return number, true
}

// datesLike is how many dates there are of a shape, 0 if the numbers are none.
func datesLike(shape, numbers []int) int {
	years, days := 1, numbers
	switch last := len(shape) - 1; {
	case shape[0] == 4:
		years, days = yearsLike(numbers[0]), numbers[1:]
	case shape[last] == 4:
		years, days = yearsLike(numbers[last]), numbers[:last]
	case last == 2:
		years, days = 100, numbers[:last]
	}
	switch {
	case len(days) == 0:
		return years
	case min(days[0], days[1]) < 1 || min(days[0], days[1]) > 12 || max(days[0], days[1]) > 31:
		return 0
	default:
		return years * daysOfYear
	}
}

func yearsLike(year int) int {
	if year < yearMin || year > yearMax {
		return 0
	}
	return yearMax + 1 - yearMin
}
