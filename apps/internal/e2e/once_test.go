package e2e_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// tries is how many clients use one code or link at once.
const tries = 20

// race calls use from many sides at once and gives how often each status was answered.
func race(t *testing.T, use func() (int, error)) map[int]int {
	t.Helper()
	var (
		wait     sync.WaitGroup
		mu       sync.Mutex
		statuses = map[int]int{}
		begin    = make(chan struct{})
	)
	for range tries {
		wait.Go(func() {
			<-begin
			status, err := use()
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	close(begin)
	wait.Wait()
	return statuses
}

func exactlyOne(t *testing.T, what string, statuses map[int]int, good, bad int) {
	t.Helper()
	if statuses[good] != 1 || statuses[bad] != tries-1 {
		t.Errorf("%s: %v, want one %d and %d times %d", what, statuses, good, tries-1, bad)
	}
}

// Every code and every link is good once, however many use it at the same moment and wherever. A code
// takes five tries, right ones among them, so that of twenty at once the others are refused all the same.
func TestEachIsGoodOnce(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		nodes := []*node{s.start()}
		if s.variables["VALKEY_URL"] != "" {
			nodes = append(nodes, s.start())
		}
		var mu sync.Mutex
		turn := 0
		anywhere := func() *client.ClientWithResponses {
			mu.Lock()
			defer mu.Unlock()
			turn++
			return nodes[turn%len(nodes)].stranger()
		}
		t.Run("registration code", func(t *testing.T) {
			ada := s.newPerson(t)
			id := ada.register(nodes[0])
			body := client.ByCode(id, s.await(t, ada.email, mail.KindRegistration, 1).code)
			exactlyOne(t, "code", race(t, func() (int, error) {
				reply, err := anywhere().VerifyEmailWithResponse(t.Context(), body)
				return reply.StatusCode(), err
			}), http.StatusOK, http.StatusBadRequest)
		})
		t.Run("registration link", func(t *testing.T) {
			ada := s.newPerson(t)
			ada.register(nodes[0])
			body := client.ByLink(s.await(t, ada.email, mail.KindRegistration, 1).token)
			exactlyOne(t, "link", race(t, func() (int, error) {
				reply, err := anywhere().VerifyEmailWithResponse(t.Context(), body)
				return reply.StatusCode(), err
			}), http.StatusOK, http.StatusGone)
		})
		ada := s.newPerson(t).signUp(nodes[0])
		t.Run("reset code", func(t *testing.T) {
			started := must[*client.ForgotPasswordResponse](t, 202)(anywhere().ForgotPasswordWithResponse(t.Context(),
				client.ForgotPasswordRequest{Identifier: ada.email})).JSON202
			body := client.ResetWithCode(started.Verification.ID, s.await(t, ada.email, mail.KindPasswordReset, 1).code, "a wholly new phrase")
			exactlyOne(t, "code", race(t, func() (int, error) {
				reply, err := anywhere().ResetPasswordWithResponse(t.Context(), body)
				return reply.StatusCode(), err
			}), http.StatusNoContent, http.StatusBadRequest)
		})
		t.Run("reset link", func(t *testing.T) {
			must[*client.ForgotPasswordResponse](t, 202)(anywhere().ForgotPasswordWithResponse(t.Context(), client.ForgotPasswordRequest{Identifier: ada.email}))
			body := client.ResetWithLink(s.await(t, ada.email, mail.KindPasswordReset, 2).token, "yet another phrase")
			exactlyOne(t, "link", race(t, func() (int, error) {
				reply, err := anywhere().ResetPasswordWithResponse(t.Context(), body)
				return reply.StatusCode(), err
			}), http.StatusNoContent, http.StatusGone)
			ada.password = "yet another phrase"
		})
		t.Run("restore link", func(t *testing.T) {
			ada.login(nodes[0])
			must[*client.DeleteMeResponse](t, 200)(ada.at(nodes[0]).DeleteMeWithResponse(t.Context()))
			body := client.LinkRequest{Token: s.await(t, ada.email, mail.KindDeleted, 1).token}
			exactlyOne(t, "link", race(t, func() (int, error) {
				reply, err := anywhere().RestoreAccountWithResponse(t.Context(), body)
				return reply.StatusCode(), err
			}), http.StatusNoContent, http.StatusGone)
		})
		t.Run("email change code and undo link", func(t *testing.T) {
			ada.login(nodes[0])
			old, fresh := ada.email, s.newPerson(t).email
			started := must[*client.ChangeEmailResponse](t, 202)(ada.at(nodes[0]).ChangeEmailWithResponse(t.Context(),
				client.ChangeEmailRequest{Email: fresh})).JSON202
			proof := client.CodeProof{VerificationID: started.Verification.ID, Code: s.await(t, fresh, mail.KindEmailChange, 1).code}
			exactlyOne(t, "code", race(t, func() (int, error) {
				reply, err := ada.at(nodes[0]).VerifyEmailChangeWithResponse(t.Context(), proof)
				return reply.StatusCode(), err
			}), http.StatusOK, http.StatusBadRequest)
			undo := client.LinkRequest{Token: s.await(t, old, mail.KindEmailChanged, 1).token}
			exactlyOne(t, "link", race(t, func() (int, error) {
				reply, err := anywhere().UndoEmailChangeWithResponse(t.Context(), undo)
				return reply.StatusCode(), err
			}), http.StatusNoContent, http.StatusGone)
		})
	})
}

// Of many registrations and proofs of one username at once one account has it.
func TestUsernameIsClaimedOnce(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		name := s.newPerson(t).username
		const people = 5
		var wait sync.WaitGroup
		had := make(chan string, people)
		for range people {
			p := s.newPerson(t)
			p.username = name
			wait.Go(func() {
				p.signUp(n)
				reply := must[*client.GetMeResponse](t, 200)(p.at(n).GetMeWithResponse(t.Context()))
				if got, err := reply.JSON200.User.Username.Get(); err == nil {
					had <- got
				}
			})
		}
		wait.Wait()
		same(t, "accounts of that name", len(had), 1)
	})
}
