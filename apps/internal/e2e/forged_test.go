package e2e_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/apps/internal/wire"
	"github.com/doorward/doorward/core/token"
)

// object is the header or the claims of a token, to be written with changes.
type object map[string]any

// with gives a copy with one member changed, or removed by nil.
func (o object) with(name string, value any) object {
	changed := maps.Clone(o)
	changed[name] = value
	if value == nil {
		delete(changed, name)
	}
	return changed
}

func (o object) String() string {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // every value is one that was read, or written in this file
	}
	return string(text)
}

func base64url(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// forger holds what no attacker has, the signing key of a running site, and a genuine token: what it forges is wrong
// in one thing alone.
type forger struct {
	t       *testing.T
	node    *node
	ada     *person
	key     token.Key
	genuine string
	header  object
	claims  object
	// fetched counts the questions to a host that headers name.
	fetched atomic.Int32
	lure    string
}

func newForger(t *testing.T, s *site) *forger {
	t.Helper()
	f := &forger{t: t, node: s.start()}
	f.ada = s.newPerson(t).signUp(f.node)
	f.genuine = f.ada.held().AccessToken
	err := wire.Run(t.Context(), s.settings(), io.Discard, func(_ context.Context, ring *token.Ring) (err error) {
		f.key, err = ring.Active()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(f.genuine, ".")
	for part, into := range map[string]*object{parts[0]: &f.header, parts[1]: &f.claims} {
		text, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || json.Unmarshal(text, into) != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	for _, date := range []string{"iat", "exp", "auth_time"} { // numbers read as such would be written with exponents
		seconds, _ := f.claims[date].(float64)
		f.claims[date] = int64(seconds)
	}
	lure := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		f.fetched.Add(1)
		_, _ = w.Write([]byte(`{"keys":[]}`))
	}))
	t.Cleanup(lure.Close)
	f.lure = lure.URL
	return f
}

// sign signs two texts with a key, as ES256 does.
func (f *forger) sign(key *ecdsa.PrivateKey, header, claims fmt.Stringer) string {
	f.t.Helper()
	return f.signSegments(key, base64url([]byte(header.String())), base64url([]byte(claims.String())))
}

func (f *forger) signSegments(key *ecdsa.PrivateKey, header, claims string) string {
	f.t.Helper()
	digest := sha256.Sum256([]byte(header + "." + claims))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		f.t.Fatal(err)
	}
	return header + "." + claims + "." + base64url(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// real signs with the key of the site.
func (f *forger) real(header, claims fmt.Stringer) string {
	key, ok := f.key.Private.(*ecdsa.PrivateKey)
	if !ok {
		f.t.Fatal("the site does not sign with ES256")
	}
	return f.sign(key, header, claims)
}

// text is a header or a body that is no object any more.
type text string

func (t text) String() string { return string(t) }

// twice puts a member before all others, where it may stand already.
func twice(o object, member string) text {
	return text(strings.Replace(o.String(), "{", "{"+member+",", 1))
}

// mac signs by HS256.
func mac(header, claims fmt.Stringer, key []byte) string {
	signed := base64url([]byte(header.String())) + "." + base64url([]byte(claims.String()))
	sum := hmac.New(sha256.New, key)
	sum.Write([]byte(signed))
	return signed + "." + base64url(sum.Sum(nil))
}

// ask presents a token in the header, or as a browser does in the cookie, and gives the status of the reply with its
// code.
func (f *forger) ask(raw string, cookie bool) (int, client.ProblemCode) {
	f.t.Helper()
	request, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, f.node.address+"/v1/me", http.NoBody)
	if err != nil {
		f.t.Fatal(err)
	}
	if cookie {
		request.Header.Set("Cookie", "__Host-access="+raw)
	} else {
		request.Header.Set("Authorization", "Bearer "+raw)
	}
	response, err := f.node.site.http.Do(request)
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	var problem client.Problem
	if response.StatusCode != http.StatusOK {
		if err = json.NewDecoder(response.Body).Decode(&problem); err != nil {
			f.t.Errorf("%.60q: %d without a problem: %v", raw, response.StatusCode, err)
		}
	}
	return response.StatusCode, problem.Code
}

// refused fails the test unless each token is answered 401, whichever way it comes.
func (f *forger) refused(forged map[string]string) {
	f.t.Helper()
	for name, raw := range forged {
		for _, cookie := range []bool{false, true} {
			if status, code := f.ask(raw, cookie); status != http.StatusUnauthorized {
				f.t.Errorf("%s (cookie %t): answered %d %s", name, cookie, status, code)
			}
		}
	}
}

// TestForgedTokens presents forged access tokens to running servers: the answer is 401, never 500, and nothing is fetched (RFC 8725,
// OWASP ASVS 5.0 9.1 and 9.2).
func TestForgedTokens(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		f := newForger(t, s)
		for _, good := range []string{f.genuine, f.real(f.header, f.claims), f.real(f.header, f.claims.with("more", true))} {
			if status, code := f.ask(good, false); status != http.StatusOK {
				t.Fatalf("a good token is answered %d %s", status, code)
			}
		}
		for _, forged := range []map[string]string{f.algorithms(), f.keys(), f.headers(), f.kinds(), f.ofClaims(), f.forms(), f.flips()} {
			f.refused(forged)
		}
		same(t, "fetched", f.fetched.Load(), 0)
		f.ada.mustBeIn(f.node)
	}, "RATE_LIMITS", "off")
}

func (f *forger) algorithms() map[string]string {
	public, ok := f.key.Public.(*ecdsa.PublicKey)
	if !ok {
		f.t.Fatal("the key is none of ES256")
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		f.t.Fatal(err)
	}
	set := must[*client.GetKeySetResponse](f.t, 200)(f.node.stranger().GetKeySetWithResponse(f.t.Context()))
	forged := map[string]string{}
	for name, key := range map[string][]byte{
		"DER": der, "PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "key set": set.Body, "nothing": nil,
	} {
		forged["HS256 with "+name] = mac(f.header.with("alg", "HS256"), f.claims, key)
		forged["HS256 named ES256 with "+name] = mac(f.header, f.claims, key)
	}
	for _, none := range []any{"none", "None", "NONE", "nOnE", "", nil, 0, []string{"none"}} {
		unsigned := base64url([]byte(f.header.with("alg", none).String())) + "." + base64url([]byte(f.claims.String())) + "."
		forged[fmt.Sprintf("alg %v", none)] = unsigned
		forged[fmt.Sprintf("alg %v, signed", none)] = f.real(f.header.with("alg", none), f.claims)
	}
	for _, other := range []string{"RS256", "PS256", "ES384", "ES512", "ES256K", "EdDSA", "es256", "HS384", "HS512"} {
		forged["alg "+other] = f.real(f.header.with("alg", other), f.claims)
	}
	return forged
}

func (f *forger) keys() map[string]string {
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.t.Fatal(err)
	}
	point, err := own.PublicKey.Bytes()
	if err != nil {
		f.t.Fatal(err)
	}
	jwk := object{"kty": "EC", "crv": "P-256", "kid": "own", "x": base64url(point[1:33]), "y": base64url(point[33:])}
	forged := map[string]string{
		"another key under our kid": f.sign(own, f.header, f.claims), "under its own kid": f.sign(own, f.header.with("kid", "own"), f.claims),
		"jwk": f.sign(own, f.header.with("jwk", jwk), f.claims), "jwk alone": f.sign(own, f.header.with("jwk", jwk).with("kid", nil), f.claims),
		"kid twice, ours last":  f.real(twice(f.header, `"kid":"own"`), f.claims),
		"kid twice, ours first": f.sign(own, text(strings.Replace(f.header.String(), "}", `,"kid":"own"}`, 1)), f.claims),
	}
	for _, kid := range []any{
		nil, "", 7,
		[]string{f.key.ID},
		"unknown", "../../../../../../dev/null", "/dev/null", "file:///dev/null", f.lure, "' OR '1'='1",
		"x'; DROP TABLE signing_keys; --", f.key.ID + "\x00", f.key.ID + " ", strings.ToUpper(f.key.ID), strings.Repeat("k", 5000), "\n", "${jndi:" + f.lure + "}",
	} {
		forged[fmt.Sprintf("kid %.30v", kid)] = f.real(f.header.with("kid", kid), f.claims)
	}
	return forged
}

func (f *forger) headers() map[string]string {
	forged := map[string]string{}
	for name, value := range map[string]any{
		"jwk": object{"kty": "oct", "k": "AA"}, "jku": f.lure + "/jwks.json", "x5u": f.lure + "/cert.pem", "x5c": []string{"MIIB"}, "x5t": "AA",
		"crit": []string{"exp"}, "b64": false, "zip": "DEF", "cty": "JWT", "enc": "A256GCM", "iss": f.lure, "p2c": 1 << 30, "ALG": "none", "url": f.lure,
	} {
		forged[name] = f.real(f.header.with(name, value), f.claims)
	}
	forged["b64 that is critical"] = f.real(f.header.with("b64", false).with("crit", []string{"b64"}), f.claims)
	forged["jku and a kid of theirs"] = f.real(f.header.with("jku", f.lure).with("kid", "theirs"), f.claims)
	forged["alg twice"] = f.real(twice(f.header, `"alg":"none"`), f.claims)
	forged["typ twice"] = f.real(twice(f.header, `"typ":"JWT"`), f.claims)
	forged["alg twice, escaped"] = f.real(twice(f.header, `"\u0061lg":"none"`), f.claims)
	for _, other := range []string{"", "null", "[]", `"x"`, "{", "{}", f.header.String() + "x", f.header.String() + "{}", strings.Repeat("[", 4000)} {
		forged[fmt.Sprintf("header %.20q", other)] = f.real(text(other), f.claims)
	}
	return forged
}

// kinds are tokens that are good for something else.
func (f *forger) kinds() map[string]string {
	forged := map[string]string{"a refresh token": f.ada.held().RefreshToken, "an id": f.ada.userID, "a session's id": fmt.Sprint(f.claims["sid"])}
	for _, typ := range []any{nil, "", "JWT", "jwt", "id+jwt", "rt+jwt", "logout+jwt", "dpop+jwt", "AT+JWT", "application/at+jwt", 1} {
		forged[fmt.Sprintf("typ %v", typ)] = f.real(f.header.with("typ", typ), f.claims)
	}
	identity := object{"iss": f.claims["iss"], "aud": f.claims["aud"], "sub": f.claims["sub"], "iat": f.claims["iat"], "exp": f.claims["exp"], "nonce": "n"}
	forged["claims of an identity"] = f.real(f.header, identity)
	forged["an identity token"] = f.real(f.header.with("typ", "JWT"), identity)
	return forged
}

func (f *forger) ofClaims() map[string]string {
	now := time.Now().Unix()
	forged := map[string]string{
		"expired":           f.real(f.header, f.claims.with("iat", now-1000).with("exp", now-500)),
		"from the future":   f.real(f.header, f.claims.with("iat", now+300).with("exp", now+900)),
		"not yet":           f.real(f.header, f.claims.with("nbf", now+300)),
		"ends before it is": f.real(f.header, f.claims.with("exp", f.claims["iat"])),
		"another issuer":    f.real(f.header, f.claims.with("iss", "https://accounts.example.org")),
		"another audience":  f.real(f.header, f.claims.with("aud", "https://api.example.org")),
		"many audiences":    f.real(f.header, f.claims.with("aud", []any{f.claims["aud"]})),
		"another deployment with the same key": f.real(f.header,
			f.claims.with("iss", "https://staging.example.com").with("aud", "https://staging.example.com")),
		"a session that is none":     f.real(f.header, f.claims.with("sid", "0192f0c1-2a7e-7b44-9d5e-3f1a5c7b9e01")),
		"a person that is none":      f.real(f.header, f.claims.with("sub", "0192f0c1-2a7e-7b44-9d5e-3f1a5c7b9e01")),
		"a session that is no id":    f.real(f.header, f.claims.with("sid", "' OR 1=1 --")),
		"a date as a text":           f.real(f.header, f.claims.with("exp", fmt.Sprint(now+900))),
		"a date with a fraction":     f.real(f.header, f.claims.with("exp", json.RawMessage(fmt.Sprintf("%d.5", now+900)))),
		"a date that never comes":    f.real(f.header, f.claims.with("exp", json.RawMessage("1e400"))),
		"a date beyond all calendar": f.real(f.header, f.claims.with("exp", json.RawMessage("9223372036854775807"))),
		"a negative date":            f.real(f.header, f.claims.with("iat", -1)),
	}
	for _, name := range []string{"iss", "aud", "client_id", "sub", "sid", "jti", "iat", "exp", "auth_time", "amr", "acr", "roles"} {
		forged["without "+name] = f.real(f.header, f.claims.with(name, nil))
		forged[name+" is null"] = f.real(f.header, f.claims.with(name, json.RawMessage("null")))
		forged[name+" is an object"] = f.real(f.header, f.claims.with(name, object{}))
		forged[name+" twice"] = f.real(f.header, twice(f.claims, `"`+name+`":"x"`))
	}
	for _, other := range []string{"", "null", "[]", `"x"`, "{", "{}", strings.Repeat("[", 4000), f.claims.String() + f.claims.String()} {
		forged[fmt.Sprintf("claims %.20q", other)] = f.real(f.header, text(other))
	}
	return forged
}

func (f *forger) forms() map[string]string {
	parts := strings.Split(f.genuine, ".")
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(letters, parts[2][len(parts[2])-1])
	padded := base64.URLEncoding.EncodeToString([]byte(f.header.String() + " "))
	key, _ := f.key.Private.(*ecdsa.PrivateKey)
	return map[string]string{
		"nothing": "", "dots": "..", "words": "x.y.z", "two parts": parts[0] + "." + parts[1], "four parts": f.genuine + ".x",
		"encrypted":       "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA",
		"five parts":      f.genuine + ".x.y",
		"as JSON":         `{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`,
		"as flat JSON":    `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"no signature":    parts[0] + "." + parts[1] + ".",
		"all but a part":  parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])-4],
		"more than that":  f.genuine + "AAAA",
		"with padding":    f.genuine + "==",
		"trailing bits":   f.genuine[:len(f.genuine)-1] + letters[last+1:last+2],
		"padded header":   f.signSegments(key, padded, parts[1]),
		"standard base64": parts[0] + "." + parts[1] + "." + parts[2][:10] + "+" + parts[2][11:20] + "/" + parts[2][21:],
		"two at once":     f.genuine + " " + f.genuine,
		"twice":           f.genuine + "," + f.genuine,
		"scheme twice":    "Bearer " + f.genuine,
		"swapped parts":   parts[1] + "." + parts[0] + "." + parts[2],
		"signature of 0":  parts[0] + "." + parts[1] + "." + base64url(make([]byte, 64)),
		"9 KiB":           f.real(f.header, f.claims.with("more", strings.Repeat("x", 7000))),
		"14 KiB":          strings.Repeat("a", 14<<10),
	}
}

// flips turn one bit in each of many places of every part.
func (f *forger) flips() map[string]string {
	forged := map[string]string{}
	start := 0
	for number, part := range strings.Split(f.genuine, ".") {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			f.t.Fatal(err)
		}
		for at := 0; at < len(raw); at += 5 {
			changed := append([]byte{}, raw...)
			changed[at] ^= 1 << (at % 8)
			forged[fmt.Sprintf("part %d, byte %d", number, at)] = f.genuine[:start] + base64url(changed) + f.genuine[start+len(part):]
		}
		start += len(part) + 1
	}
	return forged
}

// TestTwinsOfATokenDieTogether: a signature of ECDSA has a twin, so a token has two spellings. What ends a session ends both.
func TestTwinsOfATokenDieTogether(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		f := newForger(t, s)
		at := strings.LastIndexByte(f.genuine, '.') + 1
		raw, err := base64.RawURLEncoding.DecodeString(f.genuine[at:])
		if err != nil {
			t.Fatal(err)
		}
		order := elliptic.P256().Params().N
		new(big.Int).Sub(order, new(big.Int).SetBytes(raw[32:])).FillBytes(raw[32:])
		twin := f.genuine[:at] + base64url(raw)
		if status, code := f.ask(twin, false); status != http.StatusOK && status != http.StatusUnauthorized {
			t.Errorf("the twin is answered %d %s", status, code)
		}
		must[*client.LogoutResponse](t, 204)(f.ada.at(f.node).LogoutWithResponse(t.Context(), client.LogoutRequest{}))
		f.refused(map[string]string{"the token": f.genuine, "its twin": twin})
	})
}

// TestTokensTooLongForAHead are refused before they are read.
func TestTokensTooLongForAHead(t *testing.T) {
	t.Parallel()
	f := newForger(t, embedded(t))
	if status, code := f.ask(strings.Repeat("a", 20<<10), false); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("answered %d %s", status, code)
	}
}
