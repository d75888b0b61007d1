package credential

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// entryMin is the least length of an entry of the embedded list, in code points (see BLOCKLIST.md).
const entryMin = 4

// disguises are the letters that digits and signs stand for, each with one meaning; 1 and | are read in two ways.
// To try all combinations, as zxcvbn does, takes seconds for a hostile text.
const (
	disguiseSigns   = "4@8({[<3691!|0$5+7%2"
	disguiseLetters = "aabcccceggiiiossttxz"
)

// separators are what stands between words: people put the same one, or none, behind each.
const separators = " -_.,+"

// reading is one way to read a password: as it stands, reversed, or with its disguises taken off.
type reading struct {
	text     string
	reversed bool
	// starts are the bytes at which the code points begin, and the length; undone counts the disguises before each.
	starts, undone []int
}

func newReading(lower []rune, one rune) reading {
	r := reading{starts: make([]int, 1, len(lower)+1), undone: make([]int, 1, len(lower)+1)}
	var text strings.Builder
	for i, letter := range lower {
		undone := 0
		if at := strings.IndexRune(disguiseSigns, letter); one != 0 && at >= 0 {
			undone = 1
			if letter == '1' || letter == '|' {
				letter = one
			} else {
				letter = rune(disguiseLetters[at])
			}
		}
		text.WriteRune(letter)
		r.starts, r.undone = append(r.starts, text.Len()), append(r.undone, r.undone[i]+undone)
	}
	r.text = text.String()
	return r
}

// readings gives the ways to read the password; those that take disguises off only where there are any.
func (s *search) readings() []reading {
	lower := s.lower
	backwards := slices.Clone(lower)
	slices.Reverse(backwards)
	reversed := newReading(backwards, 0)
	reversed.reversed = true
	all := []reading{newReading(lower, 0), reversed}
	if slices.ContainsFunc(lower, func(r rune) bool { return strings.ContainsRune(disguiseSigns, r) }) {
		all = append(all, newReading(lower, 'i'))
	}
	if slices.ContainsFunc(lower, func(r rune) bool { return r == '1' || r == '|' }) {
		all = append(all, newReading(lower, 'l'))
	}
	return all
}

// findWords looks for entries of the embedded list and for words of the context.
func (s *search) findWords(known []string) {
	slices.Sort(known)
	known = slices.Compact(known)
	for _, r := range s.readings() {
		s.findEntries(r)
		for _, word := range known {
			s.findKnown(r, word)
		}
	}
}

// findEntries follows the list from each place of a reading, as long as there are entries that begin like it.
func (s *search) findEntries(r reading) {
	list := commonPasswords()
	for from := 0; from+entryMin < len(r.starts); from++ {
		place := list.seek(r.text[r.starts[from]:r.starts[from+entryMin]], 0, len(list)-1)
		for to := from + entryMin; to < len(r.starts); to++ {
			text := r.text[r.starts[from]:r.starts[to]]
			place = list.seekNear(text, place)
			entry, mark, ok := list.at(place)
			if !ok || !strings.HasPrefix(entry, text) {
				break
			}
			if entry == text {
				rank, kind := readMark(mark)
				s.addWord(r, from, to, rank, kind)
			}
		}
	}
}

// findKnown looks for a word of the context.
func (s *search) findKnown(r reading, word string) {
	for at := 0; ; at++ {
		next := strings.Index(r.text[at:], word)
		if next < 0 {
			return
		}
		at += next
		if from, ok := slices.BinarySearch(r.starts, at); ok {
			s.addWord(r, from, from+utf8.RuneCountInString(word), fewGuesses, WarningPersonal)
		}
	}
}

// addWord notes a word by its rank. An attacker tries each twice: reversed or not, and each of its disguises taken or not.
func (s *search) addWord(r reading, from, to int, rank float64, warning Warning) {
	cost := rank + float64(r.undone[to]-r.undone[from])*math.Log10(2)
	if r.reversed {
		cost += math.Log10(2)
		from, to = len(s.text)-to, len(s.text)-from
	}
	s.addTyped(from, to, cost, warning)
	if to < len(s.text) && strings.ContainsRune(separators, s.text[to]) {
		s.addTyped(from, to+1, cost+math.Log10(float64(len(separators)+1)), warning)
	}
}
