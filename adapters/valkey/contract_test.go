package valkey_test

import (
	"context"
	"flag"
	"sync/atomic"
	"testing"
	"time"

	valkeygo "github.com/valkey-io/valkey-go"

	"github.com/doorward/doorward/adapters/valkey"
	"github.com/doorward/doorward/adapters/valkey/valkeytest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/session/sessiontest"
)

// TestMain runs more tests at once than there are processors, unless told otherwise: they wait rather than
// compute.
func TestMain(m *testing.M) {
	flag.Parse()
	told := false
	flag.Visit(func(f *flag.Flag) { told = told || f.Name == "test.parallel" })
	if !told {
		if err := flag.Set("test.parallel", "16"); err != nil {
			panic(err)
		}
	}
	m.Run()
}

func TestSessionsKeepTheContract(t *testing.T) {
	t.Parallel()
	sessiontest.Cache(t, func(t *testing.T, primary sessiontest.Lookups) sessiontest.Caches {
		watched := newWatched(primary)
		config := valkey.Config{URL: valkeytest.URL(t), Prefix: valkeytest.Prefix()}
		var caches sessiontest.Caches
		var links []*valkey.Link
		for range 3 {
			seen := new(counts)
			sessions, link := valkeytest.Replica(t, config, watched, seen)
			links = append(links, link)
			caches.Replicas = append(caches.Replicas, sessiontest.Replica{
				Lookups: steady{t, sessions, link, seen}, Publisher: persistent{t, sessions},
			})
		}
		valkeytest.Trusted(t, links...)
		client := raw(t)
		caches.Expire = func() { watched.expire(t, client, config.Prefix, caches.Replicas) }
		return caches
	})
}

// steady looks up while Valkey is trusted. On a busy machine a heartbeat may be late; what is answered without
// Valkey then promises less, and is asked for again.
type steady struct {
	t      testing.TB
	lookup sessiontest.Lookups
	link   *valkey.Link
	seen   *counts
}

// Session implements session.Lookup.
func (s steady) Session(ctx context.Context, id core.ID) (session.Session, error) {
	return steadily(s, func() (session.Session, error) { return s.lookup.Session(ctx, id) })
}

// User implements session.Lookup.
func (s steady) User(ctx context.Context, id core.ID) (account.User, error) {
	return steadily(s, func() (account.User, error) { return s.lookup.User(ctx, id) })
}

// Catalogue implements access.Lookup.
func (s steady) Catalogue(ctx context.Context) (*access.Catalogue, error) {
	return steadily(s, func() (*access.Catalogue, error) { return s.lookup.Catalogue(ctx) })
}

func steadily[T any](s steady, look func() (T, error)) (T, error) {
	for {
		before := s.seen.fallbacks.Load()
		found, err := look()
		if s.seen.fallbacks.Load() == before {
			return found, err
		}
		valkeytest.Trusted(s.t, s.link)
	}
}

// persistent publishes until that succeeds, as the journal does.
type persistent struct {
	t         testing.TB
	publisher session.Publisher
}

// Publish implements session.Publisher.
func (p persistent) Publish(ctx context.Context, changes ...core.Change) error {
	var err error
	valkeytest.Eventually(p.t, "the changes are published", func() bool {
		err = p.publisher.Publish(ctx, changes...)
		return err == nil || core.AsError(err).Kind != core.KindUnavailable
	})
	return err
}

// The same promises hold as long as Valkey has never been there, but for those between replicas.
func TestSessionsKeepTheContractWithoutValkey(t *testing.T) {
	t.Parallel()
	sessiontest.Cache(t, func(t *testing.T, primary sessiontest.Lookups) sessiontest.Caches {
		proxy := valkeytest.NewProxy(t, valkeytest.Address(t))
		proxy.Cut()
		sessions, _ := valkeytest.Replica(t, valkey.Config{URL: proxy.URL(), Prefix: "none"}, primary, nil)
		return sessiontest.Caches{
			Replicas: []sessiontest.Replica{{Lookups: sessions, Publisher: unheard{sessions}}},
			Expire:   func() { <-time.After(time.Second) },
		}
	})
}

// unheard takes it for granted that nobody else is told.
type unheard struct{ session.Publisher }

func (u unheard) Publish(ctx context.Context, changes ...core.Change) error {
	err := u.Publisher.Publish(ctx, changes...)
	if core.AsError(err).Kind == core.KindUnavailable {
		return nil
	}
	return err
}

// watched is a primary with one session more, by which a test sees that a replica has dropped its copies.
type watched struct {
	sessiontest.Lookups
	id    core.ID
	reads atomic.Int64
}

func newWatched(primary sessiontest.Lookups) *watched {
	return &watched{Lookups: primary, id: core.NewIDs(core.ClockFunc(time.Now)).New()}
}

// Session implements session.Lookup.
func (w *watched) Session(ctx context.Context, id core.ID) (session.Session, error) {
	if id != w.id {
		return w.Lookups.Session(ctx, id)
	}
	w.reads.Add(1)
	return session.Session{ID: id, Rev: 1}, nil
}

// expire does to every key what their time-to-live does. Replicas are told in order: the watched session's
// key goes last, so that who has dropped its copy has dropped all.
func (w *watched) expire(t testing.TB, client valkeygo.Client, prefix string, replicas []sessiontest.Replica) {
	t.Helper()
	watchedKey := key(prefix, core.Change{Subject: core.SubjectSession, ID: w.id})
	for _, replica := range replicas {
		warmWatched(t, w, replica)
		for _, name := range append(without(keys(t, client, prefix), watchedKey), watchedKey) {
			if err := client.Do(t.Context(), client.B().Del().Key(name).Build()).Error(); err != nil {
				t.Fatal(err)
			}
		}
		valkeytest.Eventually(t, "a replica drops its copies", func() bool {
			before := w.reads.Load()
			if _, err := replica.Session(t.Context(), w.id); err != nil {
				t.Fatal(err)
			}
			return w.reads.Load() > before
		})
	}
}

func warmWatched(t testing.TB, w *watched, replica sessiontest.Replica) {
	t.Helper()
	valkeytest.Eventually(t, "a replica has a copy", func() bool {
		for range 3 { // the last of them is answered from a local copy, were it not dropped meanwhile
			before := w.reads.Load()
			if _, err := replica.Session(t.Context(), w.id); err != nil {
				t.Fatal(err)
			}
			if w.reads.Load() > before {
				return false
			}
		}
		return true
	})
}

func keys(t testing.TB, client valkeygo.Client, prefix string) []string {
	t.Helper()
	var found []string
	for cursor := uint64(0); ; {
		page, err := client.Do(t.Context(),
			client.B().Scan().Cursor(cursor).Match(prefix+"*").Count(1000).Build()).AsScanEntry()
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, page.Elements...)
		if cursor = page.Cursor; cursor == 0 {
			return found
		}
	}
}

func without(all []string, name string) []string {
	kept := all[:0]
	for _, one := range all {
		if one != name {
			kept = append(kept, one)
		}
	}
	return kept
}
