package coretest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Must stops the test on an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Refused stops the test unless err is the wanted error.
func Refused(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

// Equal stops the test unless the values are the same, empty and nil slices alike.
func Equal[T any](t testing.TB, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
}

// Race runs act n times at once and counts the successes. Every failure must be the refusal.
func Race(t testing.TB, n int, refusal error, act func(ctx context.Context, i int) error) (successes int) {
	t.Helper()
	failures, start := make([]error, n), make(chan struct{})
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-start
			failures[i] = act(t.Context(), i)
		})
	}
	close(start)
	group.Wait()
	for _, err := range failures {
		if err == nil {
			successes++
		} else {
			Refused(t, err, refusal)
		}
	}
	return successes
}

// Run runs each case under its name, in parallel with the others, on fresh parts.
func Run[Parts any](t *testing.T, open func(t *testing.T) Parts, cases map[string]func(t *testing.T, parts Parts)) {
	t.Helper()
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}
