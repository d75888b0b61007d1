package mfatest

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/secret"
)

// TestRecoveryCodes proves that an mfa.RecoveryCodes keeps its contract.
func TestRecoveryCodes(t *testing.T, open Open) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"lists what was put, each user apart":  codesAreListed,
		"replaces all":                         replacesAll,
		"one of many replacements stands":      oneSetStands,
		"one of many uses wins":                oneCodeUseWins,
		"a use is undone with its transaction": codeUseIsUndone,
	})
}

func digests(count int) (made [][]byte) {
	for range count {
		made = append(made, secret.Random(32))
	}
	slices.SortFunc(made, bytes.Compare)
	return made
}

func (s Stores) replace(t *testing.T, user core.ID, set [][]byte) {
	t.Helper()
	coretest.Must(t, s.Codes.Replace(t.Context(), user, set, at(0)))
}

func (s Stores) codes(t *testing.T, user core.ID) [][]byte {
	t.Helper()
	held, err := s.Codes.List(t.Context(), user)
	coretest.Must(t, err)
	held = slices.Clone(held)
	slices.SortFunc(held, bytes.Compare)
	return held
}

func codesAreListed(t *testing.T, s Stores) {
	user, other := s.user(t), s.user(t)
	ours, theirs := digests(mfa.RecoveryCodeCount), digests(2)
	s.replace(t, user, ours)
	s.replace(t, other, theirs)
	coretest.Equal(t, ours, s.codes(t, user))
	coretest.Equal(t, theirs, s.codes(t, other))
	coretest.Refused(t, s.Codes.Use(t.Context(), user, theirs[0]), core.ErrNotFound)
	coretest.Equal(t, theirs, s.codes(t, other))
	coretest.Equal(t, 0, len(s.codes(t, s.user(t))))
}

func replacesAll(t *testing.T, s Stores) {
	user := s.user(t)
	old, fresh := digests(3), digests(4)
	s.replace(t, user, old)
	s.replace(t, user, fresh)
	coretest.Equal(t, fresh, s.codes(t, user))
	coretest.Refused(t, s.Codes.Use(t.Context(), user, old[0]), core.ErrNotFound)
	s.replace(t, user, nil)
	coretest.Equal(t, 0, len(s.codes(t, user)))
}

func oneSetStands(t *testing.T, s Stores) {
	user := s.user(t)
	coretest.Equal(t, racers, coretest.Race(t, racers, nil, func(ctx context.Context, i int) error {
		return s.sometimesInTx(ctx, i, func(ctx context.Context) error {
			return s.Codes.Replace(ctx, user, digests(3), at(0))
		})
	}))
	coretest.Equal(t, 3, len(s.codes(t, user)))
}

func oneCodeUseWins(t *testing.T, s Stores) {
	user, set := s.user(t), digests(2)
	s.replace(t, user, set)
	coretest.Equal(t, 1, coretest.Race(t, racers, core.ErrNotFound, func(ctx context.Context, i int) error {
		return s.sometimesInTx(ctx, i, func(ctx context.Context) error { return s.Codes.Use(ctx, user, set[0]) })
	}))
	coretest.Equal(t, set[1:], s.codes(t, user))
}

func codeUseIsUndone(t *testing.T, s Stores) {
	user, set := s.user(t), digests(1)
	s.replace(t, user, set)
	err := s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Must(t, s.Codes.Use(ctx, user, set[0]))
		return errRollback
	})
	coretest.Refused(t, err, errRollback)
	coretest.Must(t, s.Codes.Use(t.Context(), user, set[0]))
}
