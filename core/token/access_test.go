package token_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/token"
)

// noting is a signer that notes what it is asked to sign.
type noting struct {
	token.Signer
	claims token.Claims
	err    error
}

func (n *noting) Sign(claims token.Claims) (string, error) {
	n.claims = claims
	return "signed", n.err
}

func TestIssuerAccess(t *testing.T) {
	t.Parallel()
	clock, signer := coretest.NewClock(), &noting{}
	now := clock.Advance(500 * time.Millisecond).Truncate(time.Second)
	ids := core.NewIDs(clock)
	issuer := token.NewIssuer(signer, clock, ids, token.IssuerConfig{Issuer: "https://a.example", Audience: "https://b.example"})
	grant := token.Grant{
		UserID: ids.New(), SessionID: ids.New(), AuthTime: clock.Now().Add(-time.Minute),
		Factors: []string{"pwd"}, Roles: []string{"USER"}, NotAfter: now.Add(time.Hour),
	}
	access, err := issuer.Access(grant)
	if err != nil || access.Token != "signed" || !access.ExpiresAt.Equal(now.Add(token.AccessTTL)) {
		t.Errorf("got %+v, %v", access, err)
	}
	want := token.Claims{
		Issuer: "https://a.example", Audience: "https://b.example", ClientID: "https://b.example",
		Subject: grant.UserID, SessionID: grant.SessionID, IssuedAt: now, ExpiresAt: now.Add(token.AccessTTL),
		AuthTime: now.Add(-time.Minute), Factors: []string{"pwd"}, ACR: token.ACRSingle, Roles: []string{"USER"},
	}
	if diff := cmp.Diff(want, signer.claims, cmpopts.IgnoreFields(token.Claims{}, "ID")); diff != "" {
		t.Error(diff)
	}
	first := signer.claims.ID
	if _, err := issuer.Access(grant); err != nil || signer.claims.ID == first || first.IsZero() {
		t.Error("two tokens share their id")
	}
}

func TestIssuerAccessForAnActor(t *testing.T) {
	t.Parallel()
	clock, signer := coretest.NewClock(), &noting{}
	ids := core.NewIDs(clock)
	issuer := token.NewIssuer(signer, clock, ids, token.IssuerConfig{})
	grant := token.Grant{UserID: ids.New(), Actor: ids.New(), TTL: time.Minute, NotAfter: clock.Now().Add(time.Hour)}
	access, err := issuer.Access(grant)
	if err != nil || signer.claims.Actor != grant.Actor || !access.ExpiresAt.Equal(clock.Now().Add(time.Minute)) {
		t.Errorf("got %+v, %+v, %v", access, signer.claims, err)
	}
}

func TestIssuerAccessEndsWithTheSession(t *testing.T) {
	t.Parallel()
	clock, signer := coretest.NewClock(), &noting{}
	issuer := token.NewIssuer(signer, clock, core.NewIDs(clock), token.IssuerConfig{TTL: time.Hour, ClientID: "app"})
	ends := clock.Now().Add(90 * time.Second)
	access, err := issuer.Access(token.Grant{NotAfter: ends, Factors: []string{"pwd", token.FactorMultiple}})
	if err != nil || !access.ExpiresAt.Equal(ends) || !signer.claims.ExpiresAt.Equal(ends) {
		t.Errorf("got %+v, %v", access, err)
	}
	if signer.claims.ACR != token.ACRMulti || signer.claims.ClientID != "app" {
		t.Errorf("got %+v", signer.claims)
	}
	signer.err = core.Unavailable(errors.New("no key"))
	if _, err := issuer.Access(token.Grant{}); !errors.Is(err, signer.err) {
		t.Errorf("got %v", err)
	}
}
