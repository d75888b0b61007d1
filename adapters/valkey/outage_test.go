package valkey_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/valkey"
	"github.com/doorward/doorward/adapters/valkey/valkeytest"
	"github.com/doorward/doorward/core"
)

func TestOutageEndsTrust(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]struct{ begin, end func(*valkeytest.Proxy) }{
		"frozen": {(*valkeytest.Proxy).Freeze, (*valkeytest.Proxy).Thaw},
		"cut":    {(*valkeytest.Proxy).Cut, (*valkeytest.Proxy).Mend},
		"slow": {
			func(p *valkeytest.Proxy) { p.Delay(time.Second) },
			func(p *valkeytest.Proxy) { p.Delay(0) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := replicas(t)
			opened, other := p.primary.Open(), p.primary.Open()
			warm(t, p.b, p.primary, opened.ID)
			outage.begin(p.proxy)

			change := p.primary.End(opened.ID)
			publish(t, p.a, change)
			refused(t, p.b, opened.ID)
			valkeytest.Eventually(t, "the link notices", func() bool { return p.linkB.Status().Degraded })
			if found, err := p.b.Session(t.Context(), other.ID); err != nil || found.ID != other.ID {
				t.Errorf("another session, meanwhile: %+v, %v", found, err)
			}
			outage.end(p.proxy)
			valkeytest.Eventually(t, "the link is trusted again", func() bool {
				found, err := p.b.Session(t.Context(), opened.ID)
				if err == nil && found.EndedAt.IsZero() {
					t.Fatal("the replica accepts the session again")
				}
				return !p.linkB.Status().Degraded
			})
			warm(t, p.b, p.primary, other.ID)
			refused(t, p.b, opened.ID)
		})
	}
}

// What could not be published is known to the replica itself, and to the others from their primary.
func TestPublishingWithoutValkey(t *testing.T) {
	t.Parallel()
	proxy := valkeytest.NewProxy(t, valkeytest.Address(t))
	primary := valkeytest.NewPrimary()
	config := valkey.Config{URL: proxy.URL(), Prefix: valkeytest.Prefix()}
	a, linkA := valkeytest.Replica(t, config, primary, nil)
	b, linkB := valkeytest.Replica(t, config, primary, nil)
	valkeytest.Trusted(t, linkA, linkB)
	opened := primary.Open()
	warm(t, a, primary, opened.ID)
	warm(t, b, primary, opened.ID)

	proxy.Freeze()
	change := primary.End(opened.ID)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := a.Publish(ctx, change); core.AsError(err).Kind != core.KindUnavailable {
		t.Errorf("publishing to a frozen Valkey: %v", err)
	}
	refused(t, a, opened.ID)
	refused(t, b, opened.ID)
	valkeytest.Eventually(t, "both links notice", func() bool {
		return linkA.Status().Degraded && linkB.Status().Degraded
	})
	if err := a.Publish(t.Context(), change); core.AsError(err).Kind != core.KindUnavailable {
		t.Errorf("publishing to a Valkey that is known to be away: %v", err)
	}

	proxy.Thaw()
	valkeytest.Eventually(t, "the change is published from the journal", func() bool {
		return a.Publish(t.Context(), change) == nil
	})
	valkeytest.Trusted(t, linkA, linkB)
	refused(t, a, opened.ID)
	refused(t, b, opened.ID)
}

// Valkey comes back with copies of before the outage, and with no knowledge of what happened meanwhile. Until
// the journal has told it, it is not trusted.
func TestReturningValkeyIsNotBelievedAtOnce(t *testing.T) {
	t.Parallel()
	proxy := valkeytest.NewProxy(t, valkeytest.Address(t))
	primary := valkeytest.NewPrimary()
	sessions, link := valkeytest.Replica(t, valkey.Config{URL: proxy.URL(), Prefix: valkeytest.Prefix()}, primary, nil)
	valkeytest.Trusted(t, link)
	opened := primary.Open()
	warm(t, sessions, primary, opened.ID)

	proxy.Cut()
	valkeytest.Eventually(t, "the link notices", func() bool { return link.Status().Degraded })
	change := primary.End(opened.ID) // by a replica that could not publish it
	refused(t, sessions, opened.ID)
	proxy.Mend()
	valkeytest.Eventually(t, "the link waits", func() bool {
		return strings.Contains(link.Status().Reason, "not trusted yet")
	})
	refused(t, sessions, opened.ID)
	publish(t, sessions, change)
	valkeytest.Trusted(t, link)
	refused(t, sessions, opened.ID)
}

// A connection that breaks takes with it the promise to tell of changes, also when it is replaced so soon that
// trust never ends.
func TestBrokenConnectionVoidsItsCopies(t *testing.T) {
	t.Parallel()
	p := replicas(t)
	for range 5 {
		opened := p.primary.Open()
		warm(t, p.b, p.primary, opened.ID)
		p.proxy.Cut()
		p.proxy.Mend()
		publish(t, p.a, p.primary.End(opened.ID))
		refused(t, p.b, opened.ID)
		valkeytest.Trusted(t, p.linkB)
	}
}

// After a gap in the heartbeat nothing local is used, also where the connection has outlived it.
func TestGapVoidsAllCopies(t *testing.T) {
	t.Parallel()
	proxy := valkeytest.NewProxy(t, valkeytest.Address(t))
	primary := valkeytest.NewPrimary()
	var seen counts
	config := valkey.Config{URL: proxy.URL(), Prefix: valkeytest.Prefix()}
	sessions, link := valkeytest.Replica(t, config, primary, &seen)
	valkeytest.Trusted(t, link)
	opened := primary.Open()
	valkeytest.Eventually(t, "there is a local copy", func() bool {
		_, err := sessions.Session(t.Context(), opened.ID)
		return err == nil && seen.hits.Load() > 0
	})
	proxy.Freeze()
	valkeytest.Eventually(t, "the link notices", func() bool { return link.Status().Degraded })
	proxy.Thaw()
	valkeytest.Trusted(t, link)
	before := seen.hits.Load()
	if _, err := sessions.Session(t.Context(), opened.ID); err != nil || seen.hits.Load() != before {
		t.Errorf("a copy of before the gap was used, %v", err)
	}
}

// While Valkey is away the primary is asked, and its answer remembered for a second: never after a change
// that this replica published itself.
func TestMemoryOfTheLastSecond(t *testing.T) {
	t.Parallel()
	proxy := valkeytest.NewProxy(t, valkeytest.Address(t))
	proxy.Cut()
	primary := valkeytest.NewPrimary()
	sessions, _ := valkeytest.Replica(t, valkey.Config{URL: proxy.URL(), Prefix: valkeytest.Prefix()}, primary, nil)
	opened := primary.Open()
	warm(t, sessions, primary, opened.ID)
	change := primary.End(opened.ID)
	if err := sessions.Publish(t.Context(), change); err == nil {
		t.Error("published to nobody")
	}
	if found, err := sessions.Session(t.Context(), opened.ID); err != nil || found.EndedAt.IsZero() {
		t.Errorf("it remembers what it took back itself: %+v, %v", found, err)
	}
	user := primary.Suspend(opened.UserID)
	valkeytest.Eventually(t, "the change of another replica is seen", func() bool {
		found, err := sessions.User(t.Context(), opened.UserID)
		return err == nil && found.Rev == user.Rev
	})
	if _, err := sessions.Session(t.Context(), core.ID{1}); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("missing: %v", err)
	}
}

// One lookup finds out that Valkey is slow, and the next ones do not wait for it, before trust has ended.
func TestOnlyTheFirstWaitsForASlowValkey(t *testing.T) {
	t.Parallel()
	proxy := valkeytest.NewProxy(t, valkeytest.Address(t))
	primary := valkeytest.NewPrimary()
	var seen counts
	config := valkey.Config{URL: proxy.URL(), Prefix: valkeytest.Prefix()}
	sessions, link := valkeytest.Replica(t, config, primary, &seen)
	valkeytest.Trusted(t, link)
	proxy.Freeze()
	if _, err := sessions.Session(t.Context(), primary.Open().ID); err != nil {
		t.Error(err)
	}
	before := seen.fallbacks.Load()
	for range 10 {
		if _, err := sessions.Session(t.Context(), primary.Open().ID); err != nil {
			t.Error(err)
		}
	}
	if fallbacks := seen.fallbacks.Load() - before; fallbacks != 10 {
		t.Errorf("%d of 10 lookups went straight to the primary", fallbacks)
	}
}

// Invalidations and heartbeats share a connection because there is only one.
func TestOneConnectionPerNode(t *testing.T) {
	t.Parallel()
	p := replicas(t)
	for range 50 {
		warm(t, p.b, p.primary, p.primary.Open().ID)
	}
	if connections := p.proxy.Connections(); connections != 1 {
		t.Errorf("%d connections", connections)
	}
}

// A copy that was held up on its way to Valkey comes too late to be written, whatever has become of the
// mark meanwhile.
func TestCopyThatComesLateIsNotWritten(t *testing.T) {
	t.Parallel()
	p := replicas(t)
	warm(t, p.b, p.primary, p.primary.Open().ID) // the server has the script
	opened := p.primary.Open()
	hold := p.primary.Hold(opened.ID)
	answered := make(chan error, 1)
	go func() {
		_, err := p.b.Session(t.Context(), opened.ID)
		answered <- err
	}()
	<-hold.Reached
	p.proxy.Freeze()
	close(hold.Release)
	if err := <-answered; err != nil {
		t.Error(err)
	}
	<-time.After(3100 * time.Millisecond) // the age at which a copy is refused
	p.proxy.Thaw()
	valkeytest.Trusted(t, p.linkB) // what was held up has arrived before this can be
	client := raw(t)
	change := core.Change{Subject: core.SubjectSession, ID: opened.ID}
	found, err := client.Do(t.Context(), client.B().Exists().Key(key(p.prefix, change)).Build()).AsInt64()
	if err != nil || found != 0 {
		t.Errorf("the late copy was written: %d, %v", found, err)
	}
}
