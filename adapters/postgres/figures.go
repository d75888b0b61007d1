package postgres

import (
	"context"
	"time"

	"github.com/doorward/doorward/adapters/internal/figures"
	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/core/dashboard"
)

// Figures is a dashboard.Figures and dashboard.Folder. Triggers note what changes, in rows of its own for every writer;
// readings add them up.
type Figures struct{ db *Database }

// Figures gives the counts.
func (db *Database) Figures() *Figures { return &Figures{db} }

// Counts implements dashboard.Figures.
func (f *Figures) Counts(ctx context.Context, metrics ...dashboard.Metric) (map[dashboard.Metric][]dashboard.Count, error) {
	names := make([]string, len(metrics))
	for i, metric := range metrics {
		names[i] = string(metric)
	}
	rows, err := f.db.queries(ctx).CountsOf(ctx, names)
	return figures.ByMetric(rows, func(row pgdb.CountsOfRow) (string, dashboard.Count) {
		return row.Metric, dashboard.Count{Value: row.Value, Users: row.N}
	}), translate(err)
}

// Before implements dashboard.Figures.
func (f *Figures) Before(ctx context.Context, series dashboard.Series, instants []time.Time) ([]int64, error) {
	plan := figures.New(series, instants)
	rows, err := f.db.queries(ctx).SumsWithin(ctx, plan.JSON())
	sums := make(map[int]int64, len(rows))
	for _, row := range rows {
		sums[int(row.Place)] = row.N
	}
	return plan.Before(sums), translate(err)
}

// RecentSignIns implements dashboard.Figures.
func (f *Figures) RecentSignIns(ctx context.Context, limit int) ([]dashboard.SignIn, error) {
	rows, err := f.db.queries(ctx).RecentSignIns(ctx, limit32(limit))
	return each(rows, func(row pgdb.RecentSignInsRow) dashboard.SignIn {
		return dashboard.SignIn{
			Session: row.ID, User: row.UserID, Name: row.Name, Kind: row.DeviceKind, Browser: row.Browser, OS: row.OS,
			IP: row.IP, Place: row.Location, At: row.CreatedAt,
		}
	}), translate(err)
}

// Fold implements dashboard.Folder.
func (f *Figures) Fold(ctx context.Context, limit int) (int, error) {
	var folded int64
	err := f.db.retry(ctx, func() (err error) {
		folded, err = f.db.queries(ctx).FoldFigures(ctx, limit32(limit))
		return err
	})
	return int(folded), err
}
