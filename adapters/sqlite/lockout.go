package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/lockout"
)

// Tries is a lockout.Tries.
type Tries struct{ db *Database }

// Tries gives the store of failed tries.
func (db *Database) Tries() *Tries { return &Tries{db} }

var errReserveInTransaction = errors.New("sqlite: a try is reserved inside a transaction")

// Reserve implements lockout.Tries. The transaction has the write lock from its beginning, so that what it has
// read stands when it writes.
func (t *Tries) Reserve(ctx context.Context, r lockout.Reservation) (standing lockout.Standing, err error) {
	if t.db.current(ctx) != nil {
		return lockout.Standing{}, core.Internal(errReserveInTransaction)
	}
	err = t.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		known, err := knownDevice(ctx, queries, r)
		if err != nil {
			return err
		}
		standing, err = r.Decide(known,
			func(place lockout.Place) (lockout.Counter, error) { return loadTry(ctx, queries, place) },
			func(place lockout.Place, counter lockout.Counter) error { return saveTry(ctx, queries, place, counter) })
		return err
	})
	return standing, err
}

func knownDevice(ctx context.Context, queries *litedb.Queries, r lockout.Reservation) (*device.Device, error) {
	row, err := queries.FindKnownDevice(ctx, litedb.FindKnownDeviceParams{
		Digest: r.Token[:], UserID: sqltype.ID(r.User), Now: sqltype.Time(r.Now), Browser: r.From.Browser, OS: r.From.OS,
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // no device is an answer
	}
	if err != nil {
		return nil, err
	}
	known := toDevice(row)
	return &known, nil
}

func loadTry(ctx context.Context, queries *litedb.Queries, place lockout.Place) (lockout.Counter, error) {
	row, err := queries.FindTry(ctx, litedb.FindTryParams{Subject: place.Subject, Source: place.Source})
	if errors.Is(err, sql.ErrNoRows) {
		return lockout.Counter{}, nil
	}
	return lockout.Counter{
		Failures: int(row.Failures), Streak: int(row.Streak), ExpiresAt: time.Time(row.ExpiresAt),
		TouchedAt: time.Time(row.TouchedAt), NoticedAt: presentTime(row.NoticedAt),
	}, err
}

func saveTry(ctx context.Context, queries *litedb.Queries, place lockout.Place, counter lockout.Counter) error {
	return queries.PutTry(ctx, litedb.PutTryParams{
		Subject: place.Subject, Source: place.Source, Failures: int64(counter.Failures), Streak: int64(counter.Streak),
		ExpiresAt: sqltype.Time(counter.ExpiresAt), TouchedAt: sqltype.Time(counter.TouchedAt),
	})
}

// Release implements lockout.Tries.
func (t *Tries) Release(ctx context.Context, counters ...lockout.Counters) error {
	return t.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		return eachCounter(counters,
			func(subject string) error { return queries.ReleaseSubject(ctx, subject) },
			func(subject, source string) error {
				return queries.ReleaseTry(ctx, litedb.ReleaseTryParams{Subject: subject, Source: source})
			})
	})
}

// Clear implements lockout.Tries.
func (t *Tries) Clear(ctx context.Context, counters ...lockout.Counters) error {
	return t.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		return clearTries(ctx, queries, counters)
	})
}

// clearTries forgets counters in the transaction of what clears them.
func clearTries(ctx context.Context, queries *litedb.Queries, counters []lockout.Counters) error {
	return eachCounter(counters,
		func(subject string) error { return queries.ClearSubject(ctx, subject) },
		func(subject, source string) error {
			return queries.ClearTry(ctx, litedb.ClearTryParams{Subject: subject, Source: source})
		})
}

func eachCounter(counters []lockout.Counters, all func(subject string) error, one func(subject, source string) error) error {
	for _, named := range counters {
		if len(named.Sources) == 0 {
			if err := all(named.Subject); err != nil {
				return err
			}
		}
		for _, source := range named.Sources {
			if err := one(named.Subject, source); err != nil {
				return err
			}
		}
	}
	return nil
}

// Notice implements lockout.Tries.
func (t *Tries) Notice(ctx context.Context, subject string, now time.Time) (due bool, err error) {
	err = t.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		rows, err := queries.RenewNotice(ctx, litedb.RenewNoticeParams{
			Subject: subject, Source: lockout.NoticeSource, Now: sqltype.Time(now),
			NoticedBefore: optionalTime(now.Add(-lockout.NoticeEvery)),
		})
		if err == nil && rows == 0 {
			rows, err = queries.InsertNotice(ctx, litedb.InsertNoticeParams{
				Subject: subject, Source: lockout.NoticeSource, Now: sqltype.Time(now),
			})
		}
		due = rows == 1
		return err
	})
	return due, err
}
