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
		ada := s.newcomer(t, a)
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

// newcomer registers at a site that lets people in at once.
func (s *site) newcomer(t *testing.T, n *node) *person {
	t.Helper()
	ada := s.newPerson(t)
	reply := must[*client.RegisterResponse](t, http.StatusCreated)(
		n.stranger().RegisterWithResponse(t.Context(), ada.registration()))
	ada.keep(*reply.JSON201)
	return ada
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

// withdrawal gives somebody a permission at the first replica, and takes it.
type withdrawal struct {
	name       string
	give, take func(t *testing.T, owner, ada *person, a *node)
}

// withdrawals take the permission with its role, and from the role.
func withdrawals(t *testing.T, owner *person, a *node) []withdrawal {
	t.Helper()
	role := must[*client.CreateRoleResponse](t, 201)(owner.at(a).CreateRoleWithResponse(t.Context(), nil,
		client.CreateRoleRequest{Name: "READER", Permissions: []string{"access.read"}})).JSON201
	holds := func(permissions ...string) func(t *testing.T, owner, ada *person, a *node) {
		permissions = append([]string{}, permissions...)
		return func(t *testing.T, owner, ada *person, a *node) {
			owner.give(a, ada, "USER", role.Name)
			must[*client.UpdateRoleResponse](t, 200)(owner.at(a).UpdateRoleWithResponse(t.Context(), role.ID,
				client.UpdateRoleRequest{Permissions: &permissions}))
		}
	}
	return []withdrawal{
		{"the role of a person", holds("access.read"), func(_ *testing.T, owner, ada *person, a *node) { owner.give(a, ada, "USER") }},
		{"a permission of a role", holds("access.read"), holds()},
	}
}

// distances gives how long after the first replica's answer the second went on letting ada read, in rising order. None
// is waited for longer than patience.
func (w withdrawal) distances(t *testing.T, owner, ada *person, a, b *node, tries int, patience time.Duration) []time.Duration {
	t.Helper()
	reads := func() bool {
		reply, err := ada.at(b).ListRolesWithResponse(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return reply.StatusCode() == http.StatusOK
	}
	var all []time.Duration
	for range tries {
		w.give(t, owner, ada, a)
		for in := 0; in < 3; { // now it is in the second replica's own memory
			if in++; !reads() {
				in = 0
			}
		}
		w.take(t, owner, ada, a)
		answered := time.Now()
		for reads() && time.Since(answered) < patience {
			time.Sleep(200 * time.Microsecond)
		}
		all = append(all, time.Since(answered))
	}
	slices.Sort(all)
	return all
}

// TestRightsReachOtherReplicasInTime holds the same bound for a permission that is taken.
func TestRightsReachOtherReplicasInTime(t *testing.T) {
	s := boundSite(t)
	owner := s.crown(t)
	a, b := s.start().trusted(), s.start().trusted()
	owner.login(a)
	ada := s.newcomer(t, a)
	for _, w := range withdrawals(t, owner, a) {
		t.Run(w.name, func(t *testing.T) {
			all := w.distances(t, owner, ada, a, b, boundTries, time.Minute)
			p99 := all[len(all)*99/100-1]
			t.Logf("%d tries: median %v, p99 %v, longest %v", len(all), all[len(all)/2], p99, all[len(all)-1])
			if p99 > reach {
				t.Errorf("p99 is %v, promised are %v", p99, reach)
			}
		})
	}
}

// TestUntoldReplicaMissesTheBoundOfRights is its control, as TestUntoldReplicaMissesTheBound.
func TestUntoldReplicaMissesTheBoundOfRights(t *testing.T) {
	s := boundSite(t)
	owner := s.crown(t)
	a, b := s.start().trusted(), s.start("VALKEY_PREFIX", rand.Text()).trusted()
	owner.login(a)
	for _, w := range withdrawals(t, owner, a) {
		t.Run(w.name, func(t *testing.T) {
			all := w.distances(t, owner, s.newcomer(t, a), a, b, 1, 3*reach)
			if all[0] <= reach {
				t.Errorf("an untold replica refused after %v: the control is broken", all[0])
			}
		})
	}
}
