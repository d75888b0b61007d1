package e2e_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// keeper is an honest client with one store of its newest refresh token. It has one refresh in flight, loses
// replies, and repeats what got none.
type keeper struct {
	t    *testing.T
	dice *rand.Rand
	http *http.Client
	held client.Tokens
}

// refresh makes one refresh at the server; it reports whether a reply came. With lose the reply is thrown
// away at a random moment, before or after the server has done its work.
func (k *keeper) refresh(address string, lose bool) bool {
	ctx, cancel := context.WithTimeout(k.t.Context(), patience)
	defer cancel()
	if lose {
		limit := time.Duration(k.dice.Int64N(int64(8 * time.Millisecond)))
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	at, err := client.NewClientWithResponses(address, client.WithHTTPClient(k.http))
	if err != nil {
		k.t.Fatal(err)
	}
	reply, err := at.RefreshWithResponse(ctx, client.RefreshRequest{RefreshToken: k.held.RefreshToken})
	switch {
	case err != nil:
		return false
	case reply.StatusCode() >= http.StatusInternalServerError:
		return false
	case reply.JSON200 == nil:
		k.t.Errorf("an honest client was refused: %v", client.Failure(reply))
		return true
	case lose:
		return false // it came, and the client lost it on its way into the store
	}
	k.held = reply.JSON200.Tokens
	return true
}

// Random histories over two replicas, one of which is killed again and again: an honest client is never
// signed out, whatever replies are lost, and a token older than the previous one ends the session.
func TestHonestClientsStayIn(t *testing.T) {
	t.Parallel()
	const grace = 2 * time.Second
	s := distributed(t, "REFRESH_GRACE", grace.String())
	steady, shaken := s.start(), s.spawn()
	var mu sync.Mutex
	addresses := []string{steady.address, shaken.address}
	anywhere := func(dice *rand.Rand) string {
		mu.Lock()
		defer mu.Unlock()
		return addresses[dice.IntN(len(addresses))]
	}
	const people = 6
	var (
		clients sync.WaitGroup
		robbed  = make([]*person, people)
		loot    = make([]string, people)
	)
	for seed := range uint64(people) {
		ada := s.newPerson(t).signUp(steady)
		clients.Go(func() {
			k := &keeper{t: t, dice: rand.New(rand.NewPCG(seed, 1)), http: &http.Client{}, held: ada.held()}
			history := []string{k.held.RefreshToken}
			for range 8 {
				for !k.refresh(anywhere(k.dice), k.dice.IntN(3) == 0) {
					time.Sleep(time.Duration(k.dice.IntN(50)) * time.Millisecond) // a client's own pause
				}
				if last := history[len(history)-1]; last != k.held.RefreshToken {
					history = append(history, k.held.RefreshToken)
				}
				// Within the grace or beyond it, so that both halves of the rule are met.
				time.Sleep(time.Duration(k.dice.Int64N(int64(grace) * 3 / 2)))
			}
			if len(history) < 4 {
				t.Errorf("only %d tokens in a history", len(history))
			}
			robbed[seed], loot[seed] = ada, history[0]
		})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		clients.Wait()
	}()
	for shaking := true; shaking; {
		select {
		case <-done:
			shaking = false
		case <-time.After(2 * time.Second):
			shaken.kill()
			shaken = s.spawn()
			mu.Lock()
			addresses[1] = shaken.address
			mu.Unlock()
		}
	}
	// Now that nobody is killed any more, who would keep the letter that it was about to send for a while.
	for i, ada := range robbed {
		ada.steal(steady, loot[i])
	}
}

// steal presents a token that is older than the previous one: the session ends and its owner hears of it.
func (p *person) steal(n *node, token string) {
	p.t.Helper()
	mustFail[*client.RefreshResponse](p.t, client.ProblemCodeRefreshTokenReused)(n.stranger().RefreshWithResponse(p.t.Context(),
		client.RefreshRequest{RefreshToken: token}))
	p.mustBeOut(n)
	p.site.await(p.t, p.email, mail.KindSessionStolen, 1)
}

// However many clients present one token at once, over two replicas, all get one and the same successor.
func TestRacingRefreshesGetOneSuccessor(t *testing.T) {
	t.Parallel()
	s := distributed(t)
	nodes := []*node{s.start(), s.start()}
	ada := s.newPerson(t).signUp(nodes[0])
	const racers = 50
	successors := make(chan string, racers)
	var wait sync.WaitGroup
	for i := range racers {
		wait.Go(func() {
			reply, err := nodes[i%2].stranger().RefreshWithResponse(t.Context(), client.RefreshRequest{RefreshToken: ada.held().RefreshToken})
			if err != nil || reply.JSON200 == nil {
				t.Errorf("refused: %v", errors.Join(err, client.Failure(reply)))
				return
			}
			successors <- reply.JSON200.Tokens.RefreshToken
		})
	}
	wait.Wait()
	close(successors)
	distinct := map[string]bool{}
	for token := range successors {
		distinct[token] = true
	}
	same(t, "successors", len(distinct), 1)
}
