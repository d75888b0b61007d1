package e2e_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// told is how long the end of an access may take to reach a replica in these tests: far less than the
// thirty seconds after which a forgotten copy would die by itself, so that those cannot pass for it. The
// bound that is promised has a target of its own.
const told = 10 * time.Second

// soonOut waits until the server refuses the person.
func (p *person) soonOut(n *node) {
	p.t.Helper()
	began := time.Now()
	eventually(p.t, "the access ends", func() bool { return p.me(n) == http.StatusUnauthorized })
	if took := time.Since(began); took > told {
		p.t.Fatalf("refused after %v: nothing told this replica", took)
	}
	p.mustBeOut(n)
}

// trusted waits until the server's lookups are answered from memory.
func (n *node) trusted() *node {
	n.site.t.Helper()
	n.awaitHealth(client.HealthStatusOk)
	return n
}

func (n *node) awaitHealth(want client.HealthStatus) {
	n.site.t.Helper()
	eventually(n.site.t, "health is "+string(want), func() bool {
		reply, err := n.stranger().GetHealthWithResponse(n.site.t.Context())
		if err != nil {
			n.site.t.Fatal(err)
		}
		return reply.JSON200 != nil && reply.JSON200.Status == want
	})
}

// Whatever ends an access on one replica ends it on the other, whose memory of it is warm.
func TestEndsReachEveryReplica(t *testing.T) {
	t.Parallel()
	s := distributed(t)
	a, b := s.start().trusted(), s.start().trusted()
	ctx := t.Context()
	ends := map[string]func(t *testing.T, ada, other *person){
		"sign-out": func(t *testing.T, _, other *person) {
			must[*client.LogoutResponse](t, 204)(other.at(a).LogoutWithResponse(ctx, client.LogoutRequest{}))
		},
		"sign-out by refresh token": func(t *testing.T, _, other *person) {
			must[*client.LogoutResponse](t, 204)(a.stranger().LogoutWithResponse(ctx, client.LogoutRequest{RefreshToken: other.held().RefreshToken}))
		},
		"ending all others": func(t *testing.T, ada, _ *person) {
			must[*client.EndOtherSessionsResponse](t, 204)(ada.at(a).EndOtherSessionsWithResponse(ctx))
		},
		"password change": func(t *testing.T, ada, _ *person) {
			must[*client.ChangePasswordResponse](t, 204)(ada.at(a).ChangePasswordWithResponse(ctx,
				client.ChangePasswordRequest{CurrentPassword: ada.password, NewPassword: "a wholly new phrase"}))
		},
		"password reset": func(_ *testing.T, ada, _ *person) { ada.reset(a, "a wholly new phrase") },
		"deactivation": func(t *testing.T, ada, _ *person) {
			must[*client.DeactivateMeResponse](t, 204)(ada.at(a).DeactivateMeWithResponse(ctx))
		},
		"deletion": func(t *testing.T, ada, _ *person) {
			must[*client.DeleteMeResponse](t, 200)(ada.at(a).DeleteMeWithResponse(ctx))
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ada := s.newPerson(t).signUp(a)
			other := ada.another(b)
			for range 3 {
				other.mustBeIn(b)
			}
			end(t, ada, other)
			other.soonOut(b)
			other.soonOut(a)
		})
	}
}

// While Valkey is cut off, or stands still, everything goes on, the end of an access still reaches the other
// replica, and health says degraded and ready.
func TestWithoutValkey(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*proxy){"cut": (*proxy).sever, "frozen": (*proxy).freeze} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			network, address := newProxy(t, valkeyURL(t))
			s := distributed(t, "VALKEY_URL", address)
			a, b := s.start().trusted(), s.start().trusted()
			ada := s.newPerson(t).signUp(a)
			other := ada.another(b)
			other.mustBeIn(b)
			fail(network)
			must[*client.LogoutResponse](t, 204)(other.at(a).LogoutWithResponse(t.Context(), client.LogoutRequest{}))
			other.soonOut(b)
			for _, n := range []*node{a, b} {
				n.awaitHealth(client.HealthStatusDegraded)
				must[*client.GetReadinessResponse](t, 200)(n.stranger().GetReadinessWithResponse(t.Context()))
				third := ada.another(n)
				third.refresh(n)
				third.mustBeIn(n)
				must[*client.EndOtherSessionsResponse](t, 204)(third.at(n).EndOtherSessionsWithResponse(t.Context()))
				ada.soonOut(a)
				ada = third
			}
			network.heal()
			a.trusted()
			b.trusted()
			ada.mustBeIn(a)
		})
	}
}

// A server starts without Valkey and uses it once it is there.
func TestStartWithoutValkey(t *testing.T) {
	t.Parallel()
	network, address := newProxy(t, valkeyURL(t))
	network.sever()
	n := distributed(t, "VALKEY_URL", address).start()
	n.awaitHealth(client.HealthStatusDegraded)
	n.site.newPerson(t).signUp(n).mustBeIn(n)
	network.heal()
	n.trusted()
}

// While the mail server is away, or stuck, requests are answered as ever and nothing is lost: every letter
// arrives once the server is back.
func TestWithoutMailServer(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*smtpLetters){
		"away": func(l *smtpLetters) { l.server.Stop() }, "stuck": func(l *smtpLetters) { l.server.Freeze() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := distributed(t)
			n := s.start()
			post := s.letters.(*smtpLetters)
			fail(post)
			people := make([]*person, 10)
			ids := make([]string, len(people))
			for i := range people {
				people[i] = s.newPerson(t)
				ids[i] = people[i].register(n)
			}
			must[*client.GetReadinessResponse](t, 200)(n.stranger().GetReadinessWithResponse(t.Context()))
			if name == "away" {
				post.server.Restart()
			} else {
				post.server.Thaw()
			}
			for i, p := range people {
				code := s.await(t, p.email, mail.KindRegistration, 1).code
				must[*client.VerifyEmailResponse](t, 200)(n.stranger().VerifyEmailWithResponse(t.Context(), client.ByCode(ids[i], code)))
			}
		})
	}
}

// Servers that start at once on an empty database migrate it once and all come up.
func TestServersMigrateTogether(t *testing.T) {
	t.Parallel()
	for name, describe := range map[string]func(t *testing.T) *site{
		"embedded":         func(t *testing.T) *site { return embedded(t, "APP_URL", "http://accounts.example.com") },
		"production shape": func(t *testing.T) *site { return distributed(t, "DATABASE_URL", postgrestest.EmptyURL(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := describe(t)
			nodes := make([]*node, 4)
			var wait sync.WaitGroup
			var mu sync.Mutex
			for i := range nodes {
				wait.Go(func() {
					started := s.launch()
					mu.Lock()
					defer mu.Unlock()
					nodes[i] = started
				})
			}
			wait.Wait()
			ada := s.newPerson(t)
			s.reads(nodes[0])
			ada.signUp(nodes[0])
			for _, n := range nodes {
				ada.mustBeIn(n)
			}
		})
	}
}
