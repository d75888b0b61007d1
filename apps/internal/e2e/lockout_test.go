package e2e_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
)

// guess signs in as somebody and gives the status. The token is that of a known device; empty for none.
func guess(t *testing.T, n *node, identifier, password, token string) int {
	t.Helper()
	reply, err := n.stranger().LoginWithResponse(t.Context(), client.LoginRequest{
		Identifier: identifier, Password: password, DeviceToken: token,
	})
	if err != nil {
		t.Error(err)
		return 0
	}
	return reply.StatusCode()
}

// activity lists the newest hundred events of the person's own history.
func (p *person) activity(n *node) []client.Activity {
	p.t.Helper()
	limit := 100
	return must[*client.ListActivityResponse](p.t, http.StatusOK)(
		p.at(n).ListActivityWithResponse(p.t.Context(), &client.ListActivityParams{Limit: &limit})).JSON200.Items
}

// known signs somebody up, and in once more, and gives the token of the device that this made.
func (s *site) known(t *testing.T, n *node) (ada *person, token string) {
	t.Helper()
	ada = s.newPerson(t).signUp(n)
	return ada, ada.login(n).DeviceToken
}

// Fifty guesses at once, over all replicas, count as fifty: five are made, and the right one among the others is
// refused like them. The owner gets in during the attack, and whoever uses the link of the mail.
func TestLockout(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		nodes := []*node{s.start()}
		if s.variables["VALKEY_URL"] != "" {
			nodes = append(nodes, s.start())
		}
		ada, token := s.known(t, nodes[0])
		attack(t, nodes, ada, token)
		for _, n := range nodes {
			same(t, "the right password, from an unknown client", guess(t, n, ada.username, ada.password, ""), 401)
			same(t, "the right password, from a known client", guess(t, n, ada.email, ada.password, token), 200)
			same(t, "a made up device", guess(t, n, ada.email, ada.password, "made up"), 401)
		}
		letter := s.await(t, ada.email, mail.KindAccountLocked, 1)
		body := client.LinkRequest{Token: letter.token}
		var mu sync.Mutex
		var won client.Unlocked
		exactlyOne(t, "unlock link", race(t, func() (int, error) {
			mu.Lock()
			n := nodes[0]
			nodes = append(nodes[1:], n)
			mu.Unlock()
			reply, err := n.stranger().UnlockWithResponse(t.Context(), body)
			if err == nil && reply.JSON200 != nil {
				mu.Lock()
				won = *reply.JSON200
				mu.Unlock()
			}
			return reply.StatusCode(), err
		}), http.StatusOK, http.StatusGone)
		same(t, "without what the link gave", guess(t, nodes[0], ada.email, ada.password, ""), 401)
		same(t, "with what the link gave", guess(t, nodes[0], ada.email, ada.password, won.DeviceToken), 200)
	})
}

// attack guesses from many sides at once, while the owner signs in from a known device.
func attack(t *testing.T, nodes []*node, ada *person, token string) {
	t.Helper()
	var wait sync.WaitGroup
	begin := make(chan struct{})
	for i := range 50 {
		wait.Go(func() {
			<-begin
			n := nodes[i%len(nodes)]
			if i == 25 {
				same(t, "the owner, during the attack", guess(t, n, ada.email, ada.password, token), 200)
				return
			}
			same(t, "a guess", guess(t, n, ada.email, fmt.Sprint("guess ", i), ""), 401)
		})
	}
	close(begin)
	wait.Wait()
	reasons := map[string]int{}
	for _, event := range ada.activity(nodes[0]) {
		if event.Action == "session.sign_in" && event.Outcome != "success" {
			reason, _ := event.Reason.Get()
			reasons[reason]++
		}
	}
	same(t, "what became of the guesses", fmt.Sprint(reasons), fmt.Sprint(map[string]int{
		"wrong_password": lockout.DefaultTries, "locked": 49 - lockout.DefaultTries,
	}))
}

// A lock of nobody's answers like one of somebody's, and a reset, or the operator, ends one.
func TestLocksEnd(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada, _ := s.known(t, n)
		for name, identifier := range map[string]string{"somebody": ada.email, "nobody": s.newPerson(t).email} {
			for i := range lockout.DefaultTries + 2 {
				problem := mustFail[*client.LoginResponse](t, client.ProblemCodeInvalidCredentials)(
					n.stranger().LoginWithResponse(t.Context(), client.LoginRequest{Identifier: identifier, Password: "wrong"}))
				left := max(0, lockout.DefaultTries-1-i)
				if problem.AttemptsLeft == nil || *problem.AttemptsLeft != left {
					t.Errorf("%s, try %d: %v left, want %d", name, i, problem.AttemptsLeft, left)
				}
			}
		}
		same(t, "the right password", guess(t, n, ada.email, ada.password, ""), 401)
		contains(t, s.ran(t, 0, "api", "accounts", "unlock", ada.email), "can sign in again")
		contains(t, s.ran(t, 1, "api", "accounts", "unlock", "nobody"), "there is no account")
		same(t, "after the operator", guess(t, n, ada.email, ada.password, ""), 200)
		for range lockout.DefaultTries {
			same(t, "a guess", guess(t, n, ada.email, "wrong", ""), 401)
		}
		ada.reset(n, "a wholly new phrase")
		same(t, "after a reset", guess(t, n, ada.email, "a wholly new phrase", ""), 200)
	}, "TELL_ATTEMPTS_LEFT", "true")
}

// Devices are listed, and forgotten by their owner alone; the owner hears of one that is new.
func TestDevices(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n, ctx := s.start(), t.Context()
		ada, token := s.known(t, n)
		s.await(t, ada.email, mail.KindNewDevice, 1)
		list := func() []client.Device {
			return must[*client.ListDevicesResponse](t, 200)(ada.at(n).ListDevicesWithResponse(ctx, nil)).JSON200.Items
		}
		devices := list()
		same(t, "devices", len(devices), 2)
		same(t, "the device of this session", [2]bool{devices[0].Current, devices[1].Current}, [2]bool{true, false})
		same(t, "a known device", guess(t, n, ada.email, ada.password, token), 200)
		bob := s.newPerson(t).signUp(n)
		mustFail[*client.ForgetDeviceResponse](t, client.ProblemCodeNotFound)(bob.at(n).ForgetDeviceWithResponse(ctx, devices[0].ID))
		must[*client.ForgetDeviceResponse](t, 204)(ada.at(n).ForgetDeviceWithResponse(ctx, devices[0].ID))
		same(t, "devices after one was forgotten", len(list()), 1)
		must[*client.ForgetDevicesResponse](t, 204)(ada.at(n).ForgetDevicesWithResponse(ctx))
		same(t, "devices after all were", len(list()), 0)
		ada.mustBeIn(n)
		same(t, "a forgotten device", guess(t, n, ada.email, ada.password, token), 200)
		s.await(t, ada.email, mail.KindNewDevice, 2)
	})
}
