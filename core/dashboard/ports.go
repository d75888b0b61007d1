package dashboard

import (
	"context"
	"time"
)

// Figures keeps the counts. They change in the transaction that changes what they count.
type Figures interface {
	// Counts gives the counts by each of the metrics, exactly and all at one instant, in any order. What nobody has is
	// left out. KindUnavailable.
	Counts(ctx context.Context, metrics ...Metric) (map[Metric][]Count, error)
	// Before gives, for each of the instants, how many of the series happened before it; exactly and all at one instant.
	// The instants ascend and are whole quarters of an hour, see Quarter. KindUnavailable.
	Before(ctx context.Context, series Series, instants []time.Time) ([]int64, error)
	// RecentSignIns gives up to limit of the newest sessions, newest first, ended ones too. KindUnavailable.
	RecentSignIns(ctx context.Context, limit int) ([]SignIn, error)
}

// Folder keeps the reading of the counts cheap.
type Folder interface {
	// Fold brings up to limit changes, that writers have only noted, into the counts, and tells how many: with fewer than
	// limit there is nothing left to do. No reading changes by it. Any number may fold at once. A store that needs none
	// of this gives 0. KindUnavailable.
	Fold(ctx context.Context, limit int) (int, error)
}

// FoldMax is how many changes one Fold should take: they are some hundred milliseconds of a database's work.
const FoldMax = 20_000

// FoldAll folds until there is nothing left to fold. The errors of Fold.
func FoldAll(ctx context.Context, folder Folder) error {
	for {
		folded, err := folder.Fold(ctx, FoldMax)
		if err != nil || folded < FoldMax {
			return err
		}
	}
}
