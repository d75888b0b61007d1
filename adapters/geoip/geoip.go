// Package geoip knows the places of addresses by a city database in the MaxMind DB format 2.0, such as GeoLite2
// City, GeoIP2 City or DB-IP City: one file, read once, asked without a peer.
//
// Its reader is strict: whatever a file holds, it is refused at the start, or it gives a place or none, and no
// lookup takes more steps than the file has bytes.
package geoip

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/doorward/doorward/core/origin"
)

// fileMax bounds the file, which stays in memory whole, in bytes. City databases have 60 to 130 MB, with the
// fields of GeoIP2 Enterprise some 350.
const fileMax = 1 << 30

// placeMax is the longest name of a place that is told, in bytes. The longest that people live in has 58.
const placeMax = 100

// Database is the places of a file. Safe for concurrent use: it never changes.
type Database struct{ db reader }

var _ origin.Locator = (*Database)(nil)

// Open reads a city database. The error names the path and says what is wrong: the file cannot be read, is no
// MaxMind DB, is damaged, or holds something other than cities.
func Open(path string) (*Database, error) {
	content, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("place database %s: %w", path, err)
	}
	database, err := Parse(content)
	if err != nil {
		return nil, fmt.Errorf("place database %s: %w", path, err)
	}
	return database, nil
}

func read(path string) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, errors.Unwrap(err) // without the path, which stands there already
	}
	defer file.Close() //nolint:errcheck // it was only read
	switch info, err := file.Stat(); {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("no regular file")
	case info.Size() > fileMax:
		return nil, errors.New("larger than 1 GiB")
	default:
		content := make([]byte, info.Size())
		_, err = io.ReadFull(file, content)
		return content, err
	}
}

// Parse makes a database of the content of a file, which it keeps. Errors as of Open, without the path.
func Parse(content []byte) (*Database, error) {
	db, err := parse(content)
	if err != nil {
		return nil, err
	}
	if !holdsCities(db.kind) {
		return nil, fmt.Errorf("it is a %q, not a city database", clean(db.kind))
	}
	return &Database{db}, nil
}

// holdsCities knows the types of databases whose records have a city and a country.
func holdsCities(kind string) bool {
	for _, mark := range []string{"City", "Enterprise", "DBIP-Location"} {
		if strings.Contains(kind, mark) {
			return true
		}
	}
	return false
}

// Locate implements origin.Locator: the English name of the city with the ISO code of its country, "Boxford, GB",
// or the one of them that is known. An IPv6 address that stands for an IPv4 address counts as that.
func (d *Database) Locate(address netip.Addr) string {
	record, found := d.db.lookup(address.Unmap())
	if !found {
		return ""
	}
	var parts []string
	for _, path := range [][]string{{"city", "names", "en"}, {"country", "iso_code"}} {
		if name := clean(d.db.text(record, path...)); name != "" {
			parts = append(parts, name)
		}
	}
	return strings.Join(parts, ", ")
}

// Country implements origin.Locator. What is not two capitals, which no code of a country is, is told as unknown.
func (d *Database) Country(address netip.Addr) string {
	record, found := d.db.lookup(address.Unmap())
	if !found {
		return ""
	}
	code := d.db.text(record, "country", "iso_code")
	capital := func(letter byte) bool { return 'A' <= letter && letter <= 'Z' }
	if len(code) != 2 || !capital(code[0]) || !capital(code[1]) {
		return ""
	}
	return code
}

// clean gives no text but a short, printable one: what is told here stands in mails and logs.
func clean(text string) string {
	if len(text) > placeMax || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	return text
}
