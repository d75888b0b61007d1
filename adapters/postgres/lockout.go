package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/lockout"
)

// Tries is a lockout.Tries.
type Tries struct{ db *Database }

// Tries gives the store of failed tries.
func (db *Database) Tries() *Tries { return &Tries{db} }

var errReserveInTransaction = errors.New("postgres: a try is reserved inside a transaction")

// Reserve implements lockout.Tries. The rule itself is the function reserve_try.
func (t *Tries) Reserve(ctx context.Context, r lockout.Reservation) (standing lockout.Standing, err error) {
	if t.db.current(ctx) != nil {
		return lockout.Standing{}, core.Internal(errReserveInTransaction)
	}
	err = t.db.retry(ctx, func() error {
		row, err := t.db.queries(ctx).ReserveTry(ctx, pgdb.ReserveTryParams{
			Subject: r.Subject, Source: r.Source, Shown: r.Shown, Now: r.Now, Until: r.Now.Add(r.Rules.Duration),
			MaxTries: limit32(r.Rules.Tries), MaxStreak: lockout.MaxStreak,
			Digest: r.Token[:], UserID: r.User, Browser: r.From.Browser, OS: r.From.OS,
		})
		if err != nil {
			return err
		}
		known, err := decodeDevice([]byte(row.Device))
		const allowed, last, left = 0, 1, 2
		standing = lockout.Standing{
			Allowed: row.Standing[allowed] == 1, Device: known, Last: row.Standing[last] == 1,
			Left: int(row.Standing[left]), Counters: r.CountedIn(known),
		}
		return err
	})
	return standing, err
}

// Release implements lockout.Tries.
func (t *Tries) Release(ctx context.Context, counters ...lockout.Counters) error {
	return translate(t.db.queries(ctx).ReleaseTries(ctx, encodeCounters(counters)))
}

// Clear implements lockout.Tries.
func (t *Tries) Clear(ctx context.Context, counters ...lockout.Counters) error {
	return translate(t.db.queries(ctx).ClearTries(ctx, encodeCounters(counters)))
}

// Notice implements lockout.Tries.
func (t *Tries) Notice(ctx context.Context, subject string, now time.Time) (bool, error) {
	before := now.Add(-lockout.NoticeEvery)
	rows, err := t.db.queries(ctx).NoticeLock(ctx, pgdb.NoticeLockParams{
		Subject: subject, Source: lockout.NoticeSource, Now: now, NoticedBefore: &before,
	})
	return rows == 1, translate(err)
}

// counter names a row of tries as JSON, see event; without a source all of its subject.
type counter struct {
	Subject string  `json:"subject"`
	Source  *string `json:"source"`
}

// encodeCounters gives the argument of statements that clear counters.
func encodeCounters(counters []lockout.Counters) string {
	named := []counter{}
	for _, each := range counters {
		if len(each.Sources) == 0 {
			named = append(named, counter{Subject: each.Subject})
		}
		for _, source := range each.Sources {
			named = append(named, counter{Subject: each.Subject, Source: &source})
		}
	}
	encoded, _ := json.Marshal(named) // texts always encode
	return string(encoded)
}
