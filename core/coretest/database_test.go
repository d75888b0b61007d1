package coretest_test

import (
	"context"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
)

func open(*testing.T) coretest.Cells {
	db := coretest.NewDatabase()
	table := coretest.NewTable[int, int](db)
	return coretest.Cells{
		Tx: db,
		Put: func(ctx context.Context, n int) error {
			return db.Do(ctx, func() error {
				table.Put(n, n)
				return nil
			})
		},
		Has: func(ctx context.Context, n int) (has bool, err error) {
			err = db.Do(ctx, func() error {
				_, has = table.Get(n)
				return nil
			})
			return has, err
		},
	}
}

func TestTransactor(t *testing.T) {
	t.Parallel()
	coretest.TestTransactor(t, open)
}

func TestClock(t *testing.T) {
	t.Parallel()
	clock := coretest.NewClock()
	coretest.Equal(t, coretest.Epoch, clock.Now())
	coretest.Equal(t, coretest.Epoch.Add(-time.Hour), clock.Advance(-time.Hour))
	clock.Set(coretest.Epoch.Add(time.Nanosecond).In(time.FixedZone("east", 3600)))
	coretest.Equal(t, coretest.Epoch, clock.Now())
	var _ core.Clock = clock
}
