package retention_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/retention"
	"github.com/doorward/doorward/core/retention/retentiontest"
)

// attic is a sweeper over memory.
type attic struct {
	t             *testing.T
	clock         *coretest.Clock
	ids           *core.IDs
	registrations *accounttest.Registrations
	lock          *retentiontest.Lock
	pauses        []time.Duration
	pause         error
	log           bytes.Buffer
	sweeper       *retention.Sweeper
}

func open(t *testing.T, config retention.Config) *attic {
	t.Helper()
	a := &attic{t: t, clock: coretest.NewClock(), lock: retentiontest.NewLock()}
	a.ids = core.NewIDs(a.clock)
	db := coretest.NewDatabase()
	a.registrations = accounttest.NewRegistrations(db)
	a.sweeper = retention.NewSweeper(retention.Deps{
		Store: retentiontest.NewStore(db), Lock: a.lock, Clock: a.clock, Log: slog.New(slog.NewTextHandler(&a.log, nil)),
		Pause: func(_ context.Context, d time.Duration) error {
			a.pauses = append(a.pauses, d)
			return a.pause
		},
	}, config)
	return a
}

// expired puts so many registrations that expired so long ago.
func (a *attic) expired(count int, ago time.Duration) {
	a.t.Helper()
	for range count {
		err := a.registrations.Put(a.t.Context(), account.Registration{
			ID: a.ids.New(), EmailKey: "ada@example.com", ExpiresAt: a.clock.Now().Add(-ago),
		})
		if err != nil {
			a.t.Fatal(err)
		}
	}
}

func (a *attic) run(options retention.Options) retention.Summary {
	a.t.Helper()
	summary, err := a.sweeper.Run(a.t.Context(), options)
	if err != nil {
		a.t.Fatal(err)
	}
	return summary
}

func TestRunSweepsInBatches(t *testing.T) {
	t.Parallel()
	a := open(t, nil)
	a.expired(25, time.Hour)
	a.expired(7, -time.Hour)
	var told []retention.Progress
	summary := a.run(retention.Options{BatchSize: 10, Progress: func(p retention.Progress) {
		if p.Kind == retention.KindRegistrations {
			told = append(told, p)
		}
	}})
	const kind = retention.KindRegistrations
	want := []retention.Progress{{Kind: kind, Removed: 10}, {Kind: kind, Removed: 20}, {Kind: kind, Removed: 25, Done: true}}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	if summary.DryRun || summary.Counts[kind] != 25 || len(summary.Counts) != len(retention.Kinds()) || len(a.pauses) != 2 {
		t.Errorf("summary %+v with %d pauses", summary, len(a.pauses))
	}
	if again := a.run(retention.Options{}); again.Counts[kind] != 0 {
		t.Errorf("%d were left", again.Counts[kind])
	}
	if a.clock.Advance(2 * time.Hour); a.run(retention.Options{}).Counts[kind] != 7 {
		t.Error("those that were live went early, or not at all")
	}
	if !strings.Contains(a.log.String(), "registrations:25") {
		t.Errorf("the log says %s", a.log.String())
	}
}

func TestDryRunRemovesNothing(t *testing.T) {
	t.Parallel()
	a := open(t, nil)
	a.expired(25, time.Hour)
	for range 2 {
		summary := a.run(retention.Options{DryRun: true, BatchSize: 10})
		if !summary.DryRun || summary.Counts[retention.KindRegistrations] != 25 {
			t.Errorf("summary %+v", summary)
		}
	}
}

func TestKeepIsASetting(t *testing.T) {
	t.Parallel()
	a := open(t, retention.Config{retention.KindRegistrations: 2 * time.Hour})
	a.expired(1, time.Hour)
	a.expired(2, 3*time.Hour)
	if got := a.run(retention.Options{}).Counts[retention.KindRegistrations]; got != 2 {
		t.Errorf("%d removed, want 2", got)
	}
}

func TestOnlyTheKindsAskedFor(t *testing.T) {
	t.Parallel()
	a := open(t, nil)
	a.expired(1, time.Hour)
	summary := a.run(retention.Options{Kinds: []retention.Kind{retention.KindMail, retention.KindSessions}})
	if _, swept := summary.Counts[retention.KindRegistrations]; swept || len(summary.Counts) != 2 {
		t.Errorf("swept %v", summary.Counts)
	}
	_, err := a.sweeper.Run(t.Context(), retention.Options{Kinds: []retention.Kind{"dust"}})
	if core.AsError(err).Kind != core.KindInvalid {
		t.Errorf("an unknown kind: %v", err)
	}
}

func TestEveryKindHasADefault(t *testing.T) {
	t.Parallel()
	kinds := retention.Kinds()
	for kind, keep := range retention.Defaults() {
		if !slices.Contains(kinds, kind) || keep < 0 {
			t.Errorf("%s is kept %v, and never swept", kind, keep)
		}
	}
	if len(retention.Defaults()) != len(kinds) {
		t.Errorf("%d kinds, %d defaults", len(kinds), len(retention.Defaults()))
	}
}

func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	a := open(t, nil)
	a.expired(25, time.Hour)
	inside := 0
	a.run(retention.Options{BatchSize: 10, Progress: func(retention.Progress) {
		inside++
		if _, err := a.sweeper.Run(t.Context(), retention.Options{}); !errors.Is(err, retention.ErrRunning) {
			t.Errorf("a second run got %v", err)
		}
	}})
	if inside == 0 {
		t.Error("nobody tried")
	}
	a.run(retention.Options{}) // the lock was given back
}

func TestARunThatIsStoppedTellsHowFarItCame(t *testing.T) {
	t.Parallel()
	a := open(t, nil)
	a.expired(25, time.Hour)
	a.pause = context.Canceled
	summary, err := a.sweeper.Run(t.Context(), retention.Options{BatchSize: 10})
	if !errors.Is(err, context.Canceled) || summary.Counts[retention.KindRegistrations] != 10 {
		t.Errorf("stopped with %v after %+v", err, summary)
	}
	a.pause = nil
	if got := a.run(retention.Options{}).Counts[retention.KindRegistrations]; got != 15 {
		t.Errorf("%d left, want 15", got)
	}
}

func TestFaultsOfTheStoreArePassedOn(t *testing.T) {
	t.Parallel()
	a := open(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, dry := range []bool{true, false} {
		if _, err := a.sweeper.Run(ctx, retention.Options{DryRun: dry}); core.AsError(err).Kind != core.KindUnavailable {
			t.Errorf("got %v", err)
		}
	}
	a.run(retention.Options{}) // the lock was given back
}

// brokenLock cannot be asked.
type brokenLock struct{}

func (brokenLock) TryLock(context.Context, string) (func(), bool, error) {
	return nil, false, core.Unavailable(errors.New("away"))
}

func TestWithoutTheLockNothingIsSwept(t *testing.T) {
	t.Parallel()
	sweeper := retention.NewSweeper(retention.Deps{Lock: brokenLock{}}, nil)
	if _, err := sweeper.Run(t.Context(), retention.Options{}); core.AsError(err).Kind != core.KindUnavailable {
		t.Errorf("got %v", err)
	}
}
