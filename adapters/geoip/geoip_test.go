package geoip_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/doorward/doorward/adapters/geoip"
	"github.com/doorward/doorward/core/origin"
)

var _ origin.Locator = (*geoip.Database)(nil)

const (
	cities  = "testdata/GeoLite2-City-Test.mmdb"
	systems = "testdata/GeoLite2-ASN-Test.mmdb"
)

func TestLocate(t *testing.T) {
	t.Parallel()
	database, err := geoip.Open(cities)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"2.125.160.216":              "Boxford, GB",
		"2.125.160.223":              "Boxford, GB",
		"2.125.160.224":              "",
		"::ffff:2.125.160.216":       "Boxford, GB",
		"::2.125.160.216":            "Boxford, GB",
		"2002:27d:a0d8::":            "Boxford, GB", // 6to4
		"81.2.69.142":                "London, GB",
		"89.160.20.112":              "Linköping, SE",
		"216.160.83.56":              "Milton, US",
		"175.16.199.0":               "Changchun, CN",
		"202.196.224.1":              "PH", // no city is known
		"2001:218::1":                "JP",
		"2a02:cf40:ffff:ffff::ffff":  "NO",
		"127.0.0.1":                  "",
		"10.0.0.1":                   "",
		"192.0.2.1":                  "",
		"::1":                        "",
		"2001:db8::1":                "",
		"fe80::1%eth0":               "",
		"255.255.255.255":            "",
		"ffff:ffff:ffff:ffff::ffff":  "",
		"2001:480:10::1":             "San Diego, US",
		"::ffff:255.255.255.255%two": "",
	} {
		if got := database.Locate(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is at %q, want %q", address, got, want)
		}
		country := want[max(0, len(want)-2):]
		if got := database.Country(netip.MustParseAddr(address)); got != country {
			t.Errorf("%s is in %q, want %q", address, got, country)
		}
	}
	if got := database.Country(netip.Addr{}); got != "" {
		t.Errorf("no address is in %q", got)
	}
	if got := database.Locate(netip.Addr{}); got != "" {
		t.Errorf("no address is at %q", got)
	}
}

func TestOpenNamesTheFileItRefuses(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole := load(t, cities)
	for path, why := range map[string]string{
		systems:                             `it is a "GeoLite2-ASN", not a city database`,
		folder:                              "no regular file",
		filepath.Join(folder, "missing"):    "no such file",
		write("empty", nil):                 "no MaxMind DB",
		write("text", []byte("# places\n")): "no MaxMind DB",
		write("half", whole[len(whole)/2:]): "the search tree",
		write("head", whole[:len(whole)/2]): "no MaxMind DB",
	} {
		_, err := geoip.Open(path)
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want it to tell of %q", path, err, why)
		}
	}
}

// TestEveryRecordSize asks databases that are written here, in every form that the format has.
func TestEveryRecordSize(t *testing.T) {
	t.Parallel()
	for _, bits := range []int{24, 28, 32} {
		for _, version := range []int{4, 6} {
			database, err := geoip.Parse(file{bits: bits, version: version}.bytes())
			if err != nil {
				t.Fatalf("%d bits, version %d: %v", bits, version, err)
			}
			for address, want := range map[string]string{
				"192.0.2.1": "Town, XY", "192.0.2.255": "Town, XY", "192.0.3.1": "", "192.0.1.255": "", "0.0.0.0": "",
				"::ffff:192.0.2.9": "Town, XY", "::ffff:192.0.3.9": "", "2001:db8::": "", "8000::": "",
			} {
				if got := database.Locate(netip.MustParseAddr(address)); got != want {
					t.Errorf("%d bits, version %d: %s is at %q, want %q", bits, version, address, got, want)
				}
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for why, refused := range map[string]file{
		"version 3 of the format":                {major: 3},
		"records of 20 bits":                     {bits: 20},
		"addresses of version 5":                 {version: 5},
		"a tree of 0 nodes":                      {version: 4, nodes: -len(prefix)},
		"the search tree is cut off":             {nodes: 1 << 20},
		"the search tree does not end":           {nodes: 1},
		"the search tree leads out of the data":  {shift: 1 << 20},
		`it is a "", not a city database`:        {kind: "Town\x00"},
		`it is a "Country", not a city database`: {kind: "Country"},
	} {
		_, err := geoip.Parse(refused.bytes())
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("got %v, want %q", err, why)
		}
	}
}

// TestRecordsThatAreNone gives no place for records that no writer makes, and does so at once.
func TestRecordsThatAreNone(t *testing.T) {
	t.Parallel()
	for name, record := range map[string]string{
		"nothing":                     "",
		"a text":                      text("Town"),
		"a number":                    "\xc1\x07",
		"an empty map":                "\xe0",
		"a map that is cut off":       "\xe2" + text("city"),
		"a map of 16 million":         "\xff\xff\xff\xff",
		"a key that is no text":       "\xe1\xa1\x07" + text("x"),
		"a city that is a text":       mapOf("city", text("Town")),
		"names that are a list":       mapOf("city", mapOf("names", "\x01\x04"+text("Town"))),
		"a name that is a number":     mapOf("city", mapOf("names", mapOf("en", "\xa1\x07"))),
		"a name with a line break":    cityOf("To\nwn"),
		"a name that is not UTF-8":    cityOf("To\xffwn"),
		"a name that is too long":     cityOf(strings.Repeat("x", 101)),
		"a text longer than the file": mapOf("city", mapOf("names", mapOf("en", "\x5f\xff\xff\xff"))),
		"a pointer to itself":         "\x20\x00",
		"a pointer to a pointer":      "\x20\x02\x20\x00",
		"a pointer out of the file":   "\x38\xff\xff\xff\xff",
		"a pointer cut off":           "\x38\xff",
		"itself as its city":          mapOf("city", "\x20\x00"),
		"lists of lists":              mapOf("x", strings.Repeat("\x01\x04", 50_000)),
		"wide lists of lists":         mapOf("x", strings.Repeat("\x1f\x04\xff\xff\xff", 50_000)),
		"an unknown type":             mapOf("x", "\x00\xff") + mapOf("city", mapOf("names", mapOf("en", text("Town")))),
		"an extended type of none":    mapOf("x", "\x00\x00"),
		"an extended type cut off":    mapOf("x", "\x00"),
		"an end":                      mapOf("x", "\x00\x06"),
		"a size cut off":              mapOf("x", "\x5f\xff"),
	} {
		database, err := geoip.Parse(file{record: record, raw: true}.bytes())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := database.Locate(netip.MustParseAddr("192.0.2.1")); got != "" {
			t.Errorf("%s is at %q", name, got)
		}
	}
}

// TestPassesOverWhatItDoesNotRead puts a value of every type, and of every form of its size, before the city.
func TestPassesOverWhatItDoesNotRead(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"double": "\x68" + strings.Repeat("\x01", 8), "bytes": "\x83abc", "uint16": "\xa2\x01\x02", "uint32": "\xc4\x01\x02\x03\x04",
		"int32": "\x04\x01\xff\xff\xff\xff", "uint64": "\x08\x02" + strings.Repeat("\x01", 8),
		"uint128": "\x10\x03" + strings.Repeat("\x01", 16), "bool": "\x01\x07", "float": "\x04\x08abcd",
		"list": "\x03\x04" + text("a") + "\xa1\x01" + mapOf("b", text("c")), "map": mapOf("city", mapOf("names", text("no"))),
		"text of 28": text(strings.Repeat("x", 28)), "text of 29": text(strings.Repeat("x", 29)),
		"text of 284": text(strings.Repeat("x", 284)), "text of 285": text(strings.Repeat("x", 285)),
		"text of 65820": text(strings.Repeat("x", 65820)), "text of 65821": text(strings.Repeat("x", 65821)),
		"no text": text(""), "pointer": "\x20\x00", "pointer of 4 bytes": "\x38\x00\x00\x00\x00",
		"pointer of 3 bytes": "\x30\x00\x00\x00", "pointer of 2 bytes": "\x28\x00\x00",
	} {
		record := mapOf("x", value, "city", mapOf("names", mapOf("de", value, "en", text("Town"))))
		database, err := geoip.Parse(file{record: record, raw: true}.bytes())
		if err != nil {
			t.Fatal(err)
		}
		if got := database.Locate(netip.MustParseAddr("192.0.2.1")); got != "Town" {
			t.Errorf("behind a %s it is at %q", name, got)
		}
	}
}

// TestPointersOfEverySize reads a city from behind the smallest place that each form of a pointer can name.
func TestPointersOfEverySize(t *testing.T) {
	t.Parallel()
	for place, pointer := range map[int]string{
		1000: "\x23\xe8", 2048: "\x28\x00\x00", 526336: "\x30\x00\x00\x00", 526337: "\x38\x00\x08\x08\x01",
	} {
		record := mapOf("city", pointer)
		record += strings.Repeat("\x00", place-len(record)) + mapOf("names", mapOf("en", text("Town")))
		database, err := geoip.Parse(file{record: record, raw: true}.bytes())
		if err != nil {
			t.Fatal(err)
		}
		if got := database.Locate(netip.MustParseAddr("192.0.2.1")); got != "Town" {
			t.Errorf("by a pointer to %d it is at %q", place, got)
		}
	}
}

// TestDamageIsBorne flips bits of each place all over a real file, one at a time: each gives an error, or a database that
// answers.
func TestDamageIsBorne(t *testing.T) {
	t.Parallel()
	content := load(t, cities)
	addresses := []netip.Addr{netip.MustParseAddr("2.125.160.216"), netip.MustParseAddr("2001:218::1")}
	for i := 0; i < len(content); i += 29 {
		content[i] ^= 1 << (i % 8)
		if database, err := geoip.Parse(content); err == nil {
			for _, address := range addresses {
				database.Locate(address)
			}
		}
		content[i] ^= 1 << (i % 8)
	}
}

func FuzzLocate(f *testing.F) {
	f.Add(load(f, systems)[:4096], "2.125.160.216")
	for _, bits := range []int{24, 28, 32} {
		f.Add(file{bits: bits}.bytes(), "192.0.2.1")
		f.Add(file{bits: bits, version: 4}.bytes(), "::ffff:192.0.2.1")
	}
	f.Add([]byte("\xab\xcd\xefMaxMind.com"), "::")
	f.Fuzz(func(t *testing.T, content []byte, text string) {
		database, err := geoip.Parse(content)
		if err != nil {
			return
		}
		address, err := netip.ParseAddr(text)
		if err != nil {
			address = netip.IPv6Unspecified()
		}
		if country := database.Country(address); len(country) != 0 && len(country) != 2 {
			t.Errorf("%q is the country of %s", country, address)
		}
		if place := database.Locate(address); len(place) > 210 || strings.ContainsAny(place, "\r\n\x00") {
			t.Errorf("%s is at %q", address, place)
		}
	})
}

func BenchmarkLocate(b *testing.B) {
	database, err := geoip.Open(cities)
	if err != nil {
		b.Fatal(err)
	}
	address := netip.MustParseAddr("2.125.160.216")
	for b.Loop() {
		database.Locate(address)
	}
}

func load(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
