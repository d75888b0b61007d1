//go:build bound

package e2e_test

import (
	"crypto/rand"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/doorward/doorward/api/client"
)

// The promise: an access that one replica ends is refused by another within reach for 99 of 100.
const (
	reach      = 100 * time.Millisecond
	boundTries = 200
)

// ending ends the access of ada, who is in at both replicas, by a call to the first.
type ending struct {
	name string
	end  func(t *testing.T, ada *person, a *node)
}

func endings() []ending {
	return []ending{
		{"sign-out", func(t *testing.T, ada *person, a *node) {
			must[*client.LogoutResponse](t, 204)(ada.at(a).LogoutWithResponse(t.Context(), client.LogoutRequest{}))
		}},
		{"password change", func(t *testing.T, ada *person, a *node) {
			keeper := ada.another(a)
			must[*client.ChangePasswordResponse](t, 204)(keeper.at(a).ChangePasswordWithResponse(t.Context(),
				client.ChangePasswordRequest{CurrentPassword: ada.password, NewPassword: "pw " + rand.Text()}))
		}},
		{"deletion", func(t *testing.T, ada *person, a *node) {
			must[*client.DeleteMeResponse](t, 200)(ada.at(a).DeleteMeWithResponse(t.Context()))
		}},
	}
}

// distances gives how long after the first replica's answer the second went on letting people in, in rising
// order. None is waited for longer than patience.
func (e ending) distances(t *testing.T, s *site, a, b *node, tries int, patience time.Duration) []time.Duration {
	t.Helper()
	var all []time.Duration
	for range tries {
		ada := s.newPerson(t)
		reply := must[*client.RegisterResponse](t, http.StatusCreated)(
			a.stranger().RegisterWithResponse(t.Context(), ada.registration()))
		ada.keep(*reply.JSON201)
		for range 3 {
			ada.mustBeIn(b) // now it is in the second replica's own memory
		}
		e.end(t, ada, a)
		answered := time.Now()
		for ada.me(b) != http.StatusUnauthorized && time.Since(answered) < patience {
			time.Sleep(200 * time.Microsecond)
		}
		all = append(all, time.Since(answered))
	}
	slices.Sort(all)
	return all
}

func boundSite(t *testing.T) *site {
	t.Helper()
	return distributed(t, "REQUIRE_EMAIL_VERIFICATION", "false", "ENUMERATION_PROTECTION", "false", "LOG_LEVEL", "warn")
}

// TestEndsReachOtherReplicasInTime holds the bound over HTTP, through everything that a client sees.
func TestEndsReachOtherReplicasInTime(t *testing.T) {
	s := boundSite(t)
	a, b := s.start().trusted(), s.start().trusted()
	for _, e := range endings() {
		t.Run(e.name, func(t *testing.T) {
			all := e.distances(t, s, a, b, boundTries, time.Minute)
			p99 := all[len(all)*99/100-1]
			t.Logf("%d tries: median %v, p99 %v, longest %v", len(all), all[len(all)/2], p99, all[len(all)-1])
			if p99 > reach {
				t.Errorf("p99 is %v, promised are %v", p99, reach)
			}
		})
	}
}

// TestUntoldReplicaMissesTheBound is the control: a replica that listens elsewhere must break the bound, or
// the measurement measures nothing.
func TestUntoldReplicaMissesTheBound(t *testing.T) {
	s := boundSite(t)
	a, b := s.start().trusted(), s.start("VALKEY_PREFIX", rand.Text()).trusted()
	for _, e := range endings() {
		t.Run(e.name, func(t *testing.T) {
			all := e.distances(t, s, a, b, 5, 3*reach)
			if all[0] <= reach {
				t.Errorf("an untold replica refused after %v: the control is broken", all[0])
			}
		})
	}
}
