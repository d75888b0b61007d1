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
// memory once, some 700 KB, and only when first asked.
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

// sortedLines is a text of unique lines in byte order, the first and last byte of which are line breaks.
type sortedLines string

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

// has finds a line by halving the text: no index is kept beside it.
func (l sortedLines) has(line string) bool {
	low, high := 0, len(l)-1 // both are places of line breaks; the line, if any, lies between
	for low < high {
		middle := (low + high) / 2
		start := strings.LastIndexByte(string(l[:middle+1]), '\n')
		if start == high {
			return false
		}
		end := start + 1 + strings.IndexByte(string(l[start+1:]), '\n')
		switch found := string(l[start+1 : end]); {
		case found == line:
			return true
		case found < line:
			low = end
		default:
			high = start
		}
	}
	return false
}
