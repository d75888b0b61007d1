package credential

import (
	"bytes"
	"compress/gzip"
	_ "embed" // for the list
	"fmt"
	"io"
	"strings"
	"sync"
)

//go:embed blocklist.gz
var blocklistArchive []byte

// CommonPasswords is the Blocklist that comes with the program: some thousands of passwords that leaked
// most often, from the list that BLOCKLIST.md names, in memory once and only when first asked. Case is
// ignored, and so are up to four digits and signs at the end of an entry, which is how people stretch a
// common password to the wanted length. The zero value is ready to use; safe for concurrent use.
type CommonPasswords struct{}

// suffixMax is how many characters other than letters may follow an entry: a year, or "123!".
const suffixMax = 4

// Contains implements Blocklist.
func (CommonPasswords) Contains(password string) bool {
	list := commonPasswords()
	folded := strings.ToLower(password)
	if list.has(folded) {
		return true
	}
	for range suffixMax {
		last := len(folded) - 1
		if last < 0 || isASCIILetter(folded[last]) || folded[last] >= 0x80 {
			return false
		}
		folded = folded[:last]
		if strings.ContainsFunc(folded, isLowerLetter) && list.has(folded) {
			return true
		}
	}
	return false
}

func isASCIILetter(b byte) bool { return b >= 'a' && b <= 'z' }
func isLowerLetter(r rune) bool { return r >= 'a' && r <= 'z' }

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
