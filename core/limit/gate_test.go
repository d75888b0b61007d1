package limit_test

import (
	"context"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/limit"
	"github.com/doorward/doorward/core/limit/limittest"
)

func TestGate(t *testing.T) {
	t.Parallel()
	clock := coretest.NewClock()
	gate := limit.NewGate(limittest.NewMemory(clock), "send", limit.Limit{Burst: 2, Period: time.Minute})
	admit := func(want bool, keys ...string) {
		t.Helper()
		got, err := gate.Admit(t.Context(), keys...)
		coretest.Must(t, err)
		coretest.Equal(t, want, got)
	}
	admit(true, "ada", "bob")
	admit(true, "ada")
	admit(false, "ada", "eve")
	admit(true, "bob")
	admit(false, "bob")
	clock.Advance(30 * time.Second)
	admit(true, "ada")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := gate.Admit(ended, "eve"); core.AsError(err).Kind != core.KindUnavailable {
		t.Errorf("got the error %v", err)
	}
}

// The zero Gate is for deployments without limits.
func TestZeroGateIsOpen(t *testing.T) {
	t.Parallel()
	for range 10 {
		open, err := limit.Gate{}.Admit(t.Context(), "ada")
		coretest.Must(t, err)
		coretest.Equal(t, true, open)
	}
}
