package secret_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/doorward/doorward/core/secret"
)

func TestNewToken(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 10_000 {
		token, digest := secret.NewToken()
		if raw, err := base64.RawURLEncoding.DecodeString(token); err != nil || len(raw) != 32 {
			t.Fatalf("%q is not 32 bytes: %v", token, err)
		}
		if secret.DigestToken(token) != digest {
			t.Fatal("the digest is of something else")
		}
		if seen[token] {
			t.Fatal("a token came twice")
		}
		seen[token] = true
	}
	if secret.DigestToken("a") == secret.DigestToken("b") || secret.DigestToken("") == (secret.TokenDigest{}) {
		t.Error("digests do not differ")
	}
}

func TestNewCode(t *testing.T) {
	t.Parallel()
	seen, zeroFirst := map[string]bool{}, false
	for range 2000 {
		code := secret.NewCode()
		if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
			t.Fatalf("%q is not six digits", code)
		}
		seen[code] = true
		zeroFirst = zeroFirst || code[0] == '0'
	}
	// 2000 of a million give two repeats on average, and none with a leading zero once in 10^91.
	if len(seen) < 1950 || !zeroFirst {
		t.Errorf("%d different codes, a leading zero: %v", len(seen), zeroFirst)
	}
}

func TestRandom(t *testing.T) {
	t.Parallel()
	if a, b := secret.Random(16), secret.Random(16); len(a) != 16 || bytes.Equal(a, b) {
		t.Error("random bytes repeat")
	}
}
