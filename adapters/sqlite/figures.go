package sqlite

import (
	"context"
	"time"

	"github.com/doorward/doorward/adapters/internal/figures"
	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/dashboard"
)

// Figures is a dashboard.Figures and dashboard.Folder. Triggers keep the totals themselves: there is one writer at a time.
type Figures struct{ db *Database }

// Figures gives the counts.
func (db *Database) Figures() *Figures { return &Figures{db} }

// Counts implements dashboard.Figures.
func (f *Figures) Counts(ctx context.Context, metrics ...dashboard.Metric) (map[dashboard.Metric][]dashboard.Count, error) {
	names := make([]string, len(metrics))
	for i, metric := range metrics {
		names[i] = string(metric)
	}
	rows, err := f.db.reading(ctx).CountsOf(ctx, names)
	return figures.ByMetric(rows, func(row litedb.StatTotal) (string, dashboard.Count) {
		return row.Metric, dashboard.Count{Value: row.Value, Users: row.N}
	}), translate(err)
}

// Before implements dashboard.Figures.
func (f *Figures) Before(ctx context.Context, series dashboard.Series, instants []time.Time) ([]int64, error) {
	plan := figures.New(series, instants)
	rows, err := f.db.reading(ctx).SumsWithin(ctx, plan.JSON())
	sums := make(map[int]int64, len(rows))
	for _, row := range rows {
		sums[int(row.Place)] = row.N
	}
	return plan.Before(sums), translate(err)
}

// RecentSignIns implements dashboard.Figures.
func (f *Figures) RecentSignIns(ctx context.Context, limit int) ([]dashboard.SignIn, error) {
	rows, err := f.db.reading(ctx).RecentSignIns(ctx, int64(limit))
	return each(rows, func(row litedb.RecentSignInsRow) dashboard.SignIn {
		return dashboard.SignIn{
			Session: core.ID(row.ID), User: core.ID(row.UserID), Name: row.Name, Kind: row.DeviceKind, Browser: row.Browser,
			OS: row.OS, IP: row.IP, Place: row.Location, At: time.Time(row.CreatedAt),
		}
	}), translate(err)
}

// Fold implements dashboard.Folder: there is nothing to fold.
func (f *Figures) Fold(context.Context, int) (int, error) { return 0, nil }
