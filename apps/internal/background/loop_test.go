package background_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/doorward/doorward/apps/internal/background"
	"github.com/doorward/doorward/apps/internal/logging"
	"github.com/doorward/doorward/core"
)

// never is an interval that no test outlives: what happens sooner was caused by something else.
const never = time.Hour

func start(t *testing.T, loops ...background.Loop) *background.Runner {
	t.Helper()
	runner := background.NewRunner(core.Discard(), loops...)
	runner.Start()
	t.Cleanup(func() {
		if err := runner.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return runner
}

func TestLoopStepsAtOnceAndWhenNudged(t *testing.T) {
	t.Parallel()
	steps, nudge := make(chan struct{}), background.NewNudge()
	start(t, background.Loop{Name: "n", Every: never, Nudge: nudge, Step: func(context.Context) (bool, error) {
		steps <- struct{}{}
		return false, nil
	}})
	<-steps
	for range 3 {
		nudge.Now()
		<-steps
	}
}

func TestLoopGoesOnAtOnceWhileMoreWaits(t *testing.T) {
	t.Parallel()
	left, done := 5, make(chan struct{})
	start(t, background.Loop{Name: "n", Every: never, Step: func(context.Context) (bool, error) {
		left--
		if left == 0 {
			close(done)
		}
		return left > 0, nil
	}})
	<-done
}

func TestLoopKeepsItsInterval(t *testing.T) {
	t.Parallel()
	steps := make(chan struct{})
	start(t, background.Loop{Name: "n", Every: time.Millisecond, Step: func(ctx context.Context) (bool, error) {
		select {
		case steps <- struct{}{}:
		case <-ctx.Done():
		}
		return false, nil
	}})
	for range 3 {
		<-steps
	}
}

func TestNudgesCountAsOne(t *testing.T) {
	t.Parallel()
	nudge := background.NewNudge()
	for range 100 {
		nudge.Now()
	}
	if len(nudge) != 1 {
		t.Errorf("%d nudges wait, want 1", len(nudge))
	}
}

func TestStopWaitsForTheStep(t *testing.T) {
	t.Parallel()
	began, ended := make(chan struct{}), false
	runner := background.NewRunner(core.Discard(), background.Loop{Every: never, Step: func(ctx context.Context) (bool, error) {
		close(began)
		<-ctx.Done()
		ended = true
		return true, nil
	}})
	runner.Start()
	<-began
	if err := runner.Stop(context.Background()); err != nil || !ended {
		t.Errorf("stopped with %v, the step had ended: %t", err, ended)
	}
}

func TestStopGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	release, began := make(chan struct{}), make(chan struct{})
	runner := background.NewRunner(core.Discard(), background.Loop{Every: never, Step: func(context.Context) (bool, error) {
		close(began)
		<-release
		return false, nil
	}})
	runner.Start()
	<-began
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := runner.Stop(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of the context", err)
	}
	close(release)
}

func TestStopWithoutStart(t *testing.T) {
	t.Parallel()
	if err := background.NewRunner(core.Discard()).Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// buffer is a log that may be read while it is written.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// A row of failures and panics is one line, its end another, and the loop lives on.
func TestFailuresAreLoggedOnce(t *testing.T) {
	t.Parallel()
	out := &buffer{}
	log, err := logging.New(out, logging.JSON, "info")
	if err != nil {
		t.Fatal(err)
	}
	count, done := 0, make(chan struct{})
	runner := background.NewRunner(log, background.Loop{Name: "outbox", Every: time.Microsecond, Step: func(context.Context) (bool, error) {
		count++
		switch count {
		case 1, 2:
			return true, errors.New("away")
		case 3:
			panic("upside down")
		case 5:
			close(done)
		}
		return false, nil
	}})
	runner.Start()
	<-done
	if err := runner.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if strings.Count(text, "background work fails") != 1 || strings.Count(text, "background work goes on") != 1 {
		t.Errorf("want one line for the failures and one for their end:\n%s", text)
	}
}

// Nudges that come soon after one another are worked off in one step, after a while.
func TestNudgesSettle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const settle = 100 * time.Millisecond
		var steps []time.Time
		nudge := background.NewNudge()
		runner := background.NewRunner(core.Discard(), background.Loop{
			Name: "n", Every: never, Nudge: nudge, Settle: settle, Step: func(context.Context) (bool, error) {
				steps = append(steps, time.Now())
				return false, nil
			},
		})
		runner.Start()
		synctest.Wait()
		nudged := time.Now()
		for range 5 {
			nudge.Now()
			time.Sleep(settle / 10)
		}
		time.Sleep(10 * settle)
		if err := runner.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(steps) < 2 || steps[1].Sub(nudged) != settle {
			t.Errorf("steps at %v after a nudge at %v", steps, nudged)
		}
		if len(steps) > 3 {
			t.Errorf("%d steps for one burst", len(steps))
		}
	})
}
