package jwt_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"maps"
	"strings"
	"testing"

	jwtlib "github.com/golang-jwt/jwt/v5"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/token"
)

// forge is how an attacker, or a careless issuer with the real key, writes tokens: any header, any body.
type forge struct {
	*bench
	t   testing.TB
	key token.Key
}

func newForge(t testing.TB) *forge { return newForgeFor(t, token.ES256) }

// newForgeFor works in a deployment that signs with the algorithm.
func newForgeFor(t testing.TB, algorithm token.Algorithm) *forge {
	b := newBench(t, algorithm)
	key, err := b.ring.Active()
	if err != nil {
		t.Fatal(err)
	}
	return &forge{bench: b, t: t, key: key}
}

func (f *forge) header(changes ...any) string {
	return written(f.t, map[string]any{"alg": f.key.Algorithm, "kid": f.key.ID, "typ": "at+jwt"}, changes)
}

func (f *forge) body(changes ...any) string {
	claims := f.claims()
	return written(f.t, map[string]any{
		"iss": claims.Issuer, "aud": claims.Audience, "client_id": claims.ClientID, "sub": claims.Subject.String(),
		"sid": claims.SessionID.String(), "jti": claims.ID.String(), "iat": claims.IssuedAt.Unix(),
		"exp": claims.ExpiresAt.Unix(), "auth_time": claims.AuthTime.Unix(), "amr": claims.Factors, "acr": claims.ACR,
		"roles": claims.Roles,
	}, changes)
}

// written gives the JSON of an object with changes: pairs of a name and a value, nil to remove it.
func written(t testing.TB, object map[string]any, changes []any) string {
	t.Helper()
	object = maps.Clone(object)
	for i := 0; i < len(changes); i += 2 {
		name, _ := changes[i].(string)
		object[name] = changes[i+1]
		if changes[i+1] == nil {
			delete(object, name)
		}
	}
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// signed signs with the real key.
func (f *forge) signed(header, body string) string {
	return f.signedSegments(encode(header), encode(body))
}

func (f *forge) signedSegments(header, body string) string {
	signature, err := jwtlib.GetSigningMethod(string(f.key.Algorithm)).Sign(header+"."+body, f.key.Private)
	if err != nil {
		f.t.Fatal(err)
	}
	return header + "." + body + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// keyed signs with the HMAC of an algorithm.
func keyed(algorithm, header, body string, key []byte) string {
	mac := hmac.New(map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New}[algorithm], key)
	mac.Write([]byte(encode(header) + "." + encode(body)))
	return encode(header) + "." + encode(body) + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (f *forge) refuse(name, raw string) {
	f.t.Helper()
	if claims, err := f.Verify(raw); !errors.Is(err, token.ErrInvalid) {
		f.t.Errorf("%s: got %+v, %v", name, claims, err)
	}
}

// The forge writes good tokens, so that what it forges is refused for the one thing that is wrong with it.
func TestForgeWritesGoodTokens(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	if _, err := f.Verify(f.signed(f.header(), f.body())); err != nil {
		t.Error(err)
	}
	if _, err := f.Verify(f.signed(f.header(), f.body("nbf", f.clock.Now().Unix(), "cnf", map[string]any{"jkt": "x"}))); err != nil {
		t.Errorf("claims to come: %v", err)
	}
}

func TestAlgorithmsAreRefused(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	for _, none := range []string{"none", "None", "NONE", "nOnE", ""} {
		f.refuse("alg "+none, encode(f.header("alg", none))+"."+encode(f.body())+".")
		f.refuse("alg "+none+" with a signature", f.signed(f.header("alg", none), f.body()))
	}
	for _, algorithm := range []any{"ES384", "ES512", "RS256", "PS256", "EdDSA", "es256", "ES256 ", 1, []string{"ES256"}, nil} {
		f.refuse(fmt.Sprintf("alg %v", algorithm), f.signed(f.header("alg", algorithm), f.body()))
	}
}

func TestKeysAreRefused(t *testing.T) {
	t.Parallel()
	f, other := newForge(t), newForge(t)
	f.refuse("another deployment's key under its own id", other.signed(other.header(), other.body()))
	f.refuse("another deployment's key under our id", other.signed(f.header(), f.body()))
	rs := newBench(t, token.RS256)
	f.refuse("an RSA token", rs.sign(t, rs.claims()))
	for _, kid := range []any{
		"", nil, "unknown", "../../../../dev/null", "' OR 1=1 --", strings.Repeat("k", 7000), f.key.ID + "\x00", 7,
		strings.ToUpper(f.key.ID), " " + f.key.ID,
		[]string{f.key.ID},
	} {
		f.refuse(fmt.Sprintf("kid %.40v", kid), f.signed(f.header("kid", kid), f.body()))
	}
}

func TestHeadersAreRefused(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	own := map[string]any{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}
	for name, value := range map[string]any{
		"jwk": own, "jku": "http://127.0.0.1:1/keys", "x5u": "http://127.0.0.1:1/cert", "x5c": []string{"AA"}, "x5t": "AA",
		"crit": []string{"exp"}, "b64": false, "zip": "DEF", "cty": "JWT", "enc": "A128GCM", "nonce": "x", "ALG": "none",
	} {
		f.refuse(name, f.signed(f.header(name, value), f.body()))
	}
	for _, typ := range []any{nil, "", "JWT", "jwt", "AT+JWT", "application/at+jwt", "rt+jwt", "id+jwt", 1} {
		f.refuse(fmt.Sprintf("typ %v", typ), f.signed(f.header("typ", typ), f.body()))
	}
	for name, header := range map[string]string{
		"alg twice":       strings.Replace(f.header(), "{", `{"alg":"none",`, 1),
		"kid twice":       strings.Replace(f.header(), "{", `{"kid":"x",`, 1),
		"escaped twice":   strings.Replace(f.header(), "{", `{"\u0061lg":"none",`, 1),
		"something after": f.header() + "{}",
		"space after":     f.header() + " x",
		"list":            "[" + f.header() + "]",
		"text":            `"x"`, "null": "null", "nothing": "", "open": `{"alg":"ES256"`, "not JSON": "{alg:ES256}",
	} {
		f.refuse("header: "+name, f.signed(header, f.body()))
	}
}

func TestClaimsAreRefused(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	now := f.clock.Now().Unix()
	for _, name := range []string{"iss", "aud", "client_id", "sub", "sid", "jti", "iat", "exp", "auth_time", "amr", "acr", "roles"} {
		f.refuse("without "+name, f.signed(f.header(), f.body(name, nil)))
		for _, value := range []any{true, map[string]any{}, "", json.RawMessage("null"), 1.5, -1, 1e20} {
			f.refuse(fmt.Sprintf("%s %v", name, value), f.signed(f.header(), f.body(name, value)))
		}
		f.refuse(name+" in capitals", f.signed(f.header(), strings.Replace(f.body(), `"`+name+`"`, `"`+strings.ToUpper(name)+`"`, 1)))
		f.refuse(name+" twice", f.signed(f.header(), strings.Replace(f.body(), "{", `{"`+name+`":"x",`, 1)))
	}
	for name, body := range map[string]string{
		"another issuer":           f.body("iss", "https://accounts.example/"),
		"another audience":         f.body("aud", "https://api.example.evil"),
		"a list of audiences":      f.body("aud", []string{config.Audience}),
		"no UUID for a subject":    f.body("sub", "1"),
		"from the future":          f.body("iat", now+60),
		"not before the future":    f.body("nbf", now+60),
		"not before no date":       f.body("nbf", "now"),
		"expires before it begins": f.body("iat", now, "exp", now),
		"a text for a date":        f.body("exp", fmt.Sprint(now+60)),
		"a fraction":               f.body("exp", json.RawMessage(fmt.Sprintf("%d.0", now+60))),
		"numbers for roles":        f.body("roles", []int{1}),
		"null":                     "null", "list": "[]", "nothing": "", "text": `"x"`,
		"something after": f.body() + f.body(),
	} {
		f.refuse(name, f.signed(f.header(), body))
	}
}

// TestActorsAreRefused takes an act claim in the one form that is made here, and in no other.
func TestActorsAreRefused(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	actor := f.ids.New().String()
	var own struct {
		Subject string `json:"sub"`
	}
	if err := json.Unmarshal([]byte(f.body()), &own); err != nil {
		t.Fatal(err)
	}
	claims, err := f.Verify(f.signed(f.header(), f.body("act", map[string]any{"sub": actor})))
	if err != nil || claims.Actor.String() != actor {
		t.Errorf("got %+v, %v", claims, err)
	}
	for name, act := range map[string]any{
		"no object": actor, "null": json.RawMessage("null"), "a list": []string{actor}, "a number": 1, "a flag": true,
		"nothing": map[string]any{}, "no sub": map[string]any{"iss": actor}, "no text": map[string]any{"sub": 1},
		"nobody":  map[string]any{"sub": ""},
		"no UUID": map[string]any{"sub": "1"},
		"zero":    map[string]any{"sub": core.ID{}.String()},
		"more":    map[string]any{"sub": actor, "iss": "x"},
		"a chain": map[string]any{"sub": actor, "act": map[string]any{"sub": actor}},
		"twice":   json.RawMessage(`{"sub":"` + actor + `","sub":"` + actor + `"}`),
		"capital": json.RawMessage(`{"Sub":"` + actor + `"}`),
	} {
		f.refuse("act "+name, f.signed(f.header(), f.body("act", act)))
	}
	oneself := f.body("act", map[string]any{"sub": own.Subject}, "sub", own.Subject)
	f.refuse("act oneself", f.signed(f.header(), oneself))
	f.refuse("act twice", f.signed(f.header(), strings.Replace(f.body("act", map[string]any{"sub": actor}), "{", `{"act":{},`, 1)))
}

func TestFormsAreRefused(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	good := f.signed(f.header(), f.body())
	parts := strings.Split(good, ".")
	for name, raw := range map[string]string{
		"empty": "", "dots": "..", "two parts": parts[0] + "." + parts[1], "four parts": good + ".x",
		"encrypted":        good + ".x.y",
		"JSON":             `{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`,
		"flattened JSON":   `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"scheme":           "Bearer " + good,
		"no signature":     parts[0] + "." + parts[1] + ".",
		"space":            good + " ",
		"line break last":  good + "\n",
		"line break":       parts[0] + "." + parts[1] + "." + parts[2][:10] + "\r\n" + parts[2][10:],
		"line break first": "\n" + good,
		"padding":          good + "==",
		"standard base64":  parts[0] + "." + parts[1] + "." + parts[2][:10] + "+" + parts[2][11:],
		"NUL":              good + "\x00", "not UTF-8": good + "\xff",
		"other bits at the end": parts[0] + "." + parts[1] + "." + nextInAlphabet(parts[2]),
		"more than 8 KiB":       f.signed(f.header(), f.body("client_id", strings.Repeat("x", 8<<10))),
		"a megabyte":            strings.Repeat("a", 1<<20),
		"signature cut":         good[:len(good)-4],
		"signature longer":      good + "AAAA",
		"padded header":         f.signedSegments(base64.URLEncoding.EncodeToString([]byte(f.header()+" ")), encode(f.body())),
	} {
		f.refuse(name, raw)
	}
	if _, err := f.Verify(good); err != nil {
		t.Errorf("the token they were made of: %v", err)
	}
}

// nextInAlphabet changes only the bits of the last character that stand for no byte: 64 bytes in base64 leave
// four.
func nextInAlphabet(text string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, text[len(text)-1])
	return text[:len(text)-1] + alphabet[last+1:last+2]
}

func TestEveryBitCounts(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	good := []byte(f.signed(f.header(), f.body()))
	for i := range good {
		for bit := range 8 {
			good[i] ^= 1 << bit
			f.refuse(fmt.Sprintf("bit %d of byte %d", bit, i), string(good))
			good[i] ^= 1 << bit
		}
	}
}

func FuzzVerify(f *testing.F) {
	forge := newForge(f)
	good := forge.signed(forge.header(), forge.body())
	for _, seed := range []string{
		good, "", "..", "a.b.c", "e30.e30.e30", strings.Replace(good, ".", "..", 1), good + "=",
		encode(forge.header("alg", "none")) + "." + encode(forge.body()) + ".",
		encode(`{"alg":"ES256","kid":"x","typ":"at+jwt"}`) + "." + encode("null") + ".AA",
		encode(`{"alg":`) + "." + encode(`{"a":1,"a":2}`) + ".AA", keyed("HS256", forge.header("alg", "HS256"), forge.body(), nil),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if _, err := forge.Verify(raw); err == nil && raw != good {
			t.Errorf("%q is accepted", raw)
		} else if err != nil && !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%q: %v", raw, err)
		}
	})
}

// FuzzPayload signs whatever body the fuzzer writes, so that it gets behind the signature.
func FuzzPayload(f *testing.F) {
	forge := newForge(f)
	for _, seed := range []string{
		forge.body(), forge.body("nbf", 1), "{}", "null", "[]", `{"iss":{"a":1,"a":2}}`, `{"exp":1e400}`, `{"exp":-1}`,
		forge.body("roles", nil), strings.Repeat("[", 5000), `{"iss":"\ud800"}`,
		forge.body("act", map[string]any{"sub": forge.ids.New().String()}), forge.body("act", nil),
		forge.body("act", map[string]any{"sub": "", "act": map[string]any{}}), forge.body("act", json.RawMessage("null")),
	} {
		f.Add(seed)
	}
	header := forge.header()
	f.Fuzz(func(t *testing.T, body string) {
		claims, err := forge.Verify(forge.signed(header, body))
		if err == nil && claims.Actor == claims.Subject {
			t.Errorf("%q: somebody impersonates themselves", body)
		}
		if err != nil && !errors.Is(err, token.ErrInvalid) && !errors.Is(err, token.ErrExpired) {
			t.Errorf("%q: %v", body, err)
		}
	})
}
