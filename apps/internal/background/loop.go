// Package background runs the steady work of a process beside its requests: each Loop repeats a step at
// an interval, sooner when nudged, until the process stops.
package background

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// Nudge wakes a loop before its interval is over. Make it with NewNudge.
type Nudge chan struct{}

// NewNudge makes a nudge for one loop.
func NewNudge() Nudge { return make(Nudge, 1) }

// Now wakes the loop. It never blocks; nudges that come while one waits count as one.
func (n Nudge) Now() {
	select {
	case n <- struct{}{}:
	default:
	}
}

// Loop is one piece of steady work.
type Loop struct {
	// Name stands in the log.
	Name string
	// Every is the pause between two steps.
	Every time.Duration
	// Nudge ends the pause early; nil for a loop that only keeps its interval.
	Nudge <-chan struct{}
	// Settle is how long a nudge waits for others like it, so that their work is done in one portion.
	Settle time.Duration
	// Step does one portion and tells whether more waits, in which case it is called again at once. It
	// ends soon after ctx does. An error or a panic is logged, and the next step comes after the pause.
	Step func(ctx context.Context) (more bool, err error)
}

// Runner runs loops. Start and Stop are called once each.
type Runner struct {
	loops  []Loop
	log    *slog.Logger
	cancel context.CancelFunc
	wait   sync.WaitGroup
}

// NewRunner makes a runner of loops; nothing runs before Start.
func NewRunner(log *slog.Logger, loops ...Loop) *Runner { return &Runner{loops: loops, log: log} }

// Start begins every loop, each with a step at once.
func (r *Runner) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	for _, loop := range r.loops {
		r.wait.Go(func() { r.run(ctx, loop) })
	}
}

// Stop tells every loop to end and waits until they have, or until ctx ends, whose error it then gives.
// Without a Start before it does nothing.
func (r *Runner) Stop(ctx context.Context) error {
	if r.cancel == nil {
		return nil
	}
	r.cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.wait.Wait()
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("background: loops still running: %w", ctx.Err())
	}
}

func (r *Runner) run(ctx context.Context, loop Loop) {
	log := r.log.With("loop", loop.Name)
	failing := false
	for ctx.Err() == nil {
		more, err := step(ctx, loop)
		if ctx.Err() != nil {
			return
		}
		failing = note(ctx, log, failing, err)
		if !more || err != nil {
			pause(ctx, loop)
		}
	}
}

// note logs the first of a row of failures and its end: an outage is two lines, not one per interval.
func note(ctx context.Context, log *slog.Logger, failing bool, err error) bool {
	switch {
	case err != nil && !failing:
		log.ErrorContext(ctx, "background work fails", "error", err)
	case err != nil:
		log.DebugContext(ctx, "background work still fails", "error", err)
	case failing:
		log.InfoContext(ctx, "background work goes on")
	}
	return err != nil
}

func step(ctx context.Context, loop Loop) (more bool, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return loop.Step(ctx)
}

func pause(ctx context.Context, loop Loop) {
	timer := time.NewTimer(loop.Every)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-loop.Nudge:
		settle(ctx, loop.Settle)
	}
}

func settle(ctx context.Context, long time.Duration) {
	if long == 0 {
		return
	}
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
