//go:build bound

// Package revocationbound measures the promise that a revocation reaches every replica within 100 ms, or
// within 2 s when Valkey crashes, freezes or is cut off. It is a target of its own, because it measures time
// and starts servers to kill:
//
//	go test -tags bound -count=1 -v ./adapters/valkey/revocationbound
package revocationbound_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/valkey"
	"github.com/doorward/doorward/adapters/valkey/valkeytest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/session"
)

const (
	// healthy is the promise for 99 of 100 revocations.
	healthy = 100 * time.Millisecond
	// outage is the promise for all of them where Valkey is away.
	outage = 2 * time.Second
	// tries is how many revocations a distribution is made of.
	tries = 400
	// leftAfter is the age from which a worker takes a change to be left.
	leftAfter = 200 * time.Millisecond
)

// bench is two replicas over one primary.
type bench struct {
	primary      *valkeytest.Primary
	a, b         *valkey.Sessions
	linkA, linkB *valkey.Link
}

func replicas(t testing.TB, urlA, urlB string) *bench {
	t.Helper()
	prefix := valkeytest.Prefix()
	b := &bench{primary: valkeytest.NewPrimary()}
	b.a, b.linkA = valkeytest.Replica(t, valkey.Config{URL: urlA, Prefix: prefix}, b.primary, nil)
	b.b, b.linkB = valkeytest.Replica(t, valkey.Config{URL: urlB, Prefix: prefix}, b.primary, nil)
	valkeytest.Trusted(t, b.linkA, b.linkB)
	return b
}

// warm opens a session and uses it at the second replica until that has a local copy.
func (b *bench) warm(t testing.TB) session.Session {
	t.Helper()
	opened := b.primary.Open()
	valkeytest.Eventually(t, "the second replica has a copy", func() bool {
		before := b.primary.Reads()
		for range 3 {
			if !b.accepts(t, opened.ID) {
				t.Fatal("a living session is refused")
			}
		}
		return b.primary.Reads() == before
	})
	return opened
}

func (b *bench) accepts(t testing.TB, id core.ID) bool {
	found, err := b.b.Session(t.Context(), id)
	return err == nil && found.EndedAt.IsZero()
}

// refusal is how long after began the second replica refuses; no longer than limit is waited for it.
func (b *bench) refusal(t testing.TB, id core.ID, began time.Time, limit time.Duration) (took time.Duration, refused bool) {
	for {
		accepted := b.accepts(t, id)
		took = time.Since(began)
		if !accepted {
			return took, true
		}
		if took > limit {
			return took, false
		}
	}
}

// end ends a session, publishes that as a request does, and gives when the caller would be answered.
func (b *bench) end(t testing.TB, id core.ID) (core.Change, time.Time) {
	change := b.primary.End(id)
	b.publish(t, change)
	return change, time.Now()
}

// republish does what the journal's worker does that has just looked and comes back as late as it may, until
// the change is delivered or the test over.
func (b *bench) republish(t testing.TB, by *valkey.Sessions, change core.Change) {
	go func() {
		<-time.After(leftAfter)
		tick := time.NewTicker(session.RepublishInterval)
		defer tick.Stop()
		for <-tick.C; by.Publish(t.Context(), change) != nil; {
			select {
			case <-tick.C:
			case <-t.Context().Done():
				return
			}
		}
	}()
}

func report(t testing.TB, what string, took []time.Duration) (p99 time.Duration) {
	t.Helper()
	slices.Sort(took)
	p99 = took[len(took)*99/100]
	t.Logf("%s: %d tries, half within %v, 90 %% within %v, 99 %% within %v, all within %v",
		what, len(took), took[len(took)/2], took[len(took)*9/10], p99, took[len(took)-1])
	return p99
}

func TestHealthy(t *testing.T) { //nolint:paralleltest // measures time
	for name, url := range map[string]func() string{
		"single":   func() string { return start(t).url() },
		"cluster":  func() string { return startCluster(t)[0].url() },
		"sentinel": func() string { return sentinelURL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			at := url()
			b := replicas(t, at, at)
			var sessions, users, rights []time.Duration
			for range tries {
				opened := b.warm(t)
				_, began := b.end(t, opened.ID)
				took, refused := b.refusal(t, opened.ID, began, outage)
				if !refused {
					t.Errorf("accepted for %v after the revocation", took)
				}
				sessions = append(sessions, took)
				users = append(users, b.suspension(t))
				rights = append(rights, b.withdrawal(t, outage, b.publish))
			}
			if p99 := report(t, "sign-out", sessions); p99 > healthy {
				t.Errorf("99 %% of sign-outs within %v, promised are %v", p99, healthy)
			}
			if p99 := report(t, "suspension", users); p99 > healthy {
				t.Errorf("99 %% of suspensions within %v, promised are %v", p99, healthy)
			}
			if p99 := report(t, "change of rights", rights); p99 > healthy {
				t.Errorf("99 %% of changes of rights within %v, promised are %v", p99, healthy)
			}
		})
	}
}

// suspension is how long a suspension took to reach the second replica.
func (b *bench) suspension(t testing.TB) time.Duration {
	t.Helper()
	owner := b.primary.Open().UserID
	revision := func() int64 {
		found, err := b.b.User(t.Context(), owner)
		if err != nil {
			t.Fatal(err)
		}
		return found.Rev
	}
	for range 3 {
		revision()
	}
	change := b.primary.Suspend(owner)
	b.publish(t, change)
	began := time.Now()
	for revision() < change.Rev {
		if time.Since(began) > outage {
			t.Fatal("the suspension did not arrive")
		}
	}
	return time.Since(began)
}

// publish tells of a change as a request does.
func (b *bench) publish(t testing.TB, change core.Change) {
	ctx, cancel := context.WithTimeout(t.Context(), session.AnnounceTimeout)
	defer cancel()
	_ = b.a.Publish(ctx, change) // what could not be published is left to the journal
}

// withdrawal is how long the second replica let users read after a permission was taken from their role; no longer than
// limit is waited for it.
func (b *bench) withdrawal(t testing.TB, limit time.Duration, publish func(testing.TB, core.Change)) time.Duration {
	t.Helper()
	user := account.User{Roles: []string{account.RoleUser}}
	reads := func(least int64) bool {
		catalogue, err := b.b.Catalogue(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rights := catalogue.Rights(&user)
		return catalogue.Rev >= least && rights.Set.Has(access.UsersRead)
	}
	given := b.primary.Grant(access.UsersRead.Key())
	b.publish(t, given)
	valkeytest.Eventually(t, "the second replica has a copy with the permission", func() bool {
		before := b.primary.Reads()
		return reads(given.Rev) && reads(given.Rev) && b.primary.Reads() == before
	})
	publish(t, b.primary.Grant())
	began := time.Now()
	for reads(0) && time.Since(began) <= limit {
	}
	return time.Since(began)
}

// Without publishing the bound must not hold, or it would prove nothing.
func TestControl(t *testing.T) { //nolint:paralleltest // measures time
	url := start(t).url()
	b := replicas(t, url, url)
	for range 10 {
		opened := b.warm(t)
		b.primary.End(opened.ID)
		if took, refused := b.refusal(t, opened.ID, time.Now(), healthy); refused {
			t.Errorf("refused after %v though nothing was published", took)
		}
		if took := b.withdrawal(t, healthy, func(testing.TB, core.Change) {}); took <= healthy {
			t.Errorf("a permission was gone after %v though nothing was published", took)
		}
	}
}

func sentinelURL(t testing.TB) string {
	t.Helper()
	_, sentinel := startSentinel(t)
	return sentinel.url() + "/0?master=main"
}

// trial is one outage: begin takes Valkey away before the revocation, end brings it back.
type trial struct {
	bench      *bench
	begin, end func()
}

func TestOutage(t *testing.T) { //nolint:paralleltest // measures time
	for name, set := range map[string]func(t *testing.T) trial{
		"frozen": func(t *testing.T) trial {
			server := start(t)
			return trial{
				replicas(t, server.url(), server.url()), func() { server.freeze(t) }, func() { server.thaw(t) },
			}
		},
		"crashed": func(t *testing.T) trial {
			server := start(t)
			return trial{
				replicas(t, server.url(), server.url()), func() { server.kill(t) }, func() { server.restart(t) },
			}
		},
		"second replica cut off": func(t *testing.T) trial {
			server := start(t)
			proxy := valkeytest.NewProxy(t, server.address())
			return trial{replicas(t, server.url(), proxy.URL()), proxy.Cut, proxy.Mend}
		},
		"second replica in a black hole": func(t *testing.T) trial {
			server := start(t)
			proxy := valkeytest.NewProxy(t, server.address())
			return trial{replicas(t, server.url(), proxy.URL()), proxy.Freeze, proxy.Thaw}
		},
		"first replica in a black hole": func(t *testing.T) trial {
			server := start(t)
			proxy := valkeytest.NewProxy(t, server.address())
			return trial{replicas(t, proxy.URL(), server.url()), proxy.Freeze, proxy.Thaw}
		},
		"a cluster's node crashed": func(t *testing.T) trial {
			nodes := startCluster(t)
			url := "redis://" + nodes[1].address() + "," + nodes[2].address()
			return trial{replicas(t, url, url), func() { nodes[0].kill(t) }, func() { nodes[0].restart(t) }}
		},
		"a cluster's node frozen": func(t *testing.T) trial {
			nodes := startCluster(t)
			url := "redis://" + nodes[1].address() + "," + nodes[2].address()
			return trial{replicas(t, url, url), func() { nodes[0].freeze(t) }, func() { nodes[0].thaw(t) }}
		},
	} {
		t.Run(name, func(t *testing.T) {
			trial := set(t)
			var took []time.Duration
			for range 3 {
				took = append(took, trial.run(t)...)
			}
			report(t, name, took)
		})
	}
}

// run takes Valkey away, ends sessions at several moments after that, and follows them until it is back and
// trusted. Once refused, a session must stay refused.
func (o trial) run(t *testing.T) []time.Duration {
	b := o.bench
	var opened []session.Session
	for range 6 {
		opened = append(opened, b.warm(t))
	}
	var took []time.Duration
	o.begin()
	for i, one := range opened {
		<-time.After(time.Duration(i) * 80 * time.Millisecond)
		b.accepts(t, one.ID) // whatever the replica remembers, it remembers from now
		change, began := b.end(t, one.ID)
		b.republish(t, b.a, change)
		b.republish(t, b.b, change) // every replica has a worker
		after, refused := b.refusal(t, one.ID, began, outage)
		if !refused {
			t.Errorf("accepted for %v after the revocation", after)
		}
		took = append(took, after)
	}
	o.end()
	valkeytest.Eventually(t, "both replicas trust Valkey again", func() bool {
		for _, one := range opened {
			if b.accepts(t, one.ID) {
				t.Fatal("a session that was refused is accepted again")
			}
		}
		return !b.linkA.Status().Degraded && !b.linkB.Status().Degraded
	})
	for _, one := range opened {
		if b.accepts(t, one.ID) {
			t.Error("a session that was refused is accepted again")
		}
	}
	return took
}

// A failover may lose the newest writes; sessions that were refused before it stay so, as far as those go.
func TestFailover(t *testing.T) { //nolint:paralleltest // measures time
	primary, sentinel := startSentinel(t)
	url := sentinel.url() + "/0?master=main"
	b := replicas(t, url, url)
	before, after := b.warm(t), b.warm(t)
	_, began := b.end(t, before.ID)
	if took, refused := b.refusal(t, before.ID, began, outage); !refused {
		t.Errorf("accepted for %v", took)
	}
	primary.kill(t)
	change, began := b.end(t, after.ID)
	b.republish(t, b.a, change)
	took, refused := b.refusal(t, after.ID, began, outage)
	if !refused {
		t.Errorf("accepted for %v after the primary's end", took)
	}
	report(t, "failover", []time.Duration{took})
	valkeytest.Eventually(t, "the new primary is trusted", func() bool {
		if b.accepts(t, after.ID) || b.accepts(t, before.ID) {
			t.Fatal("a session that was refused is accepted again")
		}
		return !b.linkA.Status().Degraded && !b.linkB.Status().Degraded && b.linkB.Status().Reason == ""
	})
	b.warm(t)
}
