package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/session"
)

// Sessions is a session.Store, session.Ender, session.Lookup and session.Journal.
type Sessions struct{ db *Database }

// Sessions gives the store of sessions and of the journal of changes.
func (db *Database) Sessions() *Sessions { return &Sessions{db} }

// batcher is a pool, a connection or a transaction.
type batcher interface {
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

func (db *Database) batcher(ctx context.Context) batcher {
	if tx := db.current(ctx); tx != nil {
		return tx.Tx
	}
	return db.pool
}

// Open implements session.Store. Both statements travel together and form one implicit transaction. The
// session that is opened is never among the evicted, whatever the clocks of other replicas say.
func (s *Sessions) Open(ctx context.Context, opening session.Opening) (evicted []core.Change, err error) {
	batch := &pgx.Batch{}
	batch.Queue(pgdb.LockOwner, opening.Session.UserID, opening.UserRev)
	found := false
	batch.Queue(pgdb.OpenSession, openSessionArguments(opening)...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			change := core.Change{Subject: core.SubjectSession}
			var isOpened bool
			if err := rows.Scan(&change.ID, &change.Rev, &isOpened); err != nil {
				return err
			}
			if isOpened {
				found = true
			} else {
				evicted = append(evicted, change)
			}
		}
		return rows.Err()
	})
	if err := s.db.batcher(ctx).SendBatch(ctx, batch).Close(); err != nil {
		return nil, translate(err)
	}
	if !found {
		return nil, core.ErrConflict
	}
	return evicted, nil
}

// openSessionArguments are those of pgdb.OpenSession, in its order: sqlc generates no way to send two
// different statements in one batch.
func openSessionArguments(opening session.Opening) []any {
	opened, added, renewed, told := opening.Session, opening.Device, device.Device{}, []audit.Event{}
	if opening.Renews {
		added, renewed = renewed, added
	}
	if !opening.Evicted.ID.IsZero() {
		told = append(told, opening.Evicted)
	}
	row := sessionRow(opened)
	arguments := append([]any{opened.UserID, opening.UserRev, opened.ID}, row[2:]...)
	return append(
		arguments, limit32(max(opening.Limit, 1)-1), encodeDevice(added), device.MaxDevices-1, encodeDevice(renewed),
		encodeCounters(opening.Clear), encodeEvents(opening.Events), encodeEvents(told), session.EvictedNamed,
		encodeEnvelope(opening.NewDevice), encodeEnvelope(opening.Farewell),
	)
}

// Refresh implements session.Store.
func (s *Sessions) Refresh(
	ctx context.Context, token session.Presented, rotation session.Rotation,
) (session.Session, account.User, error) {
	row, err := s.db.queries(ctx).RefreshSession(ctx, pgdb.RefreshSessionParams{
		ID: token.SessionID, Generation: token.Generation, Branch: token.Branch, Nonce: token.Nonce[:],
		First: token.Generation == 0 && token.Branch == 0,
		Now:   rotation.Now, IdleUntil: rotation.Now.Add(rotation.IdleTTL),
		YoungAfter: rotation.Now.Add(-rotation.Window), FreshNonce: rotation.Nonce[:],
	})
	if err != nil {
		return session.Session{}, account.User{}, translate(err)
	}
	return toSession(row.Session), toUser(row.Account), nil
}

// Find implements session.Store.
func (s *Sessions) Find(ctx context.Context, id core.ID) (session.Session, error) {
	find := s.db.queries(ctx).FindSession
	if s.db.current(ctx) != nil {
		find = s.db.queries(ctx).LockSession
	}
	row, err := find(ctx, id)
	if err != nil {
		return session.Session{}, translate(err)
	}
	return toSession(row), nil
}

// List implements session.Store.
func (s *Sessions) List(
	ctx context.Context, user core.ID, now time.Time, page core.Page,
) (_ []session.Session, err error) {
	var rows []pgdb.Session
	if page.After.IsZero() {
		rows, err = s.db.queries(ctx).ListSessions(ctx, pgdb.ListSessionsParams{
			UserID: user, Now: now, PageLimit: limit32(page.Limit),
		})
	} else {
		rows, err = s.db.queries(ctx).ListSessionsAfter(ctx, pgdb.ListSessionsAfterParams{
			UserID: user, Now: now, AfterAt: page.After.At, AfterID: page.After.ID, PageLimit: limit32(page.Limit),
		})
	}
	return each(rows, toSession), translate(err)
}

// Prove implements session.Store.
func (s *Sessions) Prove(
	ctx context.Context, id core.ID, authTime time.Time, proof []string,
) (session.Session, core.Change, error) {
	row, err := s.db.queries(ctx).ProveSession(ctx, pgdb.ProveSessionParams{
		ID: id, AuthTime: authTime, Factors: factors(proof),
	})
	if err != nil {
		return session.Session{}, core.Change{}, translate(err)
	}
	proven := toSession(pgdb.Session(row))
	return proven, core.Change{Subject: core.SubjectSession, ID: id, Rev: proven.Rev}, nil
}

// End implements session.Ender.
func (s *Sessions) End(
	ctx context.Context, user, id core.ID, reason session.EndReason, now time.Time, events ...audit.Event,
) (core.Change, error) {
	rev, err := s.db.queries(ctx).EndSession(ctx, pgdb.EndSessionParams{
		UserID: user, ID: id, EndReason: optionalText(reason), Now: now, Events: encodeEvents(events),
	})
	if err != nil {
		return core.Change{}, translate(err)
	}
	return core.Change{Subject: core.SubjectSession, ID: id, Rev: rev}, nil
}

// EndAll implements session.Ender.
func (s *Sessions) EndAll(
	ctx context.Context, user, except core.ID, reason session.EndReason, now time.Time, events ...audit.Event,
) ([]core.Change, error) {
	rows, err := s.db.queries(ctx).EndSessions(ctx, pgdb.EndSessionsParams{
		UserID: user, ExceptID: except, EndReason: optionalText(reason), Now: now, Events: encodeEvents(events),
	})
	return each(rows, func(row pgdb.EndSessionsRow) core.Change {
		return core.Change{Subject: core.SubjectSession, ID: row.ID, Rev: row.Rev}
	}), translate(err)
}

// Session implements session.Lookup.
func (s *Sessions) Session(ctx context.Context, id core.ID) (session.Session, error) {
	row, err := s.db.queries(ctx).FindSession(ctx, id)
	if err != nil {
		return session.Session{}, translate(err)
	}
	found := toSession(row)
	found.Chain = session.Chain{}
	return found, nil
}

// User implements session.Lookup.
func (s *Sessions) User(ctx context.Context, id core.ID) (account.User, error) {
	row, err := s.db.queries(ctx).FindAccount(ctx, id)
	row.PasswordHash = nil
	return toUser(row), translate(err)
}

// Pending implements session.Journal.
func (s *Sessions) Pending(ctx context.Context, before time.Time, limit int) ([]core.Change, error) {
	rows, err := s.db.queries(ctx).PendingChanges(ctx, pgdb.PendingChangesParams{
		Before: before, PageLimit: limit32(limit),
	})
	return each(rows, func(row pgdb.PendingChangesRow) core.Change {
		return core.Change{Subject: core.Subject(row.Subject), ID: row.ID, Rev: row.Rev}
	}), translate(err)
}

// Clear implements session.Journal. The deletions travel together.
func (s *Sessions) Clear(ctx context.Context, changes ...core.Change) error {
	if len(changes) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	for _, change := range changes {
		batch.Queue(pgdb.ClearChange, string(change.Subject), change.ID, change.Rev)
	}
	return translate(s.db.batcher(ctx).SendBatch(ctx, batch).Close())
}

// factors gives an empty list for nil, which would be null.
func factors(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

func toSession(row pgdb.Session) session.Session {
	return session.Session{
		ID: row.ID, UserID: row.UserID,
		Device: origin.Device{
			UserAgent: row.UserAgent, Kind: row.DeviceKind, Browser: row.Browser, OS: row.OS,
			IP: row.IP, Location: row.Location,
		},
		Factors: row.Factors, AuthTime: row.AuthTime, CreatedAt: row.CreatedAt, LastUsedAt: row.LastUsedAt,
		IdleExpiresAt: row.IdleExpiresAt, ExpiresAt: row.ExpiresAt,
		EndedAt: present(row.EndedAt), EndReason: session.EndReason(present(row.EndReason)),
		Chain: session.Chain{
			Generation: row.Generation, Nonce: session.Nonce(row.Nonce), Branches: row.Branches,
			RotatedAt: row.RotatedAt, UsedNonce: session.Nonce(row.UsedNonce), UsedBranch: row.UsedBranch,
		},
		Rev: row.Rev,
	}
}
