package jwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	jwtlib "github.com/golang-jwt/jwt/v5"

	"github.com/doorward/doorward/core/token"
)

// publicForms are the bytes in which a public key goes around: what an attacker would take for an HMAC key, hoping that
// whoever checks takes the same.
func publicForms(t *testing.T, f *forge) map[string][]byte {
	t.Helper()
	pkix, err := x509.MarshalPKIXPublicKey(f.key.Public)
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err = json.Unmarshal(f.KeySet(), &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("%d keys, %v", len(set.Keys), err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix})
	forms := map[string][]byte{
		"DER": pkix, "PEM": text, "PEM without the last line break": []byte(strings.TrimSpace(string(text))),
		"JWK": set.Keys[0], "JWK set": f.KeySet(), "nothing": nil, "the key id": []byte(f.key.ID),
	}
	if key, ok := f.key.Public.(*rsa.PublicKey); ok {
		forms["PKCS #1"] = x509.MarshalPKCS1PublicKey(key)
		forms["modulus"] = key.N.Bytes()
	}
	return forms
}

// TestPublicKeysAreNoSecrets signs by HMAC with what everybody may know, in deployments of every algorithm.
func TestPublicKeysAreNoSecrets(t *testing.T) {
	t.Parallel()
	for _, algorithm := range algorithms {
		f := newForgeFor(t, algorithm)
		for form, key := range publicForms(t, f) {
			for _, hmac := range []string{"HS256", "HS384", "HS512"} {
				f.refuse(fmt.Sprintf("%s with the %s key as %s", hmac, algorithm, form), keyed(hmac, f.header("alg", hmac), f.body(), key))
				f.refuse(fmt.Sprintf("%s under the name of %s as %s", hmac, algorithm, form), keyed(hmac, f.header(), f.body(), key))
			}
		}
	}
}

// TestAnotherAlgorithmOfTheSameKey signs with the genuine key, rightly, by algorithms that it is not published for.
func TestAnotherAlgorithmOfTheSameKey(t *testing.T) {
	t.Parallel()
	f := newForgeFor(t, token.RS256)
	for _, method := range []jwtlib.SigningMethod{
		jwtlib.SigningMethodRS384, jwtlib.SigningMethodRS512,
		jwtlib.SigningMethodPS256, jwtlib.SigningMethodPS384, jwtlib.SigningMethodPS512,
	} {
		for _, named := range []string{method.Alg(), "RS256"} {
			signed := encode(f.header("alg", named)) + "." + encode(f.body())
			signature, err := method.Sign(signed, f.key.Private)
			if err != nil {
				t.Fatal(err)
			}
			f.refuse(method.Alg()+" named "+named, signed+"."+base64.RawURLEncoding.EncodeToString(signature))
		}
	}
	for _, algorithm := range algorithms {
		f := newForgeFor(t, algorithm)
		for _, named := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed25519"} {
			if named != string(algorithm) {
				f.refuse(fmt.Sprintf("%s named %s", algorithm, named), f.signed(f.header("alg", named), f.body()))
			}
		}
	}
}

// TestKeysThatComeAlongAreNotUsed signs with a key of the attacker's own that the header brings.
func TestKeysThatComeAlongAreNotUsed(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := own.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	jwk := map[string]any{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "own",
		"x": base64.RawURLEncoding.EncodeToString(point[1:33]), "y": base64.RawURLEncoding.EncodeToString(point[33:]),
	}
	for name, header := range map[string]string{
		"beside the kid": f.header("jwk", jwk), "instead of the kid": f.header("jwk", jwk, "kid", nil),
		"under its own kid": f.header("jwk", jwk, "kid", "own"), "no key at all": f.header("kid", "own"),
		"under our kid": f.header(),
	} {
		signed := encode(header) + "." + encode(f.body())
		signature, err := jwtlib.SigningMethodES256.Sign(signed, own)
		if err != nil {
			t.Fatal(err)
		}
		f.refuse(name, signed+"."+base64.RawURLEncoding.EncodeToString(signature))
	}
}

// TestSignaturesThatAreNone are the numbers for which careless arithmetic holds (CVE-2022-21449), and other encodings of the
// right ones.
func TestSignaturesThatAreNone(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	order := elliptic.P256().Params().N
	signed := encode(f.header()) + "." + encode(f.body())
	zero, one, over := big.NewInt(0), big.NewInt(1), new(big.Int).Add(order, big.NewInt(1))
	for _, r := range []*big.Int{zero, one, order, over} {
		for _, s := range []*big.Int{zero, one, order, over} {
			f.refuse(fmt.Sprintf("r %d, s %d", r, s), signed+"."+base64.RawURLEncoding.EncodeToString(fixed(r, s)))
		}
	}
	digest := sha256.Sum256([]byte(signed))
	der, err := f.key.Private.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	f.refuse("as ASN.1", signed+"."+base64.RawURLEncoding.EncodeToString(der))
	for _, size := range []int{0, 1, 32, 63, 65, 128} {
		f.refuse(fmt.Sprintf("%d bytes", size), signed+"."+base64.RawURLEncoding.EncodeToString(make([]byte, size)))
	}
}

func fixed(r, s *big.Int) []byte {
	both := make([]byte, 64)
	r.FillBytes(both[:32])
	s.FillBytes(both[32:])
	return both
}

// TestTheTwinOfASignatureSaysTheSame: (r, n - s) is a signature as good as (r, s), so that a token has two spellings, and none of
// them may ever be what is remembered of it.
func TestTheTwinOfASignatureSaysTheSame(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	good := f.signed(f.header(), f.body())
	signed, encoded := good[:strings.LastIndexByte(good, '.')], good[strings.LastIndexByte(good, '.')+1:]
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	s := new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(raw[32:]))
	twin := signed + "." + base64.RawURLEncoding.EncodeToString(fixed(new(big.Int).SetBytes(raw[:32]), s))
	first, err := f.Verify(good)
	if err != nil {
		t.Fatal(err)
	}
	switch second, err := f.Verify(twin); {
	case errors.Is(err, token.ErrInvalid):
	case err != nil || twin == good || second.ID != first.ID || second.SessionID != first.SessionID:
		t.Errorf("the twin says %+v, %v", second, err)
	}
}

// FuzzHeader signs whatever header the fuzzer writes, so that nothing but the header can be wrong.
func FuzzHeader(f *testing.F) {
	forge := newForge(f)
	for _, seed := range []string{
		forge.header(), forge.header("alg", "none"), forge.header("crit", []string{"exp"}), forge.header("b64", false), "{}", "null", "[]",
		`{"alg":"ES256","alg":"none"}`, `{"alg":{"a":1}}`, forge.header("kid", "\u0000"), strings.Repeat("{", 5000), `{"kid":"\ud800"}`,
	} {
		f.Add(seed)
	}
	body := encode(forge.body())
	f.Fuzz(func(t *testing.T, header string) {
		_, err := forge.Verify(forge.signedSegments(encode(header), body))
		if err != nil && !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%q: %v", header, err)
		}
		var read map[string]string
		if err == nil && (json.Unmarshal([]byte(header), &read) != nil || len(read) != 3 || read["alg"] != "ES256" || read["typ"] != "at+jwt") {
			t.Errorf("%q is accepted", header)
		}
	})
}
