// Package sealedtest holds the contract suite of the stores of sealed values and the in-memory fake of them.
package sealedtest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/sealed"
	"github.com/doorward/doorward/core/secret"
)

// Store is a sealed.Store and a sealed.Census in memory.
type Store struct {
	db     *coretest.Database
	values *coretest.Table[place, sealed.Value]
	// RecoveryDigests, Hashes and Flows are what the census counts. Fill them before the store is used.
	RecoveryDigests [][]byte
	Hashes          []string
	Flows           []Code
}

type place struct {
	name secret.Place
	key  string
}

// NewStore makes an empty store that takes part in the database's transactions.
func NewStore(db *coretest.Database) *Store {
	return &Store{db: db, values: coretest.NewTable[place, sealed.Value](db)}
}

// Put adds or replaces a value.
func (s *Store) Put(ctx context.Context, at secret.Place, value sealed.Value) error {
	return s.db.Do(ctx, func() error {
		s.values.Put(place{at, value.Key}, value)
		return nil
	})
}

// Get gives the value of that key, empty where there is none.
func (s *Store) Get(ctx context.Context, at secret.Place, key string) (value sealed.Value, err error) {
	err = s.db.Do(ctx, func() error {
		value, _ = s.values.Get(place{at, key})
		return nil
	})
	return value, err
}

// Remove removes a value.
func (s *Store) Remove(ctx context.Context, at secret.Place, key string) error {
	return s.db.Do(ctx, func() error {
		s.values.Delete(place{at, key})
		return nil
	})
}

// Stale implements sealed.Store.
func (s *Store) Stale(
	ctx context.Context, at secret.Place, current secret.Tag, after string, limit int,
) (stale []sealed.Value, err error) {
	err = s.db.Do(ctx, func() error {
		for where, value := range s.values.All() {
			if where.name == at && value.Key > after && secret.TagOf(value.Sealed) != current {
				stale = append(stale, value)
			}
		}
		slices.SortFunc(stale, func(a, b sealed.Value) int { return cmp.Compare(a.Key, b.Key) })
		stale = stale[:min(limit, len(stale))]
		return nil
	})
	return stale, err
}

// Replace implements sealed.Store.
func (s *Store) Replace(ctx context.Context, at secret.Place, value sealed.Value, fresh []byte) error {
	return s.db.Do(ctx, func() error {
		held, known := s.values.Get(place{at, value.Key})
		if !known || !bytes.Equal(held.Sealed, value.Sealed) {
			return core.ErrNotFound
		}
		held.Sealed = slices.Clone(fresh)
		s.values.Put(place{at, value.Key}, held)
		return nil
	})
}

// Tally implements sealed.Store.
func (s *Store) Tally(ctx context.Context, at secret.Place) (map[secret.Tag]int64, error) {
	tally := map[secret.Tag]int64{}
	err := s.db.Do(ctx, func() error {
		for where, value := range s.values.All() {
			if where.name == at {
				tally[secret.TagOf(value.Sealed)]++
			}
		}
		return nil
	})
	return tally, err
}

// RecoveryCodes implements sealed.Census.
func (s *Store) RecoveryCodes(ctx context.Context) (map[secret.Tag]int64, error) {
	counts := map[secret.Tag]int64{}
	err := s.db.Do(ctx, func() error {
		for _, digest := range s.RecoveryDigests {
			counts[secret.TagOf(digest)]++
		}
		return nil
	})
	return counts, err
}

// Passwords implements sealed.Census.
func (s *Store) Passwords(ctx context.Context) (map[secret.Tag]int64, error) {
	counts := map[secret.Tag]int64{}
	err := s.db.Do(ctx, func() error {
		for _, hash := range s.Hashes {
			if _, after, keyed := strings.Cut(hash, ",keyid="); keyed {
				id, _, _ := strings.Cut(after, "$")
				tag, err := base64.RawStdEncoding.DecodeString(id)
				if err != nil {
					return core.Internal(err)
				}
				counts[secret.TagOf(tag)]++
			}
		}
		return nil
	})
	return counts, err
}

// Codes implements sealed.Census.
func (s *Store) Codes(ctx context.Context, now time.Time) (count int64, last time.Time, err error) {
	err = s.db.Do(ctx, func() error {
		for _, code := range s.Flows {
			if !code.Closed && !code.Decoy && code.ExpiresAt.After(now) {
				count++
				if code.ExpiresAt.After(last) {
					last = code.ExpiresAt
				}
			}
		}
		return nil
	})
	return count, last, err
}
