// Blocklistgen makes the embedded list of common passwords from published ones.
//
//	go run ./internal/blocklistgen -o blocklist.gz list...
//
// A list is a text of one password a line, a JSON array of strings, or a JSON object with such an array in
// it. Entries are brought to the form in which passwords are compared (NFKC, lower case); those that are
// too short to be stretched to a permitted length, or too long, are left out. BLOCKLIST.md names the
// lists in use.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
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

func main() {
	output := flag.String("o", "blocklist.gz", "where the list is written")
	flag.Parse()
	if err := run(*output, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "blocklistgen:", err)
		os.Exit(1)
	}
}

func run(output string, sources []string) error {
	var entries []string
	for _, source := range sources {
		data, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		entries = append(entries, parse(data)...)
	}
	entries = clean(entries)
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

func clean(entries []string) []string {
	kept := entries[:0]
	for _, entry := range entries {
		entry = strings.ToLower(norm.NFKC.String(strings.TrimRight(entry, "\r\n")))
		length := utf8.RuneCountInString(entry)
		if length >= shortest && length <= longest && utf8.ValidString(entry) && !strings.Contains(entry, "\n") {
			kept = append(kept, entry)
		}
	}
	slices.Sort(kept)
	return slices.Compact(kept)
}

// pack writes the entries as lines between line breaks, compressed; the same entries give the same bytes.
func pack(entries []string) ([]byte, error) {
	var archive bytes.Buffer
	writer, err := gzip.NewWriterLevel(&archive, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write([]byte("\n" + strings.Join(entries, "\n") + "\n")); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return archive.Bytes(), nil
}
