package sealed

import (
	"context"
	"fmt"
	"time"

	"github.com/doorward/doorward/core/secret"
)

// Key is how much still needs one master key.
type Key struct {
	// ID is the key's id in the ring; empty for all keys together that the ring does not hold.
	ID string
	// Current tells that new things are sealed with this one.
	Current bool
	// Sealed counts the values that the key has sealed, by place. Reseal moves them to the current key.
	Sealed map[secret.Place]int64
	// RecoveryCodes counts unused recovery codes, and Passwords accounts, whose digests are keyed with this key.
	// Nobody can move them: they are good only as long as the key is in the ring.
	RecoveryCodes int64
	Passwords     int64
}

// Needed is how many values and digests need the key.
func (k Key) Needed() int64 {
	total := k.RecoveryCodes + k.Passwords
	for _, count := range k.Sealed {
		total += count
	}
	return total
}

// Status is which keys are needed for what.
type Status struct {
	// Keys are those of the ring in its order. Where something needs a key that the ring does not hold, one
	// without an ID follows.
	Keys []Key
	// Codes is how many short codes are good at present, whichever key their digests are keyed with, and CodesUntil
	// when the last of them expires; zero when there is none.
	Codes      int64
	CodesUntil time.Time
}

// Status counts what needs each key. It changes nothing. Errors are the store's.
func (k *Keeper) Status(ctx context.Context) (Status, error) {
	count := newCount(k.deps.Ring.Keys())
	for _, place := range secret.Places() {
		tally, err := k.deps.Store.Tally(ctx, place)
		if err != nil {
			return Status{}, fmt.Errorf("count %s: %w", place, err)
		}
		count.add(tally, func(key *Key, n int64) { key.Sealed[place] += n })
	}
	codes, err := k.deps.Census.RecoveryCodes(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("count recovery codes: %w", err)
	}
	count.add(codes, func(key *Key, n int64) { key.RecoveryCodes += n })
	passwords, err := k.deps.Census.Passwords(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("count passwords: %w", err)
	}
	count.add(passwords, func(key *Key, n int64) { key.Passwords += n })
	status := Status{Keys: count.all()}
	status.Codes, status.CodesUntil, err = k.deps.Census.Codes(ctx, k.deps.Clock.Now())
	if err != nil {
		return Status{}, fmt.Errorf("count codes: %w", err)
	}
	return status, nil
}

// count is what has been counted so far.
type count struct {
	keys   []Key
	byTag  map[secret.Tag]int
	absent Key
}

func newCount(names []secret.KeyName) *count {
	made := &count{byTag: map[secret.Tag]int{}, absent: Key{Sealed: map[secret.Place]int64{}}}
	for i, name := range names {
		made.keys = append(made.keys, Key{ID: name.ID, Current: i == 0, Sealed: map[secret.Place]int64{}})
		made.byTag[name.Tag] = i
	}
	return made
}

func (c *count) add(tally map[secret.Tag]int64, note func(key *Key, n int64)) {
	for tag, n := range tally {
		if i, known := c.byTag[tag]; known {
			note(&c.keys[i], n)
		} else {
			note(&c.absent, n)
		}
	}
}

func (c *count) all() []Key {
	if c.absent.Needed() > 0 {
		return append(c.keys, c.absent)
	}
	return c.keys
}
