package sqlite

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/session"
)

// Sessions is a session.Store, session.Ender, session.Lookup and session.Journal.
type Sessions struct{ db *Database }

// Sessions gives the store of sessions and of the journal of changes.
func (db *Database) Sessions() *Sessions { return &Sessions{db} }

// Open implements session.Store. The session that is opened is never among the evicted.
func (s *Sessions) Open(ctx context.Context, opening session.Opening) (evicted []core.Change, err error) {
	opened := opening.Session
	err = s.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		owner := litedb.CountOwnerParams{UserID: sqltype.ID(opened.UserID), UserRev: opening.UserRev}
		if count, err := queries.CountOwner(ctx, owner); err != nil || count == 0 {
			return cmp.Or(err, error(core.ErrConflict))
		}
		traces, err := queries.CountTraces(ctx, sqltype.ID(opened.UserID))
		if err != nil {
			return err
		}
		if err = queries.InsertSession(ctx, insertSessionParams(opened)); err != nil {
			return err
		}
		if evicted, err = evict(ctx, queries, opening); err != nil {
			return err
		}
		return openBeside(ctx, queries, opening, evicted, traces > 0)
	})
	return evicted, err
}

func evict(ctx context.Context, queries *litedb.Queries, opening session.Opening) ([]core.Change, error) {
	opened := opening.Session
	now := sqltype.Time(opened.CreatedAt)
	rows, err := queries.EvictSessions(ctx, litedb.EvictSessionsParams{
		UserID: sqltype.ID(opened.UserID), OpenedID: sqltype.ID(opened.ID), Now: &now, Others: int64(max(opening.Limit, 1) - 1),
	})
	if err != nil {
		return nil, err
	}
	evicted := each(rows, func(row litedb.EvictSessionsRow) core.Change { return sessionChange(row.ID, row.Rev) })
	return evicted, journal(ctx, queries, opened.CreatedAt, evicted...)
}

// openBeside writes what comes with the session. inUse tells that the user has been signed in before.
func openBeside(
	ctx context.Context, queries *litedb.Queries, opening session.Opening, evicted []core.Change, inUse bool,
) error {
	events := opening.Events
	if len(evicted) > 0 && !opening.Evicted.ID.IsZero() {
		events = append(slices.Clone(events), naming(opening.Evicted, evicted))
	}
	if err := record(ctx, queries, events...); err != nil {
		return err
	}
	if err := clearTries(ctx, queries, opening.Clear); err != nil {
		return err
	}
	if err := putDevice(ctx, queries, opening); err != nil {
		return err
	}
	if err := queue(ctx, queries, opening.NewDevice, inUse); err != nil {
		return err
	}
	return queue(ctx, queries, opening.Farewell, len(evicted) > 0)
}

func putDevice(ctx context.Context, queries *litedb.Queries, opening session.Opening) error {
	switch {
	case opening.Renews:
		return queries.RenewDevice(ctx, renewDeviceParams(opening.Device))
	case opening.Device.ID.IsZero():
		return nil
	}
	return addDevice(ctx, queries, opening.Device)
}

func queue(ctx context.Context, queries *litedb.Queries, envelope mail.Envelope, due bool) error {
	if !due || envelope.ID.IsZero() {
		return nil
	}
	return queries.InsertEnvelope(ctx, insertEnvelopeParams(envelope))
}

// naming gives the event with the sessions that were evicted.
func naming(event audit.Event, evicted []core.Change) audit.Event {
	names := make([]string, 0, len(evicted))
	for _, change := range evicted {
		names = append(names, change.ID.String())
	}
	slices.Sort(names)
	event.Metadata = map[string]string{
		"count": strconv.Itoa(len(names)), "sessions": strings.Join(names[:min(session.EvictedNamed, len(names))], " "),
	}
	return event
}

// Refresh implements session.Store.
func (s *Sessions) Refresh(
	ctx context.Context, token session.Presented, rotation session.Rotation,
) (refreshed session.Session, user account.User, err error) {
	err = s.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		row, err := queries.RefreshSession(ctx, litedb.RefreshSessionParams{
			ID: sqltype.ID(token.SessionID), Generation: token.Generation, Branch: token.Branch, Nonce: token.Nonce[:],
			First: token.Generation == 0 && token.Branch == 0,
			Now:   sqltype.Time(rotation.Now), IdleUntil: sqltype.Time(rotation.Now.Add(rotation.IdleTTL)),
			YoungAfter: sqltype.Time(rotation.Now.Add(-rotation.Window)), FreshNonce: rotation.Nonce[:],
		})
		if err != nil {
			return err
		}
		owner, err := queries.FindAccount(ctx, row.UserID)
		refreshed, user = toSession(row), toUser(owner)
		return err
	})
	return refreshed, user, err
}

// Find implements session.Store.
func (s *Sessions) Find(ctx context.Context, id core.ID) (session.Session, error) {
	row, err := s.db.reading(ctx).FindSession(ctx, sqltype.ID(id))
	if err != nil {
		return session.Session{}, translate(err)
	}
	return toSession(row), nil
}

// List implements session.Store.
func (s *Sessions) List(
	ctx context.Context, user core.ID, now time.Time, page core.Page,
) (_ []session.Session, err error) {
	var rows []litedb.Session
	if page.After.IsZero() {
		rows, err = s.db.reading(ctx).ListSessions(ctx, litedb.ListSessionsParams{
			UserID: sqltype.ID(user), Now: sqltype.Time(now), PageLimit: int64(page.Limit),
		})
	} else {
		rows, err = s.db.reading(ctx).ListSessionsAfter(ctx, litedb.ListSessionsAfterParams{
			UserID: sqltype.ID(user), Now: sqltype.Time(now), AfterAt: sqltype.Time(page.After.At),
			AfterID: sqltype.ID(page.After.ID), PageLimit: int64(page.Limit),
		})
	}
	return each(rows, toSession), translate(err)
}

// Prove implements session.Store.
func (s *Sessions) Prove(
	ctx context.Context, id core.ID, authTime time.Time, proof []string,
) (proven session.Session, change core.Change, err error) {
	err = s.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		row, err := queries.ProveSession(ctx, litedb.ProveSessionParams{
			ID: sqltype.ID(id), AuthTime: sqltype.Time(authTime), Factors: encodeList(proof),
		})
		if err != nil {
			return err
		}
		proven, change = toSession(row), sessionChange(row.ID, row.Rev)
		return journal(ctx, queries, authTime, change)
	})
	return proven, change, err
}

// End implements session.Ender.
func (s *Sessions) End(
	ctx context.Context, user, id core.ID, reason session.EndReason, now time.Time, events ...audit.Event,
) (change core.Change, err error) {
	err = s.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		rev, err := queries.EndSession(ctx, litedb.EndSessionParams{
			UserID: sqltype.ID(user), ID: sqltype.ID(id), EndReason: optionalText(reason), Now: optionalTime(now),
		})
		if err != nil {
			return err
		}
		change = sessionChange(sqltype.ID(id), rev)
		if err := record(ctx, queries, events...); err != nil {
			return err
		}
		return journal(ctx, queries, now, change)
	})
	return change, err
}

// EndAll implements session.Ender.
func (s *Sessions) EndAll(
	ctx context.Context, user, except core.ID, reason session.EndReason, now time.Time, events ...audit.Event,
) (changes []core.Change, err error) {
	err = s.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		rows, err := queries.EndSessions(ctx, litedb.EndSessionsParams{
			UserID: sqltype.ID(user), ExceptID: sqltype.ID(except), EndReason: optionalText(reason), Now: optionalTime(now),
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := record(ctx, queries, events...); err != nil {
			return err
		}
		changes = each(rows, func(row litedb.EndSessionsRow) core.Change { return sessionChange(row.ID, row.Rev) })
		return journal(ctx, queries, now, changes...)
	})
	return changes, err
}

func sessionChange(id sqltype.ID, rev int64) core.Change {
	return core.Change{Subject: core.SubjectSession, ID: core.ID(id), Rev: rev}
}

// journal notes changes in the transaction that makes them.
func journal(ctx context.Context, queries *litedb.Queries, at time.Time, changes ...core.Change) error {
	for _, change := range changes {
		err := queries.InsertChange(ctx, litedb.InsertChangeParams{
			Subject: string(change.Subject), ID: sqltype.ID(change.ID), Rev: change.Rev, At: sqltype.Time(at),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Session implements session.Lookup.
func (s *Sessions) Session(ctx context.Context, id core.ID) (session.Session, error) {
	row, err := s.db.reading(ctx).FindSession(ctx, sqltype.ID(id))
	if err != nil {
		return session.Session{}, translate(err)
	}
	found := toSession(row)
	found.Chain = session.Chain{}
	return found, nil
}

// User implements session.Lookup.
func (s *Sessions) User(ctx context.Context, id core.ID) (account.User, error) {
	row, err := s.db.reading(ctx).FindAccount(ctx, sqltype.ID(id))
	row.PasswordHash = nil
	return toUser(row), translate(err)
}

// Pending implements session.Journal.
func (s *Sessions) Pending(ctx context.Context, before time.Time, limit int) ([]core.Change, error) {
	rows, err := s.db.reading(ctx).PendingChanges(ctx, litedb.PendingChangesParams{
		Before: sqltype.Time(before), PageLimit: int64(limit),
	})
	return each(rows, func(row litedb.PendingChangesRow) core.Change {
		return core.Change{Subject: core.Subject(row.Subject), ID: core.ID(row.ID), Rev: row.Rev}
	}), translate(err)
}

// Clear implements session.Journal.
func (s *Sessions) Clear(ctx context.Context, changes ...core.Change) error {
	return s.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		for _, change := range changes {
			err := queries.ClearChange(ctx, litedb.ClearChangeParams{
				Subject: string(change.Subject), ID: sqltype.ID(change.ID), Rev: change.Rev,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func insertSessionParams(opened session.Session) litedb.InsertSessionParams {
	return litedb.InsertSessionParams{
		ID: sqltype.ID(opened.ID), UserID: sqltype.ID(opened.UserID), UserAgent: opened.Device.UserAgent,
		DeviceKind: opened.Device.Kind, Browser: opened.Device.Browser, OS: opened.Device.OS, IP: opened.Device.IP,
		Location: opened.Device.Location, Factors: encodeList(opened.Factors), AuthTime: sqltype.Time(opened.AuthTime),
		CreatedAt: sqltype.Time(opened.CreatedAt), LastUsedAt: sqltype.Time(opened.LastUsedAt),
		IdleExpiresAt: sqltype.Time(opened.IdleExpiresAt), ExpiresAt: sqltype.Time(opened.ExpiresAt),
		EndedAt: optionalTime(opened.EndedAt), EndReason: optionalText(opened.EndReason),
		Generation: opened.Chain.Generation, Nonce: opened.Chain.Nonce[:], Branches: opened.Chain.Branches,
		RotatedAt: sqltype.Time(opened.Chain.RotatedAt), UsedNonce: opened.Chain.UsedNonce[:],
		UsedBranch: opened.Chain.UsedBranch, Rev: opened.Rev,
	}
}

func toSession(row litedb.Session) session.Session {
	return session.Session{
		ID: core.ID(row.ID), UserID: core.ID(row.UserID),
		Device: origin.Device{
			UserAgent: row.UserAgent, Kind: row.DeviceKind, Browser: row.Browser, OS: row.OS,
			IP: row.IP, Location: row.Location,
		},
		Factors: decodeList(row.Factors), AuthTime: time.Time(row.AuthTime), CreatedAt: time.Time(row.CreatedAt), LastUsedAt: time.Time(row.LastUsedAt),
		IdleExpiresAt: time.Time(row.IdleExpiresAt), ExpiresAt: time.Time(row.ExpiresAt),
		EndedAt: presentTime(row.EndedAt), EndReason: session.EndReason(present(row.EndReason)),
		Chain: session.Chain{
			Generation: row.Generation, Nonce: session.Nonce(row.Nonce), Branches: row.Branches,
			RotatedAt: time.Time(row.RotatedAt), UsedNonce: session.Nonce(row.UsedNonce), UsedBranch: row.UsedBranch,
		},
		Rev: row.Rev,
	}
}
