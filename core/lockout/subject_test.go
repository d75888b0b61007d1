package lockout_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/secret"
)

func subjects(t *testing.T) *lockout.Subjects {
	t.Helper()
	ring, err := secret.ParseRing(secret.GenerateKey("test"))
	if err != nil {
		t.Fatal(err)
	}
	return lockout.NewSubjects(ring)
}

// TestSubjectsHideWhatTheyName checks that no name or address can be read out of what is stored.
func TestSubjectsHideWhatTheyName(t *testing.T) {
	t.Parallel()
	names, other := subjects(t), subjects(t)
	address := netip.MustParseAddr("203.0.113.7")
	made := map[string]bool{}
	for _, name := range []string{
		names.Unknown("ada@example.com"), names.Unknown("ada"), names.Shown("ada@example.com"), names.SourceOf(address),
		other.Unknown("ada@example.com"), other.SourceOf(address), lockout.PasswordOf(core.ID{1}), lockout.SecondFactorOf(core.ID{1}),
	} {
		if made[name] || len(name) > 128 || strings.Contains(name, "ada") || strings.Contains(name, "203.0") {
			t.Errorf("%q names two things, is too long, or tells what it names", name)
		}
		made[name] = true
	}
	if again := names.Unknown("ada"); !made[again] {
		t.Error("one name has two subjects")
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	names := subjects(t)
	for name, test := range map[string]struct {
		a, b string
		same bool
	}{
		"one address":              {"203.0.113.7", "203.0.113.7", true},
		"mapped into IPv6":         {"203.0.113.7", "::ffff:203.0.113.7", true},
		"two addresses":            {"203.0.113.7", "203.0.113.8", false},
		"one network of IPv6":      {"2001:db8::1", "2001:db8::ffff:1", true},
		"with a zone":              {"fe80::1%eth0", "fe80::1", true},
		"two networks of IPv6":     {"2001:db8::1", "2001:db8:0:1::1", false},
		"an address and a network": {"203.0.113.7", "2001:db8::1", false},
	} {
		a, b := netip.MustParseAddr(test.a), netip.MustParseAddr(test.b)
		if same := names.SourceOf(a) == names.SourceOf(b); same != test.same {
			t.Errorf("%s: the same %v", name, same)
		}
	}
	unknown := netip.Addr{}
	if first, second := names.SourceOf(unknown), names.SourceOf(unknown.WithZone("")); first != second || first == names.SourceOf(netip.IPv4Unspecified()) {
		t.Error("callers without an address share none, or that of others")
	}
}
