package sealed_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/sealed"
	"github.com/doorward/doorward/core/sealed/sealedtest"
	"github.com/doorward/doorward/core/secret"
)

// safe is a keeper over memory, between two keys.
type safe struct {
	t        *testing.T
	clock    *coretest.Clock
	before   *secret.Ring
	ring     *secret.Ring
	store    *sealedtest.Store
	pauses   int
	pause    error
	log      bytes.Buffer
	keeper   *sealed.Keeper
	disturb  func(secret.Place, sealed.Value)
	replaced int
}

// disturbed lets somebody in between the reading of a value and its replacing.
type disturbed struct {
	sealed.Store
	safe *safe
}

func (d disturbed) Replace(ctx context.Context, place secret.Place, value sealed.Value, fresh []byte) error {
	if d.safe.disturb != nil {
		d.safe.disturb(place, value)
	}
	d.safe.replaced++
	return d.Store.Replace(ctx, place, value, fresh)
}

func newSafe(t *testing.T) *safe {
	t.Helper()
	older, newer := secret.GenerateKey("older"), secret.GenerateKey("newer")
	s := &safe{t: t, clock: coretest.NewClock(), before: ring(t, older), ring: ring(t, newer+","+older)}
	s.store = sealedtest.NewStore(coretest.NewDatabase())
	s.keeper = sealed.NewKeeper(sealed.Deps{
		Store: disturbed{s.store, s}, Census: s.store, Ring: s.ring, Clock: s.clock,
		Pause: func(context.Context, time.Duration) error {
			s.pauses++
			return s.pause
		},
		Log: slog.New(slog.NewTextHandler(&s.log, nil)),
	})
	return s
}

func ring(t *testing.T, text string) *secret.Ring {
	t.Helper()
	made, err := secret.ParseRing(text)
	coretest.Must(t, err)
	return made
}

// fill puts so many values of the place, sealed with the older key.
func (s *safe) fill(place secret.Place, count int) {
	s.t.Helper()
	for i := range count {
		key := fmt.Sprintf("%s %03d", place, i)
		value := sealed.Value{Key: key, Bound: "owner", Sealed: s.before.Seal(place.Of("owner", key), []byte(key))}
		coretest.Must(s.t, s.store.Put(s.t.Context(), place, value))
	}
}

func (s *safe) run(options sealed.Options) sealed.Summary {
	s.t.Helper()
	summary, err := s.keeper.Reseal(s.t.Context(), options)
	coretest.Must(s.t, err)
	return summary
}

func TestResealMovesEverythingToTheCurrentKey(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	want := map[secret.Place]sealed.Counts{}
	for i, place := range secret.Places() {
		s.fill(place, 3*i)
		want[place] = sealed.Counts{Renewed: int64(3 * i)}
	}
	var told []secret.Place
	summary := s.run(sealed.Options{BatchSize: 4, Progress: func(p sealed.Progress) {
		if p.Done {
			told = append(told, p.Place)
		}
	}})
	if diff := cmp.Diff(want, summary.Counts) + cmp.Diff(secret.Places(), told); diff != "" {
		t.Error(diff)
	}
	status, err := s.keeper.Status(t.Context())
	coretest.Must(t, err)
	if len(status.Keys) != 2 || !status.Keys[0].Current || status.Keys[0].ID != "newer" || status.Keys[1].Needed() != 0 {
		t.Errorf("the old key is still needed: %+v", status)
	}
	value, err := s.store.Get(t.Context(), secret.PlaceMailbox, "mailbox 001")
	coretest.Must(t, err)
	if plain, err := s.ring.Open("mailbox/owner/mailbox 001", value.Sealed); err != nil || string(plain) != "mailbox 001" {
		t.Errorf("a value became %q, %v", plain, err)
	}
	if s.pauses == 0 || !strings.Contains(s.log.String(), "key=newer") {
		t.Errorf("%d pauses, logged %s", s.pauses, s.log.String())
	}
	replaced := s.replaced
	s.run(sealed.Options{})
	coretest.Equal(t, replaced, s.replaced)
}

// Somebody else's change stands, whatever the run meant to write.
func TestResealLeavesWhatChangesMeanwhile(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	s.fill(secret.PlaceOutbox, 3)
	s.disturb = func(place secret.Place, value sealed.Value) {
		switch {
		case strings.HasSuffix(value.Key, "0"):
			coretest.Must(t, s.store.Remove(t.Context(), place, value.Key))
		case strings.HasSuffix(value.Key, "1"):
			value.Sealed = s.ring.Seal("elsewhere", nil)
			coretest.Must(t, s.store.Put(t.Context(), place, value))
		}
	}
	coretest.Equal(t, sealed.Counts{Renewed: 1, Changed: 2}, s.run(sealed.Options{}).Counts[secret.PlaceOutbox])
	value, err := s.store.Get(t.Context(), secret.PlaceOutbox, "outbox 001")
	coretest.Must(t, err)
	if _, err := s.ring.Open("elsewhere", value.Sealed); err != nil {
		t.Error("the other's change was lost")
	}
}

// What does not open is neither lost nor in the way of what comes after it.
func TestResealPassesOverWhatDoesNotOpen(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	s.fill(secret.PlaceFactors, 5)
	foreign := ring(t, secret.GenerateKey("lost")).Seal("factor/owner/factor 000", []byte("x"))
	moved, err := s.store.Get(t.Context(), secret.PlaceFactors, "factor 003")
	coretest.Must(t, err)
	moved.Key = "factor 001"
	lost := sealed.Value{Key: "factor 000", Bound: "owner", Sealed: foreign}
	for _, value := range []sealed.Value{lost, moved, {Key: "factor 002", Bound: "owner", Sealed: []byte{1}}} {
		coretest.Must(t, s.store.Put(t.Context(), secret.PlaceFactors, value))
	}
	coretest.Equal(t, sealed.Counts{Renewed: 2, Closed: 3}, s.run(sealed.Options{BatchSize: 1}).Counts[secret.PlaceFactors])
	kept, err := s.store.Get(t.Context(), secret.PlaceFactors, lost.Key)
	coretest.Must(t, err)
	coretest.Equal(t, lost, kept)
}

func TestARunThatIsStoppedGoesOnLater(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	s.fill(secret.PlaceLinks, 25)
	s.pause = context.Canceled
	summary, err := s.keeper.Reseal(t.Context(), sealed.Options{BatchSize: 10})
	coretest.Refused(t, err, context.Canceled)
	coretest.Equal(t, 10, summary.Counts[secret.PlaceLinks].Renewed)
	s.pause = nil
	coretest.Equal(t, 15, s.run(sealed.Options{BatchSize: sealed.BatchMax + 1}).Counts[secret.PlaceLinks].Renewed)
}

func TestStatusTellsWhatNeedsEachKey(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	s.fill(secret.PlaceFactors, 2)
	s.store.RecoveryDigests = [][]byte{s.before.TaggedDigest("c", "1"), s.ring.TaggedDigest("c", "2"), s.before.TaggedDigest("c", "3")}
	s.store.Hashes = []string{"$argon2id$v=19$m=8,t=1,p=1,keyid=AAAAAA$c2FsdA$aGFzaA"}
	until := s.clock.Now().Add(time.Minute)
	s.store.Flows = []sealedtest.Code{{ExpiresAt: until}}
	status, err := s.keeper.Status(t.Context())
	coretest.Must(t, err)
	coretest.Equal(t, sealed.Status{
		Keys: []sealed.Key{
			{ID: "newer", Current: true, Sealed: map[secret.Place]int64{}, RecoveryCodes: 1},
			{ID: "older", Sealed: map[secret.Place]int64{secret.PlaceFactors: 2}, RecoveryCodes: 2},
			{Sealed: map[secret.Place]int64{}, Passwords: 1},
		},
		Codes: 1, CodesUntil: until,
	}, status)
	coretest.Equal(t, 4, status.Keys[1].Needed())
}

func TestFaultsOfTheStoreArePassedOn(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	s.fill(secret.PlaceFactors, 1)
	ctx, cancel := context.WithCancel(t.Context())
	s.disturb = func(secret.Place, sealed.Value) { cancel() }
	if _, err := s.keeper.Reseal(ctx, sealed.Options{}); core.AsError(err).Kind != core.KindUnavailable {
		t.Errorf("the store went away while a value was replaced: %v", err)
	}
	if _, err := s.keeper.Reseal(ctx, sealed.Options{}); core.AsError(err).Kind != core.KindUnavailable {
		t.Errorf("got %v", err)
	}
	if _, err := s.keeper.Status(ctx); core.AsError(err).Kind != core.KindUnavailable {
		t.Errorf("got %v", err)
	}
}
