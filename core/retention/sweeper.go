package retention

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
)

// Config says how long things are kept after they have ended or expired, by kind.
type Config map[Kind]time.Duration

const day = 24 * time.Hour

// Defaults is how long things are kept where nothing else is said.
func Defaults() Config {
	return Config{
		KindSessions: 30 * day, // a month to look into a theft
		// A code can be sent again as long as the registration that it proves is pending.
		KindFlows:         day,
		KindLinks:         day,
		KindIntakes:       day,
		KindRegistrations: 0,
		KindAccounts:      0,       // their grace is in PurgeAt
		KindMail:          7 * day, // a week to look into what was not delivered
		KindMailbox:       7 * day,
		KindJournal:       time.Hour, // caches forget by themselves within seconds
		KindSigningKeys:   day,
		KindAudit:         0, // how long is in each event's KeepUntil
		// A count goes on binding whoever guesses slowly: forgetting it gives another lockout.MaxStreak tries, so
		// that a year of guessing comes to far less than NIST SP 800-63B-4 §3.2.2 has in mind for one run.
		KindTries:       30 * day,
		KindDevices:     day,
		KindFactors:     day,
		KindIdempotency: 0, // how long is in each key
		// They are listed no more; a day leaves time to look into why a program stopped.
		KindTokens:      day,
		KindServiceKeys: day,
	}
}

// Kinds are all kinds in the order in which they are swept.
func Kinds() []Kind {
	return []Kind{
		KindSessions, KindFlows, KindLinks, KindIntakes, KindRegistrations,
		KindAccounts, KindMail, KindMailbox, KindJournal, KindSigningKeys,
		KindAudit, KindTries, KindDevices, KindFactors, KindIdempotency,
		KindTokens, KindServiceKeys,
	}
}

// The bounds of a batch. Small ones hold their locks for milliseconds.
const (
	BatchDefault = 1000
	BatchMax     = 10_000
	// batchFirst is how many rows the first batch of a kind has at the most: nobody knows yet what they cost.
	batchFirst = 100
	// batchAim is how long a batch should take. Whoever waits for one of its rows, or for the disk behind it, waits no
	// longer than a person notices (Nielsen: a tenth of a second feels instant), with as much again left for the rest.
	batchAim = 50 * time.Millisecond
	// pauseMin is the least pause between two batches. It is otherwise as long as the batch took, so that
	// a sweep uses half of the database's time for it at the most.
	pauseMin = 10 * time.Millisecond
)

// lockName is the lock that sweeps hold.
const lockName = "retention"

// Deps are what a Sweeper is made of. All are needed.
type Deps struct {
	Store Store
	Lock  Lock
	Clock core.Clock
	// Pause waits between two batches, so that others get their turn. It returns ctx's error when ctx
	// ends first.
	Pause func(ctx context.Context, d time.Duration) error
	Log   *slog.Logger
}

// Sweeper removes what has expired.
type Sweeper struct {
	deps Deps
	keep Config
}

// NewSweeper makes a sweeper. Kinds that config leaves out are kept as long as Defaults says.
func NewSweeper(deps Deps, config Config) *Sweeper {
	keep := Defaults()
	maps.Copy(keep, config)
	return &Sweeper{deps: deps, keep: keep}
}

// Options are what one run does.
type Options struct {
	// DryRun counts and removes nothing.
	DryRun bool
	// BatchSize is how many rows one transaction removes at the most: BatchDefault when zero, BatchMax at the most. As
	// many of them are removed at once as take 50 ms.
	BatchSize int
	// Kinds are what is swept, all when empty. They are swept in the order of Kinds, whatever theirs.
	Kinds []Kind
	// Progress is told after every batch; nil for nobody.
	Progress func(Progress)
}

// Progress is how far the sweep of one kind has come.
type Progress struct {
	Kind    Kind
	Removed int64
	// Done tells that nothing of the kind is left to sweep.
	Done bool
}

// Summary is what a run removed, or in a dry run would have removed.
type Summary struct {
	DryRun   bool
	Counts   map[Kind]int64
	Duration time.Duration
}

// ErrRunning says that another sweep is under way, here or on another replica.
var ErrRunning = core.NewError(core.KindConflict, core.CodeConflict, "Another cleanup is running.")

// Run sweeps in batches until nothing is left that had expired when the run began, or ctx ends. The summary
// tells also of a run that failed how far it came. Errors: KindInvalid for an unknown kind, ErrRunning, and
// those of the store and of ctx.
func (s *Sweeper) Run(ctx context.Context, options Options) (Summary, error) {
	if err := options.complete(); err != nil {
		return Summary{}, err
	}
	release, held, err := s.deps.Lock.TryLock(ctx, lockName)
	if err != nil {
		return Summary{}, fmt.Errorf("lock: %w", err)
	}
	if !held {
		return Summary{}, ErrRunning
	}
	defer release()
	return s.run(ctx, options)
}

func (o *Options) complete() error {
	for _, kind := range o.Kinds {
		if !slices.Contains(Kinds(), kind) {
			return core.InvalidField("kinds", core.CodeNotAllowed, fmt.Sprintf("There is nothing called %q.", kind))
		}
	}
	if len(o.Kinds) == 0 {
		o.Kinds = Kinds()
	}
	if o.BatchSize <= 0 {
		o.BatchSize = BatchDefault
	}
	o.BatchSize = min(o.BatchSize, BatchMax)
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	return nil
}

func (s *Sweeper) run(ctx context.Context, options Options) (Summary, error) {
	began := s.deps.Clock.Now()
	summary := Summary{DryRun: options.DryRun, Counts: map[Kind]int64{}}
	sweep := s.sweep
	if options.DryRun {
		sweep = s.count
	}
	var err error
	for _, kind := range Kinds() {
		if err == nil && slices.Contains(options.Kinds, kind) {
			summary.Counts[kind], err = sweep(ctx, kind, began.Add(-s.keep[kind]), options)
		}
	}
	summary.Duration = s.deps.Clock.Now().Sub(began)
	s.deps.Log.InfoContext(ctx, "retention", "dry_run", options.DryRun, "counts", summary.Counts,
		"duration", summary.Duration, "error", err)
	return summary, err
}

func (s *Sweeper) count(ctx context.Context, kind Kind, cutoff time.Time, options Options) (int64, error) {
	count, err := s.deps.Store.Count(ctx, kind, cutoff)
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", kind, err)
	}
	options.Progress(Progress{Kind: kind, Removed: count, Done: true})
	return count, nil
}

func (s *Sweeper) sweep(ctx context.Context, kind Kind, cutoff time.Time, options Options) (total int64, err error) {
	batch := min(batchFirst, options.BatchSize)
	for {
		began := s.deps.Clock.Now()
		removed, err := s.deps.Store.Sweep(ctx, kind, cutoff, batch)
		if err != nil {
			return total, fmt.Errorf("sweep %s: %w", kind, err)
		}
		took := s.deps.Clock.Now().Sub(began)
		total += removed
		done := removed < int64(batch)
		options.Progress(Progress{Kind: kind, Removed: total, Done: done})
		if done {
			return total, nil
		}
		batch = fit(batch, took, options.BatchSize)
		if err := s.deps.Pause(ctx, max(pauseMin, took)); err != nil {
			return total, fmt.Errorf("sweep %s: %w", kind, err)
		}
	}
}

// fit gives the size of the next batch: what would have taken batchAim, but at the most twice and at the least half of
// this one, so that one odd measurement does not throw it off, and no more than most.
func fit(batch int, took time.Duration, most int) int {
	next := 2 * batch
	if took > 0 {
		next = int(float64(batch) * float64(batchAim) / float64(took))
	}
	return max(1, min(max(batch/2, min(next, 2*batch)), most))
}
