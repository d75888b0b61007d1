package token_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/token"
	"github.com/doorward/doorward/core/token/tokentest"
)

// site is what the replicas of one deployment share.
type site struct {
	db    *coretest.Database
	store token.KeyStore
	clock *coretest.Clock
	ids   *core.IDs
}

func newSite() *site {
	db, clock := coretest.NewDatabase(), coretest.NewClock()
	return &site{db: db, store: tokentest.NewKeyStore(db), clock: clock, ids: core.NewIDs(clock)}
}

func (s *site) replica(t testing.TB, master string, config token.RingConfig) *token.Ring {
	t.Helper()
	keys, err := secret.ParseRing(master)
	if err != nil {
		t.Fatal(err)
	}
	return token.NewRing(token.RingDeps{
		Store: s.store, Tx: s.db, Master: keys, Clock: s.clock, IDs: s.ids, Log: core.Discard(),
	}, config)
}

func (s *site) loaded(t testing.TB, config token.RingConfig) *token.Ring {
	t.Helper()
	ring := s.replica(t, masterA, config)
	if err := ring.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return ring
}

// Two rings of master keys with nothing in common.
var (
	masterA = "a:" + strings.Repeat("A", 43) + "="
	masterB = "b:" + strings.Repeat("A", 42) + "E="
)

func active(t testing.TB, ring *token.Ring) token.Key {
	t.Helper()
	key, err := ring.Active()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestLoadMakesTheFirstKeyOnce(t *testing.T) {
	t.Parallel()
	site := newSite()
	rings := make([]*token.Ring, 50)
	var group sync.WaitGroup
	for i := range rings {
		rings[i] = site.replica(t, masterA, token.RingConfig{})
		group.Go(func() {
			if err := rings[i].Load(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, ring := range rings {
		if active(t, ring).ID != active(t, rings[0]).ID || len(ring.Published()) != 1 {
			t.Fatal("two replicas sign with different keys")
		}
	}
	if key := active(t, rings[0]); key.Algorithm != token.ES256 {
		t.Errorf("the key is made for %s", key.Algorithm)
	}
}

func TestEveryAlgorithm(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ES256", "EdDSA", "RS256"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			algorithm, err := token.ParseAlgorithm(name)
			if err != nil {
				t.Fatal(err)
			}
			site := newSite()
			first := active(t, site.loaded(t, token.RingConfig{Algorithm: algorithm}))
			second := active(t, site.loaded(t, token.RingConfig{}))
			if first.Algorithm != algorithm || second.ID != first.ID || second.Algorithm != algorithm {
				t.Errorf("made %s, read back %s", first.Algorithm, second.Algorithm)
			}
		})
	}
	for _, name := range []string{"", "none", "HS256", "es256", "ES384"} {
		if _, err := token.ParseAlgorithm(name); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}

func TestEpochRisesWhenAKeyHasGone(t *testing.T) {
	t.Parallel()
	site := newSite()
	ring := site.loaded(t, token.RingConfig{})
	before := ring.Epoch()
	if _, err := ring.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ring.Epoch() != before {
		t.Error("a new key began an epoch")
	}
	site.clock.Advance(time.Hour)
	if swept := site.db.Expiry("signing_keys")(site.clock.Now(), 10, true); swept != 1 {
		t.Fatalf("%d keys swept", swept)
	}
	if err := ring.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ring.Epoch() == before {
		t.Error("no new epoch")
	}
}

// Without the master key that sealed them the keys still verify, nothing signs, and a rotation repairs it
// at once.
func TestMasterKeyGone(t *testing.T) {
	t.Parallel()
	site := newSite()
	old := active(t, site.loaded(t, token.RingConfig{}))
	ring := site.replica(t, masterB, token.RingConfig{})
	if err := ring.Load(t.Context()); core.AsError(err).Kind != core.KindUnavailable {
		t.Fatalf("got %v", err)
	}
	wantStates(t, ring, token.KeySealed)
	if _, known := ring.Find(old.ID); !known {
		t.Error("the old key does not verify any more")
	}
	fresh, err := ring.Rotate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if fresh.State != token.KeySigning || active(t, ring).ID != fresh.ID {
		t.Errorf("the new key is %s", fresh.State)
	}
}

func TestUnusableRecordsAreLeftOut(t *testing.T) {
	t.Parallel()
	site := newSite()
	ring := site.loaded(t, token.RingConfig{})
	records, err := site.store.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := newSite()
	other.loaded(t, token.RingConfig{})
	foreign, err := other.store.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*token.KeyRecord){
		"public half damaged":  func(r *token.KeyRecord) { r.Public = []byte("x") },
		"another algorithm":    func(r *token.KeyRecord) { r.Algorithm = token.RS256 },
		"another's private":    func(r *token.KeyRecord) { r.Sealed = foreign[0].Sealed },
		"another's public":     func(r *token.KeyRecord) { r.Public = foreign[0].Public },
		"sealed half damaged":  func(r *token.KeyRecord) { r.Sealed = r.Sealed[:8] },
		"moved to another kid": func(*token.KeyRecord) {},
	} {
		record := records[0]
		change(&record)
		record.ID = "other: " + name
		record.ActiveFrom = record.ActiveFrom.Add(time.Microsecond) // would sign, were it good
		if err := site.store.AddKey(t.Context(), record, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := ring.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := active(t, ring).ID; got != records[0].ID {
		t.Errorf("%q signs", got)
	}
	for _, name := range []string{"public half damaged", "another algorithm"} {
		if _, known := ring.Find("other: " + name); known {
			t.Errorf("%s: published", name)
		}
	}
}

func TestMissedIsBounded(t *testing.T) {
	t.Parallel()
	site := newSite()
	ring := site.loaded(t, token.RingConfig{})
	missed := func() bool {
		for range 20 {
			if _, known := ring.Find("unknown"); known {
				t.Fatal("an unknown key is found")
			}
		}
		select {
		case <-ring.Missed():
			return true
		default:
			return false
		}
	}
	if !missed() {
		t.Error("the first unknown key is not told")
	}
	if missed() {
		t.Error("told twice at once")
	}
	site.clock.Advance(10 * time.Second)
	if !missed() {
		t.Error("not told again after ten seconds")
	}
}

// away is a key store that cannot be reached.
type away struct{ token.KeyStore }

func (away) Keys(context.Context) ([]token.KeyRecord, error) {
	return nil, core.Unavailable(errors.New("away"))
}

func TestStoreAway(t *testing.T) {
	t.Parallel()
	site := newSite()
	site.store = away{site.store}
	ring := site.replica(t, masterA, token.RingConfig{RotateEvery: time.Hour})
	_, rotate := ring.Rotate(t.Context())
	_, due := ring.RotateDue(t.Context())
	_, list := ring.List(t.Context())
	_, active := ring.Active()
	for name, err := range map[string]error{
		"load": ring.Load(t.Context()), "rotate": rotate, "due": due, "list": list, "active": active,
	} {
		if core.AsError(err).Kind != core.KindUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// readOnly is a key store that takes no keys.
type readOnly struct{ token.KeyStore }

func (readOnly) AddKey(context.Context, token.KeyRecord, bool) error {
	return core.Unavailable(errors.New("read only"))
}

func TestKeyCannotBeStored(t *testing.T) {
	t.Parallel()
	site := newSite()
	kept := active(t, site.loaded(t, token.RingConfig{}))
	empty := newSite()
	empty.store = readOnly{empty.store}
	if err := empty.replica(t, masterA, token.RingConfig{}).Load(t.Context()); core.AsError(err).Kind != core.KindUnavailable {
		t.Errorf("load: %v", err)
	}
	site.store = readOnly{site.store}
	ring := site.loaded(t, token.RingConfig{})
	if _, err := ring.Rotate(t.Context()); core.AsError(err).Kind != core.KindUnavailable {
		t.Errorf("rotate: %v", err)
	}
	if key := active(t, ring); key.ID != kept.ID || !key.RetireAt.IsZero() {
		t.Error("a rotation that failed changed the key in use")
	}
}
