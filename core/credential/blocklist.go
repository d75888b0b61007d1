package credential

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed" // for the list
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed blocklist.gz
var blocklistArchive []byte

// CommonPasswords is the Blocklist that comes with the program: passwords that leaked most often, words of
// the dictionary and names (NIST SP 800-63B-4 §3.1.1.2), from the lists that BLOCKLIST.md names. They are in
// memory once, some 760 KB, and only when first asked.
//
// Case is ignored, and so are the ways in which people stretch a common password to the wanted length: up
// to four digits and signs after it, or the whole of it twice. The zero value is ready to use; safe for
// concurrent use.
type CommonPasswords struct{}

// suffixMax is how many characters other than letters may follow an entry: a year, or "123!".
const suffixMax = 4

var _ Blocklist = CommonPasswords{}

// Contains implements Blocklist. It waits for nothing and does not fail.
func (CommonPasswords) Contains(_ context.Context, password string) (bool, error) {
	list := commonPasswords()
	folded := strings.ToLower(password)
	half := folded[:len(folded)/2]
	return list.has(folded) || folded == half+half && list.has(half) || list.hasStretched(folded), nil
}

// hasStretched reports whether text is an entry with digits and signs after it. Entries without a letter do
// not count: they would refuse numbers at random.
func (l sortedLines) hasStretched(text string) bool {
	for range suffixMax {
		last := len(text) - 1
		if last < 0 || isASCIILetter(text[last]) || text[last] >= utf8.RuneSelf {
			return false
		}
		text = text[:last]
		if strings.ContainsFunc(text, unicode.IsLetter) && l.has(text) {
			return true
		}
	}
	return false
}

func isASCIILetter(b byte) bool { return b >= 'a' && b <= 'z' }

// sortedLines is a text of lines between line breaks. Each is an entry and one byte, its mark; entries are unique and in
// byte order.
type sortedLines string

// A mark is markFirst + markSteps × the kind of the list in which the entry ranks highest + twice the decimal logarithm
// of that rank, rounded, at most markSteps-1.
const (
	markFirst = 'a'
	markSteps = 10
)

// markKinds are the warnings that stand for the kinds of lists, in the order of their numbers.
var markKinds = [...]Warning{WarningCommonPassword, WarningCommonWord, WarningCommonName}

// readMark gives the decimal logarithm of the rank of an entry, and what it is.
func readMark(mark byte) (rank float64, kind Warning) {
	number := int(mark - markFirst)
	return float64(number%markSteps) / 2, markKinds[number/markSteps]
}

// commonPasswords unpacks the list once.
var commonPasswords = sync.OnceValue(func() sortedLines {
	reader, err := gzip.NewReader(bytes.NewReader(blocklistArchive))
	if err != nil {
		panic(fmt.Errorf("credential: the embedded blocklist is damaged: %w", err))
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		panic(fmt.Errorf("credential: the embedded blocklist is damaged: %w", err))
	}
	return sortedLines(text)
})

// has reports whether text is an entry.
func (l sortedLines) has(text string) bool {
	entry, _, ok := l.at(l.seek(text, 0, len(l)-1))
	return ok && entry == text
}

// at gives the entry behind a line break, and its mark; false behind the last.
func (l sortedLines) at(lineBreak int) (entry string, mark byte, ok bool) {
	if lineBreak >= len(l)-1 {
		return "", 0, false
	}
	end := l.after(lineBreak + 1)
	return string(l[lineBreak+1 : end-1]), l[end-1], true
}

// after gives the first line break from place on.
func (l sortedLines) after(place int) int { return place + strings.IndexByte(string(l[place:]), '\n') }

// seek finds the line break before the first entry that does not come before text, of those between two line breaks.
// It halves the text: no index is kept beside it.
func (l sortedLines) seek(text string, low, high int) int {
	for low < high {
		start := low + strings.LastIndexByte(string(l[low:low+(high-low)/2+1]), '\n')
		if entry, _, _ := l.at(start); entry < text {
			low = start + 1 + len(entry) + 1
		} else {
			high = start
		}
	}
	return low
}

// seekNear is seek from low on, for a text whose place is not far.
func (l sortedLines) seekNear(text string, low int) int {
	for reach := nearBytes; low+reach < len(l)-1; reach *= 4 {
		high := l.after(low + reach)
		if entry, _, ok := l.at(high); !ok || entry >= text {
			return l.seek(text, low, high)
		}
		low = high
	}
	return l.seek(text, low, len(l)-1)
}

// nearBytes is how far seekNear looks first, in bytes.
const nearBytes = 128
