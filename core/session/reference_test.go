package session_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/session"
)

// masterKeys are fixed, so that the committed seeds of the fuzz target are genuine.
const (
	oldKey = "old:b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2w="
	newKey = "new:bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmU="
	issuer = "https://accounts.example.com"
)

func references(t testing.TB, keys, issuer string) *session.References {
	t.Helper()
	ring, err := secret.ParseRing(keys)
	if err != nil {
		t.Fatal(err)
	}
	return session.NewReferences(ring, issuer)
}

func somePlace() session.Presented {
	return session.Presented{
		SessionID: core.ID{1, 2, 3}, Generation: 1 << 40, Branch: 7, Nonce: session.Nonce{15: 9},
	}
}

func TestReferenceNamesItsPlace(t *testing.T) {
	t.Parallel()
	refs := references(t, newKey, issuer)
	for _, place := range []session.Presented{{}, somePlace(), {Generation: 1<<63 - 1, Branch: 1<<63 - 1}} {
		token := refs.Mint(place)
		if len(token) != session.ReferenceLength || !strings.HasPrefix(token, "dwr1_") {
			t.Errorf("token %q has no prefix or a length other than %d", token, session.ReferenceLength)
		}
		if got, err := refs.Read(token); err != nil || got != place {
			t.Errorf("read %+v, error %v, want %+v", got, err, place)
		}
		if refs.Mint(place) != token {
			t.Error("one place has two tokens")
		}
	}
}

func TestReferencesDiffer(t *testing.T) {
	t.Parallel()
	const many = 100_000 // OWASP ASVS 5.0 7.2.3: no duplicates among as many
	refs := references(t, newKey, issuer)
	seen := make(map[string]bool, many)
	for range many {
		place := session.Presented{Nonce: session.Nonce(secret.Random(16))}
		seen[refs.Mint(place)] = true
	}
	if len(seen) != many {
		t.Errorf("%d tokens among %d", len(seen), many)
	}
	places := []session.Presented{
		{}, {SessionID: core.ID{1}}, {Generation: 1}, {Branch: 1}, {Nonce: session.Nonce{1}}, {Generation: 1 << 8}, {Branch: 1 << 56},
	}
	distinct := map[string]bool{}
	for _, place := range places {
		distinct[refs.Mint(place)] = true
	}
	if len(distinct) != len(places) {
		t.Errorf("%d tokens for %d places", len(distinct), len(places))
	}
}

func TestReadRefusesWhatWasNotMinted(t *testing.T) {
	t.Parallel()
	refs := references(t, newKey, issuer)
	token := refs.Mint(somePlace())
	body := strings.TrimPrefix(token, "dwr1_")
	for name, altered := range map[string]string{
		"empty":          "",
		"prefix alone":   "dwr1_",
		"no prefix":      body,
		"other version":  "dwr2_" + body,
		"cut":            token[:len(token)-1],
		"longer":         token + "A",
		"padded":         token[:len(token)-1] + "=",
		"line break":     token[:20] + "\n" + token[20:],
		"break inside":   token[:20] + "\n" + token[21:],
		"standard +":     "dwr1_" + strings.Repeat("+", len(body)),
		"not ASCII":      "dwr1_" + strings.Repeat("é", len(body)/2),
		"line breaks":    "dwr1_" + strings.Repeat("\n", len(body)),
		"zeros":          "dwr1_" + strings.Repeat("A", len(body)),
		"another issuer": references(t, newKey, issuer+"/").Mint(somePlace()),
		"another key":    references(t, oldKey, issuer).Mint(somePlace()),
		"same key, other id": references(t, strings.Replace(newKey, "new:", "other:", 1), issuer).
			Mint(somePlace()),
		"same id, other key": references(t, strings.Replace(oldKey, "old:", "new:", 1), issuer).
			Mint(somePlace()),
	} {
		if _, err := refs.Read(altered); !errors.Is(err, session.ErrReference) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

// TestReadRefusesEveryBitFlip alters each bit of the raw token, the key's tag and the HMAC included.
func TestReadRefusesEveryBitFlip(t *testing.T) {
	t.Parallel()
	refs := references(t, newKey, issuer)
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(refs.Mint(somePlace()), "dwr1_"))
	if err != nil {
		t.Fatal(err)
	}
	for bit := range len(raw) * 8 {
		raw[bit/8] ^= 1 << (bit % 8)
		if _, err := refs.Read("dwr1_" + base64.RawURLEncoding.EncodeToString(raw)); !errors.Is(err, session.ErrReference) {
			t.Errorf("bit %d flipped: got error %v", bit, err)
		}
		raw[bit/8] ^= 1 << (bit % 8)
	}
}

func TestReferencesSurviveKeyRotation(t *testing.T) {
	t.Parallel()
	before, during, after := references(t, oldKey, issuer), references(t, newKey+","+oldKey, issuer), references(t, newKey, issuer)
	old := before.Mint(somePlace())
	if got, err := during.Read(old); err != nil || got != somePlace() {
		t.Errorf("the old key's token during rotation: %+v, error %v", got, err)
	}
	fresh := during.Mint(somePlace())
	if fresh == old {
		t.Error("a token is still minted with the old key")
	}
	if _, err := after.Read(fresh); err != nil {
		t.Errorf("the new key's token after rotation: %v", err)
	}
	if _, err := after.Read(old); !errors.Is(err, session.ErrReference) {
		t.Errorf("the old key's token once the key is gone: got error %v", err)
	}
}

func FuzzReadReference(f *testing.F) {
	refs := references(f, newKey+","+oldKey, issuer)
	f.Add(refs.Mint(somePlace()))
	f.Add(references(f, oldKey, issuer).Mint(somePlace()))
	f.Add("dwr1_" + strings.Repeat("A", session.ReferenceLength-5))
	f.Fuzz(func(t *testing.T, token string) {
		place, err := refs.Read(token)
		if err != nil {
			if !errors.Is(err, session.ErrReference) || place != (session.Presented{}) {
				t.Errorf("got %+v, error %v", place, err)
			}
			return
		}
		if place.Generation < 0 || place.Branch < 0 {
			t.Errorf("a negative place: %+v", place)
		}
		if again, err := refs.Read(refs.Mint(place)); err != nil || again != place {
			t.Errorf("minted anew it reads %+v, error %v, want %+v", again, err, place)
		}
	})
}

func BenchmarkReference(b *testing.B) {
	refs := references(b, newKey+","+oldKey, issuer)
	token := refs.Mint(somePlace())
	b.ReportAllocs()
	for b.Loop() {
		place, err := refs.Read(token)
		if err != nil {
			b.Fatal(err)
		}
		if refs.Mint(place) != token {
			b.Fatal("another token")
		}
	}
}
