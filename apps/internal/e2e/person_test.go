package e2e_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// person is somebody with a mailbox and, once signed in, tokens.
type person struct {
	t        *testing.T
	site     *site
	email    string
	username string
	password string

	mu     sync.Mutex
	tokens client.Tokens
	userID string
}

// newPerson makes somebody up who has no account yet.
func (s *site) newPerson(t *testing.T) *person {
	t.Helper()
	name := "ada" + strings.ToLower(rand.Text()[:10])
	return &person{t: t, site: s, email: name + "@example.com", username: name, password: "pw " + rand.Text()}
}

// at is the person's client of a server. It uses the newest tokens.
func (p *person) at(n *node) *client.ClientWithResponses {
	return p.site.clientAt(n.address, func() string { return p.held().AccessToken })
}

func (p *person) held() client.Tokens {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tokens
}

func (p *person) keep(signedIn client.SignedIn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens, p.userID = signedIn.Tokens, signedIn.User.ID
}

func (p *person) registration() client.RegisterRequest {
	return client.RegisterRequest{Email: p.email, Username: p.username, Password: p.password, Name: "Ada Lovelace"}
}

// register registers and gives the id of the verification.
func (p *person) register(n *node) string {
	p.t.Helper()
	reply := must[*client.RegisterResponse](p.t, http.StatusAccepted)(
		n.stranger().RegisterWithResponse(p.t.Context(), p.registration()))
	return reply.JSON202.Verification.ID
}

// signUp registers, proves the mailbox by the code and is signed in by that.
func (p *person) signUp(n *node) *person {
	p.t.Helper()
	id := p.register(n)
	code := p.site.await(p.t, p.email, mail.KindRegistration, 1).code
	reply := must[*client.VerifyEmailResponse](p.t, http.StatusOK)(
		n.stranger().VerifyEmailWithResponse(p.t.Context(), client.ByCode(id, code)))
	signedIn, err := reply.JSON200.AsSignedIn()
	if err != nil {
		p.t.Fatal(err)
	}
	p.keep(signedIn)
	return p
}

// login signs in by email and keeps the tokens.
func (p *person) login(n *node) client.SignedIn {
	p.t.Helper()
	reply := must[*client.LoginResponse](p.t, http.StatusOK)(
		n.stranger().LoginWithResponse(p.t.Context(), client.LoginRequest{Identifier: p.email, Password: p.password}))
	p.keep(*reply.JSON200)
	return *reply.JSON200
}

// another is the same person on another device, signed in there.
func (p *person) another(n *node) *person {
	p.t.Helper()
	other := &person{t: p.t, site: p.site, email: p.email, username: p.username, password: p.password}
	other.login(n)
	return other
}

// refresh exchanges the refresh token and keeps the new ones.
func (p *person) refresh(n *node) client.SignedIn {
	p.t.Helper()
	reply := must[*client.RefreshResponse](p.t, http.StatusOK)(
		n.stranger().RefreshWithResponse(p.t.Context(), client.RefreshRequest{RefreshToken: p.held().RefreshToken}))
	p.keep(*reply.JSON200)
	return *reply.JSON200
}

// me asks who one is; the status is the answer.
func (p *person) me(n *node) int {
	p.t.Helper()
	reply, err := p.at(n).GetMeWithResponse(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	return reply.StatusCode()
}

// mustBeIn and mustBeOut fail the test unless the person's access token is good, or refused, at the server.
func (p *person) mustBeIn(n *node) {
	p.t.Helper()
	if got := p.me(n); got != http.StatusOK {
		p.t.Fatalf("signed in, but answered %d", got)
	}
}

func (p *person) mustBeOut(n *node) {
	p.t.Helper()
	mustFail[*client.GetMeResponse](p.t, client.ProblemCodeSessionEnded)(p.at(n).GetMeWithResponse(p.t.Context()))
}

// same compares two things by their printed form.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}
