package api_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
)

// TestForwardedHops reads lines of Forwarded, those of RFC 7239 §4 among them.
func TestForwardedHops(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`for=192.0.2.43`:                                       "192.0.2.43 whole",
		`For="[2001:db8:cafe::17]:4711"`:                       "2001:db8:cafe::17 whole",
		`for=192.0.2.60;proto=http;by=203.0.113.43`:            "192.0.2.60 whole",
		`for=192.0.2.43, for=198.51.100.17`:                    "192.0.2.43 198.51.100.17 whole",
		`for=192.0.2.43,for="[2001:db8:cafe::17]",for=unknown`: "",
		`for=unknown, for=198.51.100.17`:                       "198.51.100.17",
		`for=_gazonk, for=198.51.100.17`:                       "198.51.100.17",
		`for="_gazonk"`:                                        "",
		`for=_hidden, for=_SEVKISEK`:                           "",
		`proto=https`:                                          "",
		`proto=https, for=192.0.2.1`:                           "192.0.2.1",
		`for="192.0.2.1:8080"`:                                 "192.0.2.1 whole",
		`for="192.0.2.1:_x.y-z"`:                               "192.0.2.1 whole",
		`for="192.0.2.1:"`:                                     "",
		`for="192.0.2.1:x"`:                                    "",
		`for="192.0.2.1:123456"`:                               "",
		`for="[2001:db8::1"`:                                   "",
		`for="[2001:db8::1]x"`:                                 "",
		`for="[192.0.2.1]"`:                                    "",
		`for="[fe80::1%eth0]"`:                                 "",
		`for="2001:db8::1"`:                                    "",
		`for=2001:db8::1`:                                      "",
		`for=[2001:db8::1]`:                                    "",
		`for="\[2001:db8::1\]"`:                                "2001:db8::1 whole",
		`for=192.0.2.1;for=192.0.2.2`:                          "",
		`for=192.0.2.1;`:                                       "",
		`for=192.0.2.1;;by=_x`:                                 "",
		`for=192.0.2.1,`:                                       "",
		`,for=192.0.2.1`:                                       "",
		`for =192.0.2.1`:                                       "",
		`for= 192.0.2.1`:                                       "",
		`for=192.0.2.1 ; by=_x`:                                "192.0.2.1 whole",
		`for=192.0.2.1;x="a,b;c\"d"`:                           "192.0.2.1 whole",
		`for=192.0.2.1;x="a`:                                   "",
		`for=192.0.2.1;x="a\`:                                  "",
		`for=192.0.2.1;x="a"b`:                                 "",
		`for`:                                                  "",
		`for=`:                                                 "",
		`=192.0.2.1`:                                           "",
		``:                                                     "",
		"for=192.0.2.1\x00":                                    "",
		`for=::ffff:192.0.2.1`:                                 "",
		`for="[::ffff:192.0.2.1]"`:                             "::ffff:192.0.2.1 whole",
	} {
		hops, whole := api.ForwardedHops(line)
		words := make([]string, 0, len(hops)+1)
		for _, hop := range hops {
			words = append(words, hop.String())
		}
		if whole {
			words = append(words, "whole")
		}
		if got := strings.Join(words, " "); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// FuzzForwarded lets a client write a line that its proxy adds to. Whatever it writes, it is taken for itself or,
// where that cannot be read any more, for the proxy; never for somebody else.
func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{
		`for=192.0.2.1`, `for="[2001:db8::1]:1"`, `for="`, `for=192.0.2.1;x="`, `for=192.0.2.1;x="\`, `for=_x`, `,`, `;`,
		`for=192.0.2.1, for="`, `for=192.0.2.1;x="\"`, `x=", for=192.0.2.1, x="`,
	} {
		f.Add(seed)
	}
	own := netip.MustParseAddr("203.0.113.9")
	f.Fuzz(func(t *testing.T, written string) {
		for _, added := range []string{`for=203.0.113.9`, `for="203.0.113.9:80";proto=https`, `by="[::1]";FOR="203.0.113.9"`} {
			hops, _ := api.ForwardedHops(written + ", " + added)
			if len(hops) > 0 && hops[len(hops)-1] != own {
				t.Errorf("%q before %q ends in %v", written, added, hops)
			}
		}
		hops, _ := api.ForwardedHops(written)
		for _, hop := range hops {
			if !hop.IsValid() || hop.Zone() != "" {
				t.Errorf("%q gives %v", written, hop)
			}
		}
	})
}

// TestClientBehindProxies tells whose address a request comes from, by what its proxies wrote.
func TestClientBehindProxies(t *testing.T) {
	t.Parallel()
	const xff, fwd = "X-Forwarded-For", "Forwarded"
	for name, test := range map[string]struct {
		fields []string
		want   string
	}{
		"nothing":                       {nil, "0.0.0.0"},
		"the standard field":            {[]string{fwd, "for=203.0.113.9"}, "203.0.113.9"},
		"of IPv6":                       {[]string{fwd, `for="[2001:db8::9]:1"`}, "2001:db8::9"},
		"mapped":                        {[]string{fwd, `for="[::ffff:203.0.113.9]"`}, "203.0.113.9"},
		"over two proxies":              {[]string{fwd, "for=192.0.2.1, for=203.0.113.9, for=10.0.0.2"}, "203.0.113.9"},
		"over proxies alone":            {[]string{fwd, "for=10.0.0.3, for=10.0.0.2"}, "10.0.0.3"},
		"hidden":                        {[]string{fwd, "for=_x"}, "0.0.0.0"},
		"hidden behind a second proxy":  {[]string{fwd, "for=192.0.2.1, for=_x, for=10.0.0.2"}, "10.0.0.2"},
		"unreadable":                    {[]string{fwd, `for=203.0.113.9;x="`}, "0.0.0.0"},
		"both, of one mind":             {[]string{fwd, "for=203.0.113.9", xff, "203.0.113.9"}, "203.0.113.9"},
		"both, one made up":             {[]string{fwd, "for=192.0.2.1", xff, "203.0.113.9"}, "0.0.0.0"},
		"both, made up before":          {[]string{fwd, "for=192.0.2.1, for=203.0.113.9", xff, "192.0.2.2, 203.0.113.9"}, "203.0.113.9"},
		"both, one unreadable":          {[]string{fwd, "nonsense", xff, "203.0.113.9"}, "0.0.0.0"},
		"the usual field, a port":       {[]string{xff, "203.0.113.9:80"}, "0.0.0.0"},
		"the usual field, nothing more": {[]string{xff, "192.0.2.1, 203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trusted := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/32"), netip.MustParsePrefix("10.0.0.0/8")}
			c, w := open(t, api.Options{TrustedProxies: trusted})
			var seen core.Client
			w.hold = func(ctx context.Context) error { seen = core.ClientFrom(ctx); return nil }
			c.do("POST", "/v1/auth/refresh", `{"refresh_token":"r"}`, test.fields...)
			if seen.IP.String() != test.want {
				t.Errorf("taken for %s, want %s", seen.IP, test.want)
			}
			// Who is no proxy is not believed, whatever it writes.
			c, w = open(t, api.Options{})
			w.hold = func(ctx context.Context) error { seen = core.ClientFrom(ctx); return nil }
			c.do("POST", "/v1/auth/refresh", `{"refresh_token":"r"}`, test.fields...)
			if seen.IP.String() != "0.0.0.0" {
				t.Errorf("a stranger is taken for %s", seen.IP)
			}
		})
	}
}
