package verification

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/doorward/doorward/core"
)

// The bounds of a worker's step. They are those of a queue that is normally empty: a batch takes some
// milliseconds, so the lease is long only for a worker that died.
const (
	stepBatch = 20
	stepLease = 30 * time.Second
	// maxAttempts of stepLease each: a request that failed so often has outlived its code by far.
	maxAttempts = 20
)

// HandlerFunc makes a Handler of a function.
type HandlerFunc func(ctx context.Context, intake Intake) error

// Resolve calls f.
func (f HandlerFunc) Resolve(ctx context.Context, intake Intake) error { return f(ctx, intake) }

// Handlers are the handlers by the kind of intake that they resolve.
type Handlers map[string]Handler

// WorkerDeps are what a Worker is made of. All are needed.
type WorkerDeps struct {
	Intakes  Intakes
	Handlers Handlers
	Clock    core.Clock
	Log      *slog.Logger
}

// Worker resolves intakes. Any number of workers may run, in any number of processes.
type Worker struct{ deps WorkerDeps }

// NewWorker makes a worker.
func NewWorker(deps WorkerDeps) *Worker { return &Worker{deps} }

// Step claims one batch of due intakes and resolves them, and gives how many it resolved. One that fails, or
// panics, stays for a later step, when its lease has run out, and hinders no other; one that has failed twenty
// times is given up. The error joins what went wrong; more may be due when handled is above zero.
func (w *Worker) Step(ctx context.Context) (handled int, err error) {
	ctx, cancel := context.WithTimeout(ctx, stepLease)
	defer cancel()
	intakes, err := w.deps.Intakes.Claim(ctx, w.deps.Clock.Now(), stepLease, stepBatch)
	if err != nil {
		return 0, fmt.Errorf("claim intakes: %w", err)
	}
	var failures []error
	for _, intake := range intakes {
		if failure := w.resolve(ctx, intake); failure != nil {
			failures = append(failures, failure)
			continue
		}
		handled++
	}
	return handled, errors.Join(failures...)
}

func (w *Worker) resolve(ctx context.Context, intake Intake) error {
	err := fmt.Errorf("nobody resolves intakes of kind %q", intake.Kind)
	if handler, known := w.deps.Handlers[intake.Kind]; known {
		err = call(ctx, handler, intake)
	}
	if err == nil {
		return nil
	}
	if intake.Attempts < maxAttempts {
		return fmt.Errorf("resolve intake %s: %w", intake.ID, err)
	}
	w.deps.Log.ErrorContext(ctx, "giving up an intake", "intake", intake.ID, "kind", intake.Kind, "error", err)
	if err := w.deps.Intakes.Done(ctx, intake.ID); err != nil && !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("give up intake %s: %w", intake.ID, err)
	}
	return nil
}

// call is the handler's Resolve with a panic in it for an error: one request that nobody foresaw must not stop
// the loop, nor keep those behind it waiting for their lease to run out.
func call(ctx context.Context, handler Handler, intake Intake) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return handler.Resolve(ctx, intake)
}
