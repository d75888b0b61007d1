package house

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/doorward/doorward/core"
)

// fading is a context that ends after it has been asked so many times whether it has.
type fading struct {
	context.Context
	left atomic.Int64
}

// Err implements context.Context.
func (f *fading) Err() error {
	if f.left.Add(-1) < 0 {
		return context.Canceled
	}
	return f.Context.Err()
}

// Stumble lets an act fail at its first step, its second, and so on, each time in a fresh house, until it
// gets through: as if the process had died there. Each failure must be KindUnavailable, and after it
// again must find everything as it was and succeed, or as if the act had been done.
func Stumble(t *testing.T, prepare func(t *testing.T) (act, again func(ctx context.Context) error)) {
	t.Helper()
	const bound = 1000
	for step := range int64(bound) {
		act, again := prepare(t)
		ctx := &fading{Context: core.WithClient(t.Context(), Client)}
		ctx.left.Store(step)
		err := act(ctx)
		if err == nil {
			if step == 0 {
				t.Errorf("got through without a step that can fail")
			}
			return
		}
		if kind := core.AsError(err).Kind; kind != core.KindUnavailable {
			t.Errorf("step %d: a fault is answered with %v (%v)", step, err, kind)
		}
		if err := again(core.WithClient(t.Context(), Client)); err != nil {
			t.Errorf("step %d: after the fault: %v", step, err)
		}
	}
	t.Errorf("did not get through in %d steps", bound)
}
