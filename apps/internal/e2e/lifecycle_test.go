package e2e_test

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/api/client"
)

// follower is a client behind a load balancer: it sends to the first server while that says it is ready,
// and to the second afterwards. It repeats nothing.
type follower struct {
	first, second string
	away          atomic.Bool
	sent, failed  atomic.Int64
	http          *http.Client
	t             *testing.T
}

func (f *follower) send(ctx context.Context) {
	address := f.first
	if f.away.Load() {
		address = f.second
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/.well-known/jwks.json", http.NoBody)
	if err != nil {
		f.t.Error(err)
		return
	}
	response, err := f.http.Do(request)
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	f.sent.Add(1)
	if err != nil || response.StatusCode != http.StatusOK {
		f.failed.Add(1)
		f.t.Errorf("request to %s: %v", address, err)
	}
}

// watch asks the first server every twenty milliseconds whether it is ready, until it is not.
func (f *follower) watch() {
	prober := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		response, err := prober.Get(f.first + "/health/ready")
		if err != nil {
			f.t.Errorf("probe: %v", err)
			return
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			f.away.Store(true)
			return
		}
		time.Sleep(20 * time.Millisecond) // the pace of a load balancer's probes
	}
}

// SIGTERM under load: who follows readiness sees no request refused and no reply cut, and the server ends
// well.
func TestTerminationLosesNoRequest(t *testing.T) {
	t.Parallel()
	s := distributed(t, "DRAIN_DELAY", "1s")
	first, second := s.spawn(), s.spawn()
	f := &follower{t: t, first: first.address, second: second.address, http: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: patience,
	}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var load, watching sync.WaitGroup
	watching.Go(f.watch)
	stop := make(chan struct{})
	for range 16 {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					f.send(ctx)
				}
			}
		})
	}
	eventually(t, "the load runs", func() bool { return f.sent.Load() > 500 })
	if code := first.terminate(); code != 0 {
		t.Errorf("the server ended with code %d", code)
	}
	watching.Wait()
	after := f.sent.Load()
	eventually(t, "the load goes on elsewhere", func() bool { return f.sent.Load() > after+100 })
	close(stop)
	load.Wait()
	if !f.away.Load() || f.failed.Load() > 0 {
		t.Errorf("readiness went off: %t, %d of %d requests failed", f.away.Load(), f.failed.Load(), f.sent.Load())
	}
}

// kill -9 in the middle of registrations leaves no half account: who got in has a whole one, and everybody
// else can begin again.
func TestKillLeavesNoHalfAccount(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.spawn()
		const people = 12
		var (
			wait     sync.WaitGroup
			verified atomic.Int64
			everyone = make([]*person, people)
		)
		for i := range people {
			everyone[i] = s.newPerson(t)
			wait.Go(func() {
				if id := everyone[i].registerUnsure(n.node); id != "" && everyone[i].proveUnsure(n.node, id) {
					verified.Add(1)
				}
			})
		}
		eventually(t, "some are in", func() bool { return verified.Load() >= people/4 })
		n.kill()
		wait.Wait()
		again := s.spawn()
		for _, p := range everyone {
			p.finish(again.node)
			me := must[*client.GetMeResponse](t, 200)(p.at(again.node).GetMeWithResponse(t.Context())).JSON200.User
			same(t, "account", []any{me.Email, me.EmailVerified, me.Username.MustGet(), me.Roles, me.Status},
				[]any{p.email, true, p.username, []string{"USER"}, client.UserStatusActive})
		}
		same(t, "exit code", again.terminate(), 0)
	})
}

// registerUnsure registers at a server that may die, and gives the verification if it answered.
func (p *person) registerUnsure(n *node) string {
	reply, err := n.stranger().RegisterWithResponse(p.t.Context(), p.registration())
	if err != nil || reply.JSON202 == nil {
		return ""
	}
	return reply.JSON202.Verification.ID
}

// proveUnsure reads the mail and types the code at a server that may die.
func (p *person) proveUnsure(n *node, id string) bool {
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	for ctx.Err() == nil {
		code, alive := p.codeUnsure(ctx, n)
		if !alive {
			return false
		}
		if code != "" {
			reply, err := n.stranger().VerifyEmailWithResponse(ctx, client.ByCode(id, code))
			return err == nil && reply.StatusCode() == http.StatusOK
		}
	}
	return false
}

func (p *person) codeUnsure(ctx context.Context, n *node) (code string, alive bool) {
	if reply, err := n.stranger().GetLivenessWithResponse(ctx); err != nil || reply.StatusCode() != http.StatusOK {
		return "", false
	}
	if _, caught := p.site.letters.(*devMailbox); !caught {
		for _, sent := range p.site.letters.all(p.t, p.email) {
			return sent.code, true
		}
		return "", true
	}
	reply, err := n.stranger().ListCaughtMessagesWithResponse(ctx, &client.ListCaughtMessagesParams{To: &p.email})
	if err != nil || reply.JSON200 == nil {
		return "", false
	}
	for _, item := range reply.JSON200.Items {
		return item.Code, true
	}
	return "", true
}

// finish brings the person in, wherever the crash found them.
func (p *person) finish(n *node) {
	p.t.Helper()
	reply, err := n.stranger().LoginWithResponse(p.t.Context(), client.LoginRequest{Identifier: p.email, Password: p.password})
	if err != nil {
		p.t.Fatal(err)
	}
	if reply.JSON200 == nil {
		p.begin(n)
		return
	}
	p.keep(*reply.JSON200)
}

// begin registers again: an earlier try that got no answer may have sent a mail, too.
func (p *person) begin(n *node) {
	p.t.Helper()
	tried := map[string]bool{} // a code counts five tries, so that none is spent twice on one letter
	for _, sent := range p.site.letters.all(p.t, p.email) {
		tried[sent.id] = true
	}
	id := p.register(n)
	eventually(p.t, "the mail of this registration", func() bool {
		for _, sent := range p.site.letters.all(p.t, p.email) {
			if !tried[sent.id] && p.prove(n, id, sent.code) {
				return true
			}
			tried[sent.id] = true
		}
		return false
	})
}

// prove types the code of a letter, which may be of another registration.
func (p *person) prove(n *node, id, code string) bool {
	p.t.Helper()
	reply, err := n.stranger().VerifyEmailWithResponse(p.t.Context(), client.ByCode(id, code))
	if err != nil || reply.JSON200 == nil {
		return false
	}
	signedIn, err := reply.JSON200.AsSignedIn()
	if err != nil {
		p.t.Fatal(err)
	}
	p.keep(signedIn)
	return true
}
