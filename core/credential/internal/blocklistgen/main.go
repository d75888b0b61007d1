// Blocklistgen makes the embedded list of common passwords from published ones.
//
//	go run ./internal/blocklistgen -o blocklist.gz kind=list...
//
// A kind is passwords, words or names. A list is a text of one entry a line, a JSON array of strings, or a JSON object
// with such an array in it, the most common entry first. Entries are brought to the form in which passwords are compared
// (NFKC, lower case); those that are too short to be stretched to a permitted length, or too long, are left out.
// BLOCKLIST.md names the lists in use and tells what is written.
package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The lengths in code points of entries worth keeping: with the four characters that the lookup ignores
// at the end, the shortest makes a password of 8; the longest is the longest permitted.
const (
	shortest = 4
	longest  = 128
)

// kinds are the kinds of lists, in the order of their numbers in marks.
var kinds = []string{"passwords", "words", "names"}

// The mark of an entry is firstMark + rankSteps × the number of its kind + the step of its rank.
const (
	firstMark = 'a'
	rankSteps = 10
)

// standing is how an entry stands in one list.
type standing struct{ step, kind int }

func (s standing) mark() byte { return byte(firstMark + rankSteps*s.kind + s.step) }

// compare puts the higher rank first.
func (s standing) compare(other standing) int {
	return cmp.Or(cmp.Compare(s.step, other.step), cmp.Compare(s.kind, other.kind))
}

// stepOf is twice the decimal logarithm of a rank that counts from 1.
func stepOf(rank int) int { return min(rankSteps-1, int(math.Round(2*math.Log10(float64(rank))))) }

func main() {
	output := flag.String("o", "blocklist.gz", "where the list is written")
	flag.Parse()
	if err := run(*output, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "blocklistgen:", err)
		os.Exit(1)
	}
}

func run(output string, sources []string) error {
	entries := map[string]standing{}
	for _, source := range sources {
		name, path, _ := strings.Cut(source, "=")
		kind := slices.Index(kinds, name)
		if kind < 0 {
			return fmt.Errorf("%q is not of the form kind=list with a kind of %q", source, kinds)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		add(entries, kind, parse(data))
	}
	if len(entries) == 0 {
		return fmt.Errorf("no entries in %d lists", len(sources))
	}
	archive, err := pack(entries)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(os.Stdout, "%d entries, %d bytes\n", len(entries), len(archive))
	return os.WriteFile(output, archive, 0o644) //nolint:gosec // a public list
}

// parse reads either form of list.
func parse(data []byte) []string {
	var list []string
	if json.Unmarshal(data, &list) == nil {
		return list
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(data, &object) != nil {
		return strings.Split(string(data), "\n")
	}
	for _, member := range object {
		var list []string
		if json.Unmarshal(member, &list) == nil {
			return list
		}
	}
	return nil
}

// add takes over what is worth keeping of a list, each entry with its highest rank of all.
func add(entries map[string]standing, kind int, list []string) {
	for i, entry := range list {
		entry = strings.ToLower(norm.NFKC.String(strings.TrimRight(entry, "\r\n")))
		length := utf8.RuneCountInString(entry)
		if length < shortest || length > longest || !utf8.ValidString(entry) || strings.Contains(entry, "\n") {
			continue
		}
		fresh := standing{stepOf(i + 1), kind}
		if known, ok := entries[entry]; !ok || fresh.compare(known) < 0 {
			entries[entry] = fresh
		}
	}
}

// pack writes the entries with their marks as lines between line breaks, compressed; the same entries give the same bytes.
func pack(entries map[string]standing) ([]byte, error) {
	lines := []byte("\n")
	for _, entry := range slices.Sorted(maps.Keys(entries)) {
		lines = append(append(lines, entry...), entries[entry].mark(), '\n')
	}
	var archive bytes.Buffer
	writer, err := gzip.NewWriterLevel(&archive, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(lines); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return archive.Bytes(), nil
}
