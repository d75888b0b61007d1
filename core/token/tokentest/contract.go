package tokentest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/token"
)

// Stores is what the suite is run on: the stores of one fresh, empty database.
type Stores struct {
	Tx   core.Transactor
	Keys token.KeyStore
}

const racers = 32

// TestKeyStore is the contract of token.KeyStore. Open makes fresh stores for one case.
func TestKeyStore(t *testing.T, open func(t *testing.T) Stores) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"lists the oldest first":          listsOldest,
		"one of many first keys wins":     firstRace,
		"an id is taken once":             idsAreUnique,
		"the first is first":              firstNeedsNone,
		"retires all others once":         retires,
		"rolls back with its transaction": rollsBack,
	})
}

func record(id string, created time.Duration) token.KeyRecord {
	at := coretest.Epoch.Add(created)
	return token.KeyRecord{
		ID: id, Algorithm: token.ES256, Public: []byte{1, 0, 255}, Sealed: []byte{2, 0, 254},
		CreatedAt: at, ActiveFrom: at.Add(time.Minute),
	}
}

func (s Stores) add(t *testing.T, key token.KeyRecord) token.KeyRecord {
	t.Helper()
	coretest.Must(t, s.Keys.AddKey(t.Context(), key, false))
	return key
}

func (s Stores) list(t *testing.T) []token.KeyRecord {
	t.Helper()
	keys, err := s.Keys.Keys(t.Context())
	coretest.Must(t, err)
	return keys
}

func listsOldest(t *testing.T, s Stores) {
	coretest.Equal(t, nil, s.list(t))
	second := s.add(t, record("b", time.Hour))
	retired := record("c", 0)
	retired.RetireAt, retired.Algorithm = coretest.Epoch.Add(time.Hour), token.EdDSA
	s.add(t, retired)
	coretest.Equal(t, []token.KeyRecord{retired, second}, s.list(t))
}

func firstRace(t *testing.T, s Stores) {
	successes := coretest.Race(t, racers, core.ErrConflict, func(ctx context.Context, i int) error {
		return s.Keys.AddKey(ctx, record(fmt.Sprint("key", i), 0), true)
	})
	coretest.Equal(t, 1, successes)
	coretest.Equal(t, 1, len(s.list(t)))
}

func idsAreUnique(t *testing.T, s Stores) {
	kept := s.add(t, record("a", 0))
	coretest.Refused(t, s.Keys.AddKey(t.Context(), record("a", time.Hour), false), core.ErrConflict)
	coretest.Equal(t, []token.KeyRecord{kept}, s.list(t))
}

func firstNeedsNone(t *testing.T, s Stores) {
	coretest.Must(t, s.Keys.AddKey(t.Context(), record("a", 0), true))
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Refused(t, s.Keys.AddKey(ctx, record("b", 0), true), core.ErrConflict)
		return s.Keys.AddKey(ctx, record("b", 0), false)
	}))
	coretest.Equal(t, 2, len(s.list(t)))
}

func retires(t *testing.T, s Stores) {
	s.add(t, record("a", 0))
	s.add(t, record("b", time.Minute))
	s.add(t, record("c", time.Hour))
	first, second := coretest.Epoch.Add(time.Hour), coretest.Epoch.Add(2*time.Hour)
	coretest.Must(t, s.Keys.RetireKeys(t.Context(), "b", first))
	coretest.Must(t, s.Keys.RetireKeys(t.Context(), "c", second))
	want := map[string]time.Time{"a": first, "b": second, "c": first}
	for _, key := range s.list(t) {
		coretest.Equal(t, want[key.ID], key.RetireAt)
	}
}

func rollsBack(t *testing.T, s Stores) {
	kept, failure := s.add(t, record("a", 0)), errors.New("no")
	err := s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Must(t, s.Keys.AddKey(ctx, record("b", 0), false))
		coretest.Must(t, s.Keys.RetireKeys(ctx, "b", coretest.Epoch))
		return failure
	})
	coretest.Refused(t, err, failure)
	coretest.Equal(t, []token.KeyRecord{kept}, s.list(t))
}
