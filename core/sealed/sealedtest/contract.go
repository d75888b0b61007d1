package sealedtest

import (
	"bytes"
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/sealed"
	"github.com/doorward/doorward/core/secret"
)

// Stores is what the suite is run on: the stores of one fresh, empty database, and how its tests fill it past
// the ports of those who write there.
type Stores struct {
	Store  sealed.Store
	Census sealed.Census
	// Put adds a row of the place that holds the value, and gives its key and what it is bound to. Keys rise from one
	// row to the next.
	Put func(t *testing.T, place secret.Place, value []byte) sealed.Value
	// Clear removes the value of a row, as its owner does: the column becomes null, or the row goes.
	Clear func(t *testing.T, place secret.Place, value sealed.Value)
	// PutRecoveryCode, PutPassword and PutCode add a digest, an account with that hash (empty: none), and a flow.
	PutRecoveryCode func(t *testing.T, digest []byte)
	PutPassword     func(t *testing.T, hash string)
	PutCode         func(t *testing.T, code Code)
}

// Code is a flow with a short code.
type Code struct {
	ExpiresAt time.Time
	// Closed is one that was used, Decoy one that no code fits.
	Closed, Decoy bool
}

var (
	old     = secret.Tag{0xff, 0xff, 0xff, 0xff}
	current = secret.Tag{0x00, 0x41, 0xff, 0x0a}
	next    = secret.Tag{0x00, 0x41, 0xff, 0x0b}
)

// by is a value as the key of that tag seals it.
func by(tag secret.Tag, text string) []byte {
	return append(append(tag[:], bytes.Repeat([]byte{0xff}, 12)...), text...)
}

// TestStore is the contract of sealed.Store, for every place, and of sealed.Census.
func TestStore(t *testing.T, open func(t *testing.T) Stores) {
	t.Helper()
	for _, place := range secret.Places() {
		t.Run(string(place), func(t *testing.T) {
			coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
				"reads what is stale in pages": func(t *testing.T, s Stores) { readsStale(t, s, place) },
				"replaces what it read":        func(t *testing.T, s Stores) { replaces(t, s, place) },
				"of many one replaces":         func(t *testing.T, s Stores) { replaceRace(t, s, place) },
				"leaves what is gone":          func(t *testing.T, s Stores) { leavesGone(t, s, place) },
			})
		})
	}
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"counts recovery codes": countsRecoveryCodes,
		"counts passwords":      countsPasswords,
		"counts codes":          countsCodes,
	})
}

func (s Stores) stale(t *testing.T, place secret.Place, after string, limit int) []sealed.Value {
	t.Helper()
	values, err := s.Store.Stale(t.Context(), place, current, after, limit)
	coretest.Must(t, err)
	return values
}

func readsStale(t *testing.T, s Stores, place secret.Place) {
	coretest.Equal(t, nil, s.stale(t, place, "", 10))
	var want []sealed.Value
	for i, tag := range []secret.Tag{old, current, old, next, current, old} {
		value := s.Put(t, place, by(tag, strconv.Itoa(i)))
		if tag != current {
			want = append(want, value)
		}
	}
	cleared := s.Put(t, place, by(old, "cleared"))
	s.Clear(t, place, cleared)
	coretest.Equal(t, want, s.stale(t, place, "", 10))
	coretest.Equal(t, want[:3], s.stale(t, place, "", 3))
	coretest.Equal(t, want[3:], s.stale(t, place, want[2].Key, 3))
	coretest.Equal(t, nil, s.stale(t, place, want[3].Key, 3))

	tally, err := s.Store.Tally(t.Context(), place)
	coretest.Must(t, err)
	coretest.Equal(t, map[secret.Tag]int64{old: 3, current: 2, next: 1}, tally)
}

func replaces(t *testing.T, s Stores, place secret.Place) {
	first, second := s.Put(t, place, by(old, "one")), s.Put(t, place, by(old, "two"))
	coretest.Must(t, s.Store.Replace(t.Context(), place, first, by(current, "one")))
	coretest.Equal(t, []sealed.Value{second}, s.stale(t, place, "", 10))
	coretest.Refused(t, s.Store.Replace(t.Context(), place, first, by(current, "late")), core.ErrNotFound)
	swapped := second
	swapped.Key = first.Key
	coretest.Refused(t, s.Store.Replace(t.Context(), place, swapped, by(current, "swapped")), core.ErrNotFound)
	tally, err := s.Store.Tally(t.Context(), place)
	coretest.Must(t, err)
	coretest.Equal(t, map[secret.Tag]int64{old: 1, current: 1}, tally)
}

func replaceRace(t *testing.T, s Stores, place secret.Place) {
	value := s.Put(t, place, by(old, "one"))
	coretest.Equal(t, 1, coretest.Race(t, 20, core.ErrNotFound, func(ctx context.Context, i int) error {
		return s.Store.Replace(ctx, place, value, by(current, strconv.Itoa(i)))
	}))
}

func leavesGone(t *testing.T, s Stores, place secret.Place) {
	value := s.Put(t, place, by(old, "one"))
	s.Clear(t, place, value)
	coretest.Refused(t, s.Store.Replace(t.Context(), place, value, by(current, "one")), core.ErrNotFound)
	tally, err := s.Store.Tally(t.Context(), place)
	coretest.Must(t, err)
	coretest.Equal(t, map[secret.Tag]int64{}, tally)
}

func countsRecoveryCodes(t *testing.T, s Stores) {
	for i, tag := range []secret.Tag{old, old, current} {
		s.PutRecoveryCode(t, append(tag[:], bytes.Repeat([]byte{byte(i)}, 32)...))
	}
	counts, err := s.Census.RecoveryCodes(t.Context())
	coretest.Must(t, err)
	coretest.Equal(t, map[secret.Tag]int64{old: 2, current: 1}, counts)
}

func countsPasswords(t *testing.T, s Stores) {
	const salted = "$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA"
	for _, hash := range []string{
		"", "$argon2id$v=19$m=19456,t=2,p=1" + salted,
		"$argon2id$v=19$m=19456,t=2,p=1,keyid=/////w" + salted, "$argon2id$v=19$m=8,t=16,p=1,keyid=/////w" + salted,
		"$argon2id$v=19$m=19456,t=2,p=1,keyid=AEH/Cg" + salted,
	} {
		s.PutPassword(t, hash)
	}
	counts, err := s.Census.Passwords(t.Context())
	coretest.Must(t, err)
	coretest.Equal(t, map[secret.Tag]int64{old: 2, current: 1}, counts)
}

func countsCodes(t *testing.T, s Stores) {
	now := coretest.Epoch.Add(time.Hour)
	count, last, err := s.Census.Codes(t.Context(), now)
	coretest.Must(t, err)
	coretest.Equal(t, true, count == 0 && last.IsZero())
	for _, code := range []Code{
		{ExpiresAt: now},
		{ExpiresAt: now.Add(time.Second)},
		{ExpiresAt: now.Add(time.Minute)},
		{ExpiresAt: now.Add(time.Hour), Closed: true},
		{ExpiresAt: now.Add(time.Hour), Decoy: true},
	} {
		s.PutCode(t, code)
	}
	count, last, err = s.Census.Codes(t.Context(), now)
	coretest.Must(t, err)
	coretest.Equal(t, 2, count)
	coretest.Equal(t, true, last.Equal(now.Add(time.Minute)))
}
