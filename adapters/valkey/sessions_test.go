package valkey_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	valkeygo "github.com/valkey-io/valkey-go"

	"github.com/doorward/doorward/adapters/valkey"
	"github.com/doorward/doorward/adapters/valkey/valkeytest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/session"
)

// warm looks a session up until a lookup is answered without the primary.
func warm(t testing.TB, sessions *valkey.Sessions, primary *valkeytest.Primary, id core.ID) {
	t.Helper()
	valkeytest.Eventually(t, "a lookup is answered from the cache", func() bool {
		before := primary.Reads()
		if _, err := sessions.Session(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		return primary.Reads() == before
	})
}

// refused waits until the replica refuses a session, and makes sure that it stays refused.
func refused(t testing.TB, sessions *valkey.Sessions, id core.ID) {
	t.Helper()
	ended := func() bool {
		found, err := sessions.Session(t.Context(), id)
		return err == nil && !found.EndedAt.IsZero()
	}
	valkeytest.Eventually(t, "the replica refuses the session", ended)
	for range 20 {
		if !ended() {
			t.Fatal("the replica accepts the session again")
		}
	}
}

// publish publishes until that succeeds, as the journal does.
func publish(t testing.TB, by *valkey.Sessions, changes ...core.Change) {
	t.Helper()
	if err := (persistent{t, by}).Publish(t.Context(), changes...); err != nil {
		t.Fatal(err)
	}
}

// raw is a plain client for looking into and tampering with what is stored.
func raw(t testing.TB) valkeygo.Client {
	t.Helper()
	client, err := valkeygo.NewClient(valkeygo.MustParseURL(valkeytest.URL(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

type pair struct {
	// steadyB is b as long as it is trusted.
	steadyB      steady
	a, b         *valkey.Sessions
	linkA, linkB *valkey.Link
	primary      *valkeytest.Primary
	// proxy stands before b alone.
	proxy  *valkeytest.Proxy
	prefix string
}

// replicas starts two over one primary and one Valkey.
func replicas(t testing.TB) pair {
	t.Helper()
	p := pair{
		primary: valkeytest.NewPrimary(), prefix: valkeytest.Prefix(),
		proxy: valkeytest.NewProxy(t, valkeytest.Address(t)),
	}
	p.a, p.linkA = valkeytest.Replica(t, valkey.Config{URL: valkeytest.URL(t), Prefix: p.prefix}, p.primary, nil)
	seen := new(counts)
	p.b, p.linkB = valkeytest.Replica(t, valkey.Config{URL: p.proxy.URL(), Prefix: p.prefix}, p.primary, seen)
	p.steadyB = steady{t, p.b, p.linkB, seen}
	valkeytest.Trusted(t, p.linkA, p.linkB)
	return p
}

func TestRevocationReachesTheOtherReplica(t *testing.T) {
	t.Parallel()
	p := replicas(t)
	var took []time.Duration
	for range 200 {
		opened := p.primary.Open()
		warm(t, p.b, p.primary, opened.ID)
		change := p.primary.End(opened.ID)
		publish(t, p.a, change)
		began := time.Now()
		refused(t, p.b, opened.ID)
		took = append(took, time.Since(began))
		refused(t, p.a, opened.ID)
	}
	slices.Sort(took)
	t.Logf("until the other replica refused: half within %v, 99 %% within %v, all within %v",
		took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
}

func TestSuspensionReachesTheOtherReplica(t *testing.T) {
	t.Parallel()
	p := replicas(t)
	opened := p.primary.Open()
	status := func(sessions *valkey.Sessions) account.Status {
		found, err := sessions.User(t.Context(), opened.UserID)
		if err != nil {
			t.Fatal(err)
		}
		return found.Status
	}
	if got := status(p.b); got != account.StatusActive {
		t.Fatalf("at first: %s", got)
	}
	publish(t, p.a, p.primary.Suspend(opened.UserID))
	valkeytest.Eventually(t, "the other replica knows of the suspension", func() bool {
		return status(p.b) == account.StatusSuspended
	})
}

func TestManyChangesArePublishedAtOnce(t *testing.T) {
	t.Parallel()
	p := replicas(t)
	var changes []core.Change
	for range 500 {
		opened := p.primary.Open()
		warm(t, p.b, p.primary, opened.ID)
		changes = append(changes, p.primary.End(opened.ID))
	}
	publish(t, p.a, changes...)
	for _, change := range changes {
		refused(t, p.b, change.ID)
	}
}

// On a busy machine Valkey may be too slow for a lookup, which then asks the primary; it must not be so always.
func TestColdSubjectCostsOneRead(t *testing.T) {
	t.Parallel()
	p := replicas(t)
	valkeytest.Eventually(t, "a cold session costs two replicas one read of the primary", func() bool {
		opened := p.primary.Open()
		before := p.primary.Reads()
		hold := p.primary.Hold(opened.ID)
		var asking sync.WaitGroup
		for range 100 {
			asking.Go(func() {
				if found, err := p.b.Session(t.Context(), opened.ID); err != nil || found.ID != opened.ID {
					t.Errorf("%+v, %v", found, err)
				}
			})
		}
		<-hold.Reached
		close(hold.Release)
		asking.Wait()
		if _, err := p.a.Session(t.Context(), opened.ID); err != nil {
			t.Error(err)
		}
		return p.primary.Reads() == before+1
	})
}

func TestStaleFillNeverWins(t *testing.T) {
	t.Parallel()
	p := replicas(t)
	for range 100 {
		opened := p.primary.Open()
		hold := p.primary.Hold(opened.ID)
		answer := make(chan session.Session, 1)
		go func() {
			found, err := p.steadyB.Session(t.Context(), opened.ID)
			if err != nil {
				t.Error(err)
			}
			answer <- found
		}()
		<-hold.Reached // it has seen the living session
		change := p.primary.End(opened.ID)
		publish(t, p.a, change)
		close(hold.Release)
		if found := <-answer; found.EndedAt.IsZero() {
			t.Fatal("a read that began before the revocation was answered with")
		}
		refused(t, p.a, opened.ID)
		refused(t, p.b, opened.ID)
	}
}

func TestOlderChangeUndoesNothing(t *testing.T) {
	t.Parallel()
	p := replicas(t)
	opened := p.primary.Open()
	older := core.Change{Subject: core.SubjectSession, ID: opened.ID, Rev: 1}
	newer := p.primary.End(opened.ID)
	for _, change := range []core.Change{newer, older} {
		publish(t, p.a, change)
	}
	refused(t, p.b, opened.ID)
	client := raw(t)
	held, err := client.Do(t.Context(), client.B().Get().Key(key(p.prefix, newer)).Build()).ToString()
	if err != nil || held[:19] != fmt.Sprintf("%019d", newer.Rev) {
		t.Errorf("it stands at %.19q, %v", held, err)
	}
}

func key(prefix string, change core.Change) string {
	return prefix + ":{" + string(change.Subject) + ":" + change.ID.String() + "}"
}

func TestNothingLivesLongerThanThirtySeconds(t *testing.T) {
	t.Parallel()
	p := replicas(t)
	opened := p.primary.Open()
	warm(t, p.b, p.primary, opened.ID)
	client := raw(t)
	ttl := func(change core.Change) time.Duration {
		left, err := client.Do(t.Context(), client.B().Pttl().Key(key(p.prefix, change)).Build()).AsInt64()
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(left) * time.Millisecond
	}
	copied := core.Change{Subject: core.SubjectSession, ID: opened.ID}
	if left := ttl(copied); left <= 0 || left > 27*time.Second {
		t.Errorf("a copy lives for %v more", left)
	}
	marked := core.Change{Subject: core.SubjectUser, ID: opened.UserID, Rev: 7}
	publish(t, p.a, marked)
	if left := ttl(marked); left <= 0 || left > 30*time.Second {
		t.Errorf("a mark lives for %v more", left)
	}
}

func TestWhatCannotBeReadIsAskedOfThePrimary(t *testing.T) {
	t.Parallel()
	p := replicas(t)
	client := raw(t)
	for name, stored := range map[string]string{
		"a body of another version": fmt.Sprintf("%019d", 1) + "\xff of a later version",
		"no revision":               "garbage",
		"a long one":                "this has nineteen bytes and more, but no revision",
	} {
		opened := p.primary.Open()
		change := core.Change{Subject: core.SubjectSession, ID: opened.ID}
		set := client.B().Set().Key(key(p.prefix, change)).Value(stored).Px(20 * time.Second).Build()
		if err := client.Do(t.Context(), set).Error(); err != nil {
			t.Fatal(err)
		}
		if found, err := p.b.Session(t.Context(), opened.ID); err != nil || found.ID != opened.ID {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
		kept, err := client.Do(t.Context(), client.B().Get().Key(key(p.prefix, change)).Build()).ToString()
		if err != nil || kept != stored {
			t.Errorf("%s: it was replaced by %q, %v", name, kept, err)
		}
	}
}

func TestMissingSubjectIsNotFound(t *testing.T) {
	t.Parallel()
	p := replicas(t)
	id := core.NewIDs(core.ClockFunc(time.Now)).New()
	for range 3 {
		if _, err := p.b.Session(t.Context(), id); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("session: %v", err)
		}
		if _, err := p.b.User(t.Context(), id); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("user: %v", err)
		}
	}
}

func TestCallerMayGiveUp(t *testing.T) {
	t.Parallel()
	p := replicas(t)
	opened := p.primary.Open()
	hold := p.primary.Hold(opened.ID)
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := p.b.Session(ctx, opened.ID)
		gone <- err
	}()
	<-hold.Reached
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("the caller got %v", err)
	}
	close(hold.Release)
	warm(t, p.b, p.primary, opened.ID)
}

type counts struct{ hits, misses, fallbacks atomic.Int64 }

func (c *counts) LookedUp(_ core.Subject, result string) {
	switch result {
	case valkey.ResultHit:
		c.hits.Add(1)
	case valkey.ResultMiss:
		c.misses.Add(1)
	case valkey.ResultFallback:
		c.fallbacks.Add(1)
	}
}

func TestLookupsAreCounted(t *testing.T) {
	t.Parallel()
	proxy := valkeytest.NewProxy(t, valkeytest.Address(t))
	proxy.Cut()
	primary := valkeytest.NewPrimary()
	opened := primary.Open()
	var seen counts
	config := valkey.Config{URL: proxy.URL(), Prefix: valkeytest.Prefix()}
	sessions, link := valkeytest.Replica(t, config, primary, &seen)
	look := func() {
		if _, err := sessions.Session(t.Context(), opened.ID); err != nil {
			t.Fatal(err)
		}
	}
	look()
	if seen.fallbacks.Load() != 1 {
		t.Error("a lookup without Valkey was not counted as such")
	}
	proxy.Mend()
	valkeytest.Trusted(t, link)
	valkeytest.Eventually(t, "misses and hits are counted", func() bool {
		look()
		return seen.misses.Load() > 0 && seen.hits.Load() > 0
	})
}
