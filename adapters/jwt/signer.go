// Package jwt makes and checks access tokens as JSON Web Tokens (RFC 7519) of the profile of RFC 9068, by the
// rules of RFC 8725, and publishes the key set (RFC 7517).
//
// It accepts exactly what it makes. A token is refused unless it is the compact serialisation of a JWS of at
// most 8 KiB in canonical base64url; its header holds alg, kid and typ and nothing else, so that no key,
// URL, critical extension, compression or nested type can come with it; kid names a published key of this
// deployment and alg is the algorithm of that very key; typ is at+jwt; no member stands twice; issuer and
// audience are ours, exactly; and every claim is there and well-formed.
package jwt

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/token"
)

// tokenMax is the length of the longest token that is looked at, in bytes: more than any proxy lets pass in
// a header line by default.
const tokenMax = 8 << 10

// usualSize is what most tokens do not exceed, in bytes.
const usualSize = 1 << 10

// tokenType is the media type of an access token, without the application/ (RFC 9068 §2.1).
const tokenType = "at+jwt"

// Keys are the signing keys at hand. *token.Ring is one.
type Keys interface {
	// Active is the key that signs now. KindUnavailable when there is none.
	Active() (token.Key, error)
	// Find gives the published key of that id.
	Find(kid string) (token.Key, bool)
	// Published lists the keys of the key set.
	Published() []token.Key
}

// Config is in whose name tokens are made and for whom.
type Config struct {
	Issuer   string
	Audience string
}

// Signer implements token.Signer. Safe for concurrent use.
type Signer struct {
	keys   Keys
	clock  core.Clock
	config Config
	parser *jwt.Parser
}

var _ token.Signer = (*Signer)(nil)

// New makes a signer that works with the keys.
func New(keys Keys, clock core.Clock, config Config) *Signer {
	return &Signer{
		keys: keys, clock: clock, config: config,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{string(token.ES256), string(token.EdDSA), string(token.RS256)}),
			jwt.WithStrictDecoding(),
			jwt.WithoutClaimsValidation(), // done here, by the clock of the domain
		),
	}
}

// Sign implements token.Signer.
func (s *Signer) Sign(claims token.Claims) (string, error) {
	key, err := s.keys.Active()
	if err != nil {
		return "", err
	}
	input, err := signingInput(key, claims)
	if err != nil {
		return "", core.Internal(err)
	}
	signature, err := jwt.GetSigningMethod(string(key.Algorithm)).Sign(string(input), key.Private)
	if err != nil {
		return "", core.Internal(err)
	}
	return string(base64.RawURLEncoding.AppendEncode(append(input, '.'), signature)), nil
}

// ownHeader is that of the tokens made here (RFC 7515 §4.1).
type ownHeader struct {
	Algorithm token.Algorithm `json:"alg"`
	KeyID     string          `json:"kid"`
	Type      string          `json:"typ"`
}

// signingInput writes what the signature of a token covers (RFC 7515 §5.1), in memory that has room for the rest. The
// library would do so by way of a map.
func signingInput(key token.Key, claims token.Claims) ([]byte, error) {
	head, err := json.Marshal(ownHeader{Algorithm: key.Algorithm, KeyID: key.ID, Type: tokenType})
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(newPayload(claims))
	if err != nil {
		return nil, err
	}
	text := base64.RawURLEncoding.AppendEncode(make([]byte, 0, usualSize), head)
	return base64.RawURLEncoding.AppendEncode(append(text, '.'), body), nil
}

// Verify implements token.Signer. The signature is checked before any claim is believed, so that only the
// holder of a genuine token learns that it has expired.
func (s *Signer) Verify(raw string) (token.Claims, error) {
	claims, err := s.verify(raw)
	if errors.Is(err, token.ErrExpired) {
		return token.Claims{}, token.ErrExpired
	}
	if err != nil {
		return token.Claims{}, token.ErrInvalid.Because(err)
	}
	return claims, nil
}

func (s *Signer) verify(raw string) (token.Claims, error) {
	head, err := readHeader(raw)
	if err != nil {
		return token.Claims{}, err
	}
	key, known := s.keys.Find(head.kid)
	if !known || string(key.Algorithm) != head.alg {
		return token.Claims{}, errors.New("unknown key, or not its algorithm")
	}
	var body payload
	_, err = s.parser.ParseWithClaims(raw, &body, func(*jwt.Token) (any, error) { return key.Public, nil })
	if err != nil {
		return token.Claims{}, err
	}
	return s.check(body)
}

// check applies the rules of RFC 9068 §4 to the claims of a genuine token.
func (s *Signer) check(body payload) (token.Claims, error) {
	claims, err := body.claims()
	if err != nil {
		return token.Claims{}, err
	}
	now := s.clock.Now()
	switch {
	case claims.Issuer != s.config.Issuer:
		return token.Claims{}, errors.New("another issuer")
	case claims.Audience != s.config.Audience:
		return token.Claims{}, errors.New("another audience")
	case now.Add(token.Leeway).Before(claims.IssuedAt), now.Add(token.Leeway).Before(body.notBefore()):
		return token.Claims{}, errors.New("from the future")
	case !claims.IssuedAt.Before(claims.ExpiresAt):
		return token.Claims{}, errors.New("expires before it begins")
	case !now.Before(claims.ExpiresAt.Add(token.Leeway)):
		return token.Claims{}, token.ErrExpired
	}
	return claims, nil
}

// seconds is a NumericDate without a fraction (RFC 7519 §2).
func seconds(unix int64) time.Time { return time.Unix(unix, 0).UTC() }
