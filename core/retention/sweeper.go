package retention

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/doorward/doorward/core"
)

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

// Config says how long things are kept after they expired.
type Config map[Kind]time.Duration

// Sweeper removes what has expired.
type Sweeper struct {
	deps   Deps
	config Config
}

// NewSweeper makes a sweeper. Kinds that config leaves out are kept as Defaults says.
func NewSweeper(deps Deps, config Config) *Sweeper { return &Sweeper{deps: deps, config: config} }

// Options are what one run does.
type Options struct {
	// DryRun counts and removes nothing.
	DryRun bool
	// BatchSize is how many rows one transaction removes.
	BatchSize int
	// Kinds are what is swept; all when empty.
	Kinds []Kind
	// Progress is told after every batch.
	Progress func(Progress)
}

// Progress is how far the sweep of one kind has come.
type Progress struct {
	Kind    Kind
	Removed int64
}

// Summary is what a run did, or in a dry run would have done.
type Summary struct {
	DryRun   bool
	Counts   map[Kind]int64
	Duration time.Duration
}

// ErrRunning says that another sweep is under way.
var ErrRunning = core.NewError(core.KindConflict, core.CodeConflict, "Another cleanup is running.")

// Run sweeps.
func (s *Sweeper) Run(ctx context.Context, options Options) (Summary, error) {
	return Summary{}, core.Internal(errors.New("not there yet"))
}
