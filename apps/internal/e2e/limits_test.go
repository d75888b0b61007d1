package e2e_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// limited are the settings of a site whose limits bite and do not give back while a test runs. X-Forwarded-For
// says who calls.
func limited(pairs ...string) []string {
	return append([]string{
		"RATE_LIMITS", "on", "TRUSTED_PROXIES", "127.0.0.0/8", "RATE_LIMIT_LOGIN", "5/12h", "RATE_LIMIT_FORGOT", "5/12h",
	}, pairs...)
}

// from is a client of the server at another address.
func (n *node) from(t *testing.T, address string) *client.ClientWithResponses {
	t.Helper()
	made, err := client.NewClientWithResponses(n.address, client.WithHTTPClient(n.site.http),
		client.WithRequestEditorFn(func(_ context.Context, request *http.Request) error {
			request.Header.Set("X-Forwarded-For", address)
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// guess tries a wrong password from the address and tells whether that was refused for its number.
func (n *node) guess(t *testing.T, address, identifier string) (reply *client.LoginResponse, refused bool) {
	t.Helper()
	reply, err := n.from(t, address).LoginWithResponse(t.Context(), client.LoginRequest{Identifier: identifier, Password: "wrong"})
	if err != nil {
		t.Fatal(err)
	}
	switch reply.StatusCode() {
	case http.StatusUnauthorized:
		return reply, false
	case http.StatusTooManyRequests:
		return reply, true
	default:
		t.Fatalf("answered %d: %v", reply.StatusCode(), client.Failure(reply))
		return nil, false
	}
}

// The defaults are those of the operator's guide.
func TestDefaultLimits(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		ctx, as, stranger := t.Context(), ada.at(n), n.from(t, "203.0.113.7")
		identifier, id := ada.email, "0192f0c1-2a7e-7b44-9d5e-3f1a5c7b9e01"
		for want, call := range map[string]func() (*http.Response, error){
			`"login";q=5;w=60`: func() (*http.Response, error) {
				return stranger.Login(ctx, client.LoginRequest{Identifier: identifier, Password: "wrong"})
			},
			`"register";q=3;w=300`: func() (*http.Response, error) {
				return stranger.Register(ctx, s.newPerson(t).registration())
			},
			`"forgot";q=3;w=900`: func() (*http.Response, error) {
				return stranger.ForgotPassword(ctx, client.ForgotPasswordRequest{Identifier: identifier})
			},
			`"verify";q=5;w=900`: func() (*http.Response, error) {
				return stranger.VerifyEmail(ctx, client.ByCode(id, "000000"))
			},
			`"links";q=30;w=900`:   func() (*http.Response, error) { return stranger.CheckPasswordReset(ctx, "nonsense") },
			`"address";q=200;w=60`: func() (*http.Response, error) { return stranger.GetKeySet(ctx) },
			`"session";q=600;w=60`: func() (*http.Response, error) { return as.GetMe(ctx) },
			`"refresh";q=30;w=60`: func() (*http.Response, error) {
				return stranger.Refresh(ctx, client.RefreshRequest{RefreshToken: ada.held().RefreshToken})
			},
		} {
			reply, err := call()
			if err != nil {
				t.Fatal(err)
			}
			reply.Body.Close()
			if got := reply.Header.Get("RateLimit-Policy"); got != want || reply.Header.Get("RateLimit") == "" {
				t.Errorf("%s %s told of %s, want %s", reply.Request.Method, reply.Request.URL.Path, got, want)
			}
		}
	}, "RATE_LIMITS", "on", "TRUSTED_PROXIES", "127.0.0.0/8")
}

// A stranger's guesses end after five, whether there is such an account or not, while the owner at another
// address, and others at this one, go on.
func TestGuessesAreLimited(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada, nobody := s.newPerson(t).signUp(n), s.newPerson(t)
		var told []string
		for _, identifier := range []string{ada.email, nobody.email} {
			var fields []string
			for i := range 7 {
				reply, refused := n.guess(t, "203.0.113.7", []string{identifier, strings.ToUpper(identifier)}[i%2])
				if refused != (i >= 5) {
					t.Fatalf("guess %d of %s: %d", i, identifier, reply.StatusCode())
				}
				header := reply.HTTPResponse.Header
				fields = append(fields, header.Get("RateLimit")[:len(`"login";r=0`)], header.Get("RateLimit-Policy"))
				if refused && (header.Get("Retry-After") == "" || client.Failure(reply) == nil) {
					t.Errorf("refused with %v", header)
				}
			}
			told = append(told, strings.Join(fields, " "))
		}
		same(t, "what is told of an unknown account", told[1], told[0])
		if !strings.HasPrefix(told[0], `"login";r=4 "login";q=5;w=43200 "login";r=3`) {
			t.Errorf("told %s", told[0])
		}
		ada.login(n)
		must[*client.LoginResponse](t, http.StatusOK)(n.from(t, "198.51.100.1").LoginWithResponse(t.Context(),
			client.LoginRequest{Identifier: ada.username, Password: ada.password}))
		_, refused := n.guess(t, "203.0.113.7", s.newPerson(t).email)
		same(t, "somebody else at the address is refused", refused, false)
	}, limited("MAX_LOGIN_ATTEMPTS", "10")...)
}

// Of fifty guesses at once, five are looked at.
func TestGuessesAtOnceAreLimited(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		undisturbed(t, []*node{n}, func() error {
			address := "2001:db8:" + strings.ToLower(fmt.Sprintf("%x", rand.Text()[:2])) + "::"
			var mu sync.Mutex
			var guessing sync.WaitGroup
			passed := 0
			for i := range 50 {
				guessing.Go(func() {
					if _, refused := n.guess(t, fmt.Sprint(address, i+1), ada.email); !refused {
						mu.Lock()
						passed++
						mu.Unlock()
					}
				})
			}
			guessing.Wait()
			if passed != 5 {
				return fmt.Errorf("%d guesses were looked at, want 5", passed)
			}
			return nil
		})
	}, limited("RATE_LIMIT_LOGIN_ADDRESS", "1000/1m", "RATE_LIMIT_ADDRESS", "1000/1m", "ADMIN_ADDR", "127.0.0.1:0")...)
}

// undisturbed repeats what a test found while a busy machine had a server count alone: that proves nothing of
// counting together.
func undisturbed(t *testing.T, nodes []*node, try func() error) {
	t.Helper()
	for {
		before := alone(t, nodes)
		err := try()
		if err == nil {
			return
		}
		if alone(t, nodes) == before {
			t.Fatal(err)
		}
	}
}

// alone is what the servers say of checks that they made alone.
func alone(t *testing.T, nodes []*node) (said string) {
	t.Helper()
	for _, n := range nodes {
		for line := range strings.Lines(n.scrape(t)) {
			if strings.HasPrefix(line, `doorward_limit_checks_total{counted="alone"}`) {
				said += line
			}
		}
	}
	return said
}

// Two servers with one Valkey count together.
func TestLimitsHoldOverReplicas(t *testing.T) {
	t.Parallel()
	s := distributed(t, limited("ADMIN_ADDR", "127.0.0.1:0")...)
	nodes := []*node{s.start().trusted(), s.start().trusted()}
	undisturbed(t, nodes, func() error {
		account := s.newPerson(t).email
		for i := range 9 {
			if _, refused := nodes[i%2].guess(t, "203.0.113.7", account); refused != (i >= 5) {
				return fmt.Errorf("guess %d: refused is %v", i, refused)
			}
		}
		return nil
	})
}

// While Valkey is cut off, or stands still, each server goes on with the same limits: nobody guesses on
// without end, and nobody else is refused.
func TestLimitsHoldWithoutValkey(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*proxy){"cut": (*proxy).sever, "frozen": (*proxy).freeze} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			network, address := newProxy(t, valkeyURL(t))
			s := distributed(t, limited("VALKEY_URL", address, "RATE_LIMIT_LOGIN_ADDRESS", "1000/1m")...)
			nodes := []*node{s.start().trusted(), s.start().trusted()}
			ada := s.newPerson(t).signUp(nodes[0])
			victim := s.newPerson(t).email
			for range 3 {
				nodes[0].guess(t, "203.0.113.7", victim)
			}
			fail(network)
			passed := 0
			for i := range 16 {
				if _, refused := nodes[i%2].guess(t, "203.0.113.7", victim); !refused {
					passed++
				}
			}
			// Two at the one that had seen three, and five at the other one.
			if passed < 2 || passed > 7 {
				t.Errorf("%d guesses went on, want 7 at the most", passed)
			}
			for _, n := range nodes {
				ada.login(n)
				ada.mustBeIn(n)
			}
			network.heal()
			nodes[0].trusted()
			if _, refused := nodes[0].guess(t, "203.0.113.7", victim); !refused {
				t.Error("what was counted alone is forgotten")
			}
			ada.login(nodes[0])
		})
	}
}

// However many ask for a reset of an account, and from wherever, it gets three mails; everybody is answered
// alike, and the code of the last mail is good.
func TestMailsToAnAccountAreLimited(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		ids := map[string]bool{}
		for i := range 6 {
			identifier := []string{ada.email, ada.username}[i%2]
			reply := must[*client.ForgotPasswordResponse](t, http.StatusAccepted)(n.from(t, fmt.Sprint("203.0.113.", i)).
				ForgotPasswordWithResponse(t.Context(), client.ForgotPasswordRequest{Identifier: identifier}))
			ids[reply.JSON202.Verification.ID] = true
			if i < 3 {
				s.await(t, ada.email, mail.KindPasswordReset, i+1)
			}
		}
		same(t, "answers", len(ids), 6)
		// Somebody else's mail, asked for later, has come: those before would have come, too.
		bob := s.newPerson(t).signUp(n)
		must[*client.ForgotPasswordResponse](t, http.StatusAccepted)(n.from(t, "203.0.113.9").
			ForgotPasswordWithResponse(t.Context(), client.ForgotPasswordRequest{Identifier: bob.email}))
		s.await(t, bob.email, mail.KindPasswordReset, 1)
		mails := slices.DeleteFunc(s.letters.all(t, ada.email), func(l letter) bool { return l.subject != subjects[mail.KindPasswordReset] })
		same(t, "mails", len(mails), 3)
		must[*client.ResetPasswordResponse](t, http.StatusNoContent)(n.from(t, "203.0.113.10").
			ResetPasswordWithResponse(t.Context(), client.ResetWithLink(mails[2].token, "a wholly new phrase")))
	}, limited()...)
}

// Signed-in calls are counted by session, everything else by address: neither uses up the other's.
func TestCallsAreLimitedBySessionOrAddress(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		other := ada.another(n)
		for i := range 12 {
			if status := ada.me(n); (status == http.StatusTooManyRequests) != (i >= 10) {
				t.Fatalf("call %d: %d", i, status)
			}
		}
		other.mustBeIn(n)
		strangers := func(address string) (passed int) {
			for passed < 100 {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.address+"/v1/nothing", nil)
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("X-Forwarded-For", address)
				request.Header.Set("Authorization", "Bearer nonsense")
				reply, err := s.http.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				reply.Body.Close()
				if reply.StatusCode == http.StatusTooManyRequests {
					return passed
				}
				passed++
			}
			return passed
		}
		if passed := strangers("203.0.113.7"); passed > 2*20 {
			t.Errorf("%d calls of a stranger passed, want 20", passed)
		}
		other.mustBeIn(n)
		other.refresh(n)
	}, limited("RATE_LIMIT_SESSION", "10/12h", "RATE_LIMIT_ADDRESS", "20/12h")...)
}
