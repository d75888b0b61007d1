package jwt

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/token"
)

// dateMax is the last second of the year 9999: what RFC 3339 can write.
const dateMax = 253_402_300_799

// payload is the JSON of the claims (RFC 9068 §2.2).
type payload struct {
	// The library wants the methods of its claims. It never asks them: Signer.check does the validation.
	jwt.RegisteredClaims `json:"-"`

	Issuer    string   `json:"iss"`
	Audience  string   `json:"aud"`
	ClientID  string   `json:"client_id"`
	Subject   string   `json:"sub"`
	SessionID string   `json:"sid"`
	ID        string   `json:"jti"`
	IssuedAt  int64    `json:"iat"`
	ExpiresAt int64    `json:"exp"`
	AuthTime  int64    `json:"auth_time"`
	Factors   []string `json:"amr"`
	ACR       string   `json:"acr"`
	Roles     []string `json:"roles"`
	NotBefore *int64   `json:"nbf,omitempty"`
	Actor     *actor   `json:"act,omitempty"`
}

// actor is the act claim (RFC 8693 §4.1) in the one form that is made here: who acts, by their id, and nothing else. A
// chain of actors does not occur.
type actor struct {
	Subject string `json:"sub"`
}

// actorOf writes the act claim; none for the zero id.
func actorOf(id core.ID) *actor {
	if id.IsZero() {
		return nil
	}
	return &actor{Subject: id.String()}
}

// readActor reads the act claim of that form.
func readActor(value json.RawMessage) (*actor, error) {
	parts, err := members(value)
	if err != nil {
		return nil, err
	}
	var read actor
	if len(parts) != 1 || !text(parts["sub"], &read.Subject) {
		return nil, errors.New("claim act is not exactly a sub")
	}
	return &read, nil
}

func newPayload(claims token.Claims) *payload {
	return &payload{
		Issuer: claims.Issuer, Audience: claims.Audience, ClientID: claims.ClientID,
		Subject: claims.Subject.String(), SessionID: claims.SessionID.String(), ID: claims.ID.String(),
		IssuedAt: claims.IssuedAt.Unix(), ExpiresAt: claims.ExpiresAt.Unix(), AuthTime: claims.AuthTime.Unix(),
		Factors: present(claims.Factors), ACR: claims.ACR, Roles: present(claims.Roles), Actor: actorOf(claims.Actor),
	}
}

// present makes a missing list an empty one, for the claims are always there.
func present(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// UnmarshalJSON implements json.Unmarshaler more strictly than the standard library does: names match in
// their exact case, none stands twice, all are there, dates are whole seconds. Unknown names are passed
// over, so that a newer version may add some.
func (p *payload) UnmarshalJSON(data []byte) error {
	parts, err := members(data)
	if err != nil {
		return err
	}
	for name, into := range map[string]*string{
		"iss": &p.Issuer, "aud": &p.Audience, "client_id": &p.ClientID, "sub": &p.Subject, "sid": &p.SessionID,
		"jti": &p.ID, "acr": &p.ACR,
	} {
		if !text(parts[name], into) {
			return fmt.Errorf("claim %s is missing or no text", name)
		}
	}
	for name, into := range map[string]*int64{"iat": &p.IssuedAt, "exp": &p.ExpiresAt, "auth_time": &p.AuthTime} {
		if !date(parts[name], into) {
			return fmt.Errorf("claim %s is missing or no date", name)
		}
	}
	for name, into := range map[string]*[]string{"amr": &p.Factors, "roles": &p.Roles} {
		if !list(parts[name], into) {
			return fmt.Errorf("claim %s is missing or no list of texts", name)
		}
	}
	if value, given := parts["nbf"]; given {
		p.NotBefore = new(int64)
		if !date(value, p.NotBefore) {
			return fmt.Errorf("claim nbf is no date")
		}
	}
	if value, given := parts["act"]; given {
		p.Actor, err = readActor(value)
	}
	return err
}

// date reads a whole number of seconds between 1970 and 9999.
func date(value json.RawMessage, into *int64) bool {
	seconds, err := strconv.ParseInt(string(value), 10, 64)
	*into = seconds
	return err == nil && seconds >= 0 && seconds <= dateMax
}

func list(value json.RawMessage, into *[]string) bool {
	return len(value) > 0 && value[0] == '[' && json.Unmarshal(value, into) == nil
}

// claims reads the identifiers.
func (p payload) claims() (token.Claims, error) {
	claims := token.Claims{
		Issuer: p.Issuer, Audience: p.Audience, ClientID: p.ClientID,
		IssuedAt: seconds(p.IssuedAt), ExpiresAt: seconds(p.ExpiresAt), AuthTime: seconds(p.AuthTime),
		Factors: p.Factors, ACR: p.ACR, Roles: p.Roles,
	}
	for text, into := range map[string]*core.ID{p.ID: &claims.ID, p.Subject: &claims.Subject, p.SessionID: &claims.SessionID} {
		id, err := core.ParseID(text)
		if err != nil {
			return token.Claims{}, err
		}
		*into = id
	}
	err := p.readActor(&claims)
	return claims, err
}

// readActor reads who impersonates whom: two people.
func (p payload) readActor(claims *token.Claims) (err error) {
	if p.Actor == nil {
		return nil
	}
	claims.Actor, err = core.ParseID(p.Actor.Subject)
	if err == nil && (claims.Actor.IsZero() || claims.Actor == claims.Subject) {
		err = errors.New("claim act names nobody, or the subject")
	}
	return err
}

func (p payload) notBefore() time.Time {
	if p.NotBefore == nil {
		return time.Time{}
	}
	return seconds(*p.NotBefore)
}
