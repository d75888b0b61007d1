package idempotencytest

import (
	"context"
	"crypto/sha256"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/idempotency"
)

// Open makes a fresh, empty store for one case, and closes it in t.Cleanup.
type Open func(t *testing.T) idempotency.Store

const (
	racers = 32
	// lease is how long the records of the cases are leased.
	lease = time.Minute
)

var ids = core.NewIDs(core.ClockFunc(time.Now))

func at(after time.Duration) time.Time { return coretest.Epoch.Add(after) }

// Record is a record of a run that begins at the instant.
func Record(key string, began time.Time) idempotency.Record {
	return idempotency.Record{
		Digest: sha256.Sum256([]byte(key)), Run: ids.New(), Fingerprint: make([]byte, 36), CreatedAt: began,
		LeasedUntil: began.Add(lease), ExpiresAt: began.Add(idempotency.Kept),
	}
}

// TestStore is the contract of idempotency.Store.
func TestStore(t *testing.T, open Open) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s idempotency.Store){
		"the first takes the key":                 firstTakes,
		"keys are apart":                          keysApart,
		"of many one takes the key":               takeRace,
		"gives the reply back":                    givesReply,
		"remembers a call without a reply":        remembersCall,
		"a call that failed frees its key":        abandoned,
		"a call that crashed frees its key":       crashed,
		"of many one takes the key of a crashed":  crashRace,
		"a late end is no end":                    lateEnd,
		"forgets what expired":                    forgets,
		"ends once":                               endsOnce,
		"tells nothing that it could not look up": heeds,
	})
}

func begin(t *testing.T, s idempotency.Store, record idempotency.Record) idempotency.Record {
	t.Helper()
	standing, err := s.Begin(t.Context(), record)
	coretest.Must(t, err)
	return standing
}

func firstTakes(t *testing.T, s idempotency.Store) {
	first, second := Record("a", at(0)), Record("a", at(time.Second))
	coretest.Equal(t, first, begin(t, s, first))
	coretest.Equal(t, first, begin(t, s, second))
}

func keysApart(t *testing.T, s idempotency.Store) {
	one, other := Record("a", at(0)), Record("b", at(0))
	coretest.Equal(t, one, begin(t, s, one))
	coretest.Equal(t, other, begin(t, s, other))
}

func takeRace(t *testing.T, s idempotency.Store) {
	coretest.Equal(t, 1, winners(t, s, at(0)))
}

// winners lets many begin at once and counts those who took the key.
func winners(t *testing.T, s idempotency.Store, now time.Time) int64 {
	t.Helper()
	var taken atomic.Int64
	coretest.Race(t, racers, nil, func(ctx context.Context, _ int) error {
		record := Record("a", now)
		standing, err := s.Begin(ctx, record)
		if standing.Run == record.Run {
			taken.Add(1)
		}
		return err
	})
	return taken.Load()
}

func givesReply(t *testing.T, s idempotency.Store) {
	first := Record("a", at(0))
	begin(t, s, first)
	coretest.Must(t, s.Finish(t.Context(), first.Digest, first.Run, []byte{0, 1, 255}, at(time.Second)))
	first.FinishedAt, first.Reply = at(time.Second), []byte{0, 1, 255}
	for _, later := range []time.Duration{time.Second, lease, idempotency.Kept - time.Microsecond} {
		coretest.Equal(t, first, begin(t, s, Record("a", at(later))))
	}
}

func remembersCall(t *testing.T, s idempotency.Store) {
	first := Record("a", at(0))
	begin(t, s, first)
	coretest.Must(t, s.Finish(t.Context(), first.Digest, first.Run, nil, at(time.Second)))
	first.FinishedAt = at(time.Second)
	coretest.Equal(t, first, begin(t, s, Record("a", at(time.Hour))))
}

func abandoned(t *testing.T, s idempotency.Store) {
	first, second := Record("a", at(0)), Record("a", at(0))
	begin(t, s, first)
	coretest.Refused(t, s.Abandon(t.Context(), first.Digest, second.Run), core.ErrNotFound)
	coretest.Must(t, s.Abandon(t.Context(), first.Digest, first.Run))
	coretest.Equal(t, second, begin(t, s, second))
}

func crashed(t *testing.T, s idempotency.Store) {
	first, late := Record("a", at(0)), Record("a", at(lease))
	early := Record("a", at(lease-time.Microsecond))
	begin(t, s, first)
	coretest.Equal(t, first, begin(t, s, early))
	coretest.Equal(t, late, begin(t, s, late))
}

func crashRace(t *testing.T, s idempotency.Store) {
	begin(t, s, Record("a", at(0)))
	coretest.Equal(t, 1, winners(t, s, at(lease)))
}

// lateEnd lets a call that was taken for crashed come to its end after all.
func lateEnd(t *testing.T, s idempotency.Store) {
	first, second := Record("a", at(0)), Record("a", at(time.Hour))
	begin(t, s, first)
	begin(t, s, second)
	coretest.Refused(t, s.Finish(t.Context(), first.Digest, first.Run, []byte{1}, at(time.Hour)), core.ErrNotFound)
	coretest.Refused(t, s.Abandon(t.Context(), first.Digest, first.Run), core.ErrNotFound)
	coretest.Equal(t, second, begin(t, s, Record("a", at(time.Hour))))
}

func forgets(t *testing.T, s idempotency.Store) {
	first, second := Record("a", at(0)), Record("a", at(idempotency.Kept))
	begin(t, s, first)
	coretest.Must(t, s.Finish(t.Context(), first.Digest, first.Run, []byte{1}, at(0)))
	coretest.Equal(t, second, begin(t, s, second))
}

func endsOnce(t *testing.T, s idempotency.Store) {
	first := Record("a", at(0))
	begin(t, s, first)
	successes := coretest.Race(t, racers, core.ErrNotFound, func(ctx context.Context, i int) error {
		if i%2 == 0 {
			return s.Abandon(ctx, first.Digest, first.Run)
		}
		return s.Finish(ctx, first.Digest, first.Run, []byte{1}, at(0))
	})
	coretest.Equal(t, 1, successes)
	coretest.Refused(t, s.Finish(t.Context(), Record("b", at(0)).Digest, ids.New(), nil, at(0)), core.ErrNotFound)
}

func heeds(t *testing.T, s idempotency.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	record := Record("a", at(0))
	_, err := s.Begin(ctx, record)
	coretest.Equal(t, core.KindUnavailable, core.AsError(err).Kind)
	coretest.Equal(t, core.KindUnavailable, core.AsError(s.Finish(ctx, record.Digest, record.Run, nil, at(0))).Kind)
	coretest.Equal(t, core.KindUnavailable, core.AsError(s.Abandon(ctx, record.Digest, record.Run)).Kind)
	coretest.Equal(t, record, begin(t, s, record))
}
