package jwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/adapters/jwt"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/token"
	"github.com/doorward/doorward/core/token/tokentest"
)

var config = jwt.Config{Issuer: "https://accounts.example", Audience: "https://api.example"}

// bench is a signer with a real ring over a store in memory.
type bench struct {
	*jwt.Signer
	ring  *token.Ring
	store token.KeyStore
	clock *coretest.Clock
	ids   *core.IDs
}

func newBench(t testing.TB, algorithm token.Algorithm) *bench {
	t.Helper()
	db, clock := coretest.NewDatabase(), coretest.NewClock()
	master, err := secret.ParseRing(secret.GenerateKey("k"))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{store: tokentest.NewKeyStore(db), clock: clock, ids: core.NewIDs(clock)}
	b.ring = token.NewRing(
		token.RingDeps{Store: b.store, Tx: db, Master: master, Clock: clock, IDs: b.ids, Log: core.Discard()},
		token.RingConfig{Algorithm: algorithm},
	)
	if err := b.ring.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Signer = jwt.New(b.ring, clock, config)
	return b
}

func (b *bench) claims() token.Claims {
	now := b.clock.Now().Truncate(time.Second)
	return token.Claims{
		ID: b.ids.New(), Issuer: config.Issuer, Audience: config.Audience, ClientID: "first-party",
		Subject: b.ids.New(), SessionID: b.ids.New(), IssuedAt: now, ExpiresAt: now.Add(token.AccessTTL),
		AuthTime: now.Add(-time.Minute), Factors: []string{"pwd"}, ACR: token.ACRSingle, Roles: []string{"ADMIN", "USER"},
	}
}

func (b *bench) sign(t testing.TB, claims token.Claims) string {
	t.Helper()
	raw, err := b.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

var algorithms = []token.Algorithm{token.ES256, token.EdDSA, token.RS256}

func TestSignAndVerify(t *testing.T) {
	t.Parallel()
	for _, algorithm := range algorithms {
		t.Run(string(algorithm), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, algorithm)
			want := b.claims()
			got, err := b.Verify(b.sign(t, want))
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Error(diff, err)
			}
		})
	}
}

func TestSignForAnActor(t *testing.T) {
	t.Parallel()
	b := newBench(t, token.ES256)
	want := b.claims()
	want.Actor = b.ids.New()
	got, err := b.Verify(b.sign(t, want))
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestSignWithoutLists(t *testing.T) {
	t.Parallel()
	b := newBench(t, token.EdDSA)
	claims := b.claims()
	claims.Factors, claims.Roles = nil, nil
	got, err := b.Verify(b.sign(t, claims))
	if err != nil || got.Factors == nil || got.Roles == nil || len(got.Factors)+len(got.Roles) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestHeaderAndNames(t *testing.T) {
	t.Parallel()
	b := newBench(t, token.ES256)
	raw := b.sign(t, b.claims())
	var header map[string]any
	decode(t, strings.Split(raw, ".")[0], &header)
	active, err := b.ring.Active()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": active.ID}, header); diff != "" {
		t.Error(diff)
	}
	var body map[string]any
	decode(t, strings.Split(raw, ".")[1], &body)
	names := []string{}
	for name := range body {
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{"acr", "amr", "aud", "auth_time", "client_id", "exp", "iat", "iss", "jti", "roles", "sid", "sub"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

func decode(t *testing.T, segment string, into any) {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	b := newBench(t, token.EdDSA)
	raw := b.sign(t, b.claims())
	step := func(d time.Duration, want error) {
		t.Helper()
		b.clock.Advance(d)
		if _, err := b.Verify(raw); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	step(-token.Leeway, nil)
	step(-time.Second, token.ErrInvalid)
	step(token.Leeway+time.Second, nil)
	step(token.AccessTTL, nil)
	step(token.Leeway-time.Microsecond, nil)
	step(time.Microsecond, token.ErrExpired)
}

// A token that is both expired and wrong otherwise is wrong: nobody learns of its past.
func TestExpiredOfAnotherAudience(t *testing.T) {
	t.Parallel()
	b := newBench(t, token.EdDSA)
	claims := b.claims()
	claims.Audience = "https://other.example"
	raw := b.sign(t, claims)
	b.clock.Advance(time.Hour)
	if _, err := b.Verify(raw); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	b := newBench(t, token.ES256)
	old := b.sign(t, b.claims())
	if _, err := b.ring.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(token.PublishFor)
	fresh := b.sign(t, b.claims())
	for name, raw := range map[string]string{"old": old, "new": fresh} {
		if _, err := b.Verify(raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if strings.Split(old, ".")[0] == strings.Split(fresh, ".")[0] {
		t.Error("the new key does not sign")
	}
}

func TestNoKey(t *testing.T) {
	t.Parallel()
	b := newBench(t, token.ES256)
	empty := token.NewRing(token.RingDeps{Store: b.store, Clock: b.clock, IDs: b.ids, Log: core.Discard()}, token.RingConfig{})
	signer := jwt.New(empty, b.clock, config)
	if _, err := signer.Sign(b.claims()); core.AsError(err).Kind != core.KindUnavailable {
		t.Errorf("got %v", err)
	}
	if _, err := signer.Verify(b.sign(t, b.claims())); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	if got := string(signer.KeySet()); got != `{"keys":[]}` {
		t.Errorf("got %s", got)
	}
}

// The published keys, decoded by the letter of RFC 7517 and 7518, are the public halves and nothing more.
func TestKeySet(t *testing.T) {
	t.Parallel()
	for _, algorithm := range algorithms {
		t.Run(string(algorithm), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, algorithm)
			if _, err := b.ring.Rotate(t.Context()); err != nil {
				t.Fatal(err)
			}
			var set struct{ Keys []map[string]string }
			if err := json.Unmarshal(b.KeySet(), &set); err != nil {
				t.Fatal(err)
			}
			published := b.ring.Published()
			if len(set.Keys) != 2 || len(published) != 2 || published[0].ID == published[1].ID {
				t.Fatalf("%d keys for %d", len(set.Keys), len(published))
			}
			for i, key := range set.Keys {
				if key["kid"] != published[i].ID || key["alg"] != string(algorithm) || key["use"] != "sig" {
					t.Errorf("got %v", key)
				}
				if !publicKey(t, key).(interface{ Equal(crypto.PublicKey) bool }).Equal(published[i].Public) {
					t.Error("another key is published")
				}
				for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
					if _, there := key[private]; there {
						t.Errorf("the private member %s is published", private)
					}
				}
			}
		})
	}
}

// publicKey reads a JWK.
func publicKey(t *testing.T, key map[string]string) crypto.PublicKey {
	t.Helper()
	number := func(name string) []byte {
		value, err := base64.RawURLEncoding.Strict().DecodeString(key[name])
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	switch key["kty"] + " " + key["crv"] {
	case "EC P-256":
		if len(number("x")) != 32 || len(number("y")) != 32 {
			t.Error("the coordinates are not padded")
		}
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, number("x"), number("y")))
		if err != nil {
			t.Fatal(err)
		}
		return public
	case "OKP Ed25519":
		return ed25519.PublicKey(number("x"))
	case "RSA ":
		return &rsa.PublicKey{N: new(big.Int).SetBytes(number("n")), E: int(new(big.Int).SetBytes(number("e")).Int64())}
	default:
		t.Fatalf("unknown key type %v", key)
		return nil
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, algorithm := range algorithms {
		b.Run(string(algorithm), func(b *testing.B) {
			bench := newBench(b, algorithm)
			raw := bench.sign(b, bench.claims())
			for b.Loop() {
				if _, err := bench.Verify(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSign(b *testing.B) {
	for _, algorithm := range algorithms {
		b.Run(string(algorithm), func(b *testing.B) {
			bench := newBench(b, algorithm)
			claims := bench.claims()
			for b.Loop() {
				bench.sign(b, claims)
			}
		})
	}
}
