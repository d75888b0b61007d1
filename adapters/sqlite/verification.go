package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/verification"
)

// Intakes is a verification.Intakes.
type Intakes struct{ db *Database }

// Intakes gives the store of requests that wait to be resolved.
func (db *Database) Intakes() *Intakes { return &Intakes{db} }

// Put implements verification.Intakes.
func (i *Intakes) Put(ctx context.Context, intake verification.Intake) error {
	return translate(i.db.writing(ctx).InsertIntake(ctx, litedb.InsertIntakeParams{
		ID: sqltype.ID(intake.ID), Kind: intake.Kind, Payload: intake.Payload, CreatedAt: sqltype.Time(intake.CreatedAt),
	}))
}

// Claim implements verification.Intakes.
func (i *Intakes) Claim(
	ctx context.Context, now time.Time, lease time.Duration, limit int,
) ([]verification.Intake, error) {
	rows, err := i.db.writing(ctx).ClaimIntakes(ctx, litedb.ClaimIntakesParams{
		LeasedUntil: sqltype.Time(now.Add(lease)), Now: sqltype.Time(now), Batch: int64(limit),
	})
	claimed := each(rows, func(row litedb.Intake) verification.Intake {
		return verification.Intake{
			ID: core.ID(row.ID), Kind: row.Kind, Payload: row.Payload, CreatedAt: time.Time(row.CreatedAt), Attempts: int(row.Attempts),
		}
	})
	sortIntakes(claimed)
	return claimed, translate(err)
}

// Done implements verification.Intakes.
func (i *Intakes) Done(ctx context.Context, id core.ID) error {
	return affected(i.db.writing(ctx).DeleteIntake(ctx, sqltype.ID(id)))
}

// Flows is a verification.Flows.
type Flows struct{ db *Database }

// Flows gives the store of code flows.
func (db *Database) Flows() *Flows { return &Flows{db} }

// Start implements verification.Flows.
func (f *Flows) Start(ctx context.Context, flow verification.Flow) error {
	return f.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		if err := queries.PutFlow(ctx, putFlowParams(flow)); err != nil {
			return err
		}
		return queries.ExpireSurplusFlows(ctx, litedb.ExpireSurplusFlowsParams{
			Subject: flow.Subject, Purpose: string(flow.Purpose), Now: sqltype.Time(flow.CreatedAt),
			MaxLive: verification.MaxLive,
		})
	})
}

// Find implements verification.Flows.
func (f *Flows) Find(ctx context.Context, id core.ID) (verification.Flow, error) {
	row, err := f.db.reading(ctx).FindFlow(ctx, sqltype.ID(id))
	return toFlow(row), translate(err)
}

var errTryInTransaction = errors.New("sqlite: a code is tried inside a transaction")

// Try implements verification.Flows.
func (f *Flows) Try(
	ctx context.Context, id core.ID, purpose verification.Purpose, now time.Time,
) (verification.Flow, error) {
	if f.db.current(ctx) != nil {
		return verification.Flow{}, core.Internal(errTryInTransaction)
	}
	var tried litedb.Flow
	err := f.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) (err error) {
		tried, err = queries.TryFlow(ctx, litedb.TryFlowParams{
			ID: sqltype.ID(id), Purpose: string(purpose), Now: sqltype.Time(now),
			MaxTries: verification.MaxTries, MaxFailures: int64(purpose.Failures()),
		})
		if err != nil {
			return err
		}
		return queries.SpendBudget(ctx, litedb.SpendBudgetParams{Subject: tried.Subject, Now: sqltype.Time(now)})
	})
	return toFlow(tried), err
}

// Use implements verification.Flows.
func (f *Flows) Use(ctx context.Context, id core.ID, now time.Time) error {
	return f.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		subject, err := queries.CloseFlow(ctx, litedb.CloseFlowParams{ID: sqltype.ID(id), Now: sqltype.Time(now)})
		if err != nil {
			return err
		}
		return queries.ForgetFailures(ctx, subject)
	})
}

// Forgive implements verification.Flows.
func (f *Flows) Forgive(ctx context.Context, subject string) error {
	return translate(f.db.writing(ctx).ForgetFailures(ctx, subject))
}

// KillUser implements verification.Flows.
func (f *Flows) KillUser(ctx context.Context, user core.ID, purposes ...verification.Purpose) error {
	return f.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		for _, purpose := range purposes {
			params := litedb.KillFlowsParams{UserID: optionalID(user), Purpose: string(purpose)}
			if err := queries.KillFlows(ctx, params); err != nil {
				return err
			}
		}
		return nil
	})
}

// Links is a verification.Links.
type Links struct{ db *Database }

// Links gives the store of link digests.
func (db *Database) Links() *Links { return &Links{db} }

// Put implements verification.Links.
func (l *Links) Put(ctx context.Context, link verification.Link) error {
	return translate(l.db.writing(ctx).InsertLink(ctx, litedb.InsertLinkParams{
		Digest: link.Digest[:], Purpose: string(link.Purpose), RegistrationID: optionalID(link.Registration),
		UserID: optionalID(link.User), FlowID: optionalID(link.Flow), Detail: link.Detail,
		CreatedAt: sqltype.Time(link.CreatedAt), ExpiresAt: sqltype.Time(link.ExpiresAt),
	}))
}

// Find implements verification.Links.
func (l *Links) Find(
	ctx context.Context, digest secret.TokenDigest, purpose verification.Purpose, now time.Time,
) (verification.Link, error) {
	return toLink(l.db.reading(ctx).FindLink(ctx, litedb.FindLinkParams{
		Digest: digest[:], Purpose: string(purpose), Now: sqltype.Time(now),
	}))
}

// Use implements verification.Links.
func (l *Links) Use(
	ctx context.Context, digest secret.TokenDigest, purpose verification.Purpose, now time.Time,
) (verification.Link, error) {
	return toLink(l.db.writing(ctx).TakeLink(ctx, litedb.TakeLinkParams{
		Digest: digest[:], Purpose: string(purpose), Now: sqltype.Time(now),
	}))
}

// KillUser implements verification.Links.
func (l *Links) KillUser(ctx context.Context, user core.ID, purposes ...verification.Purpose) error {
	return l.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		for _, purpose := range purposes {
			params := litedb.KillLinksParams{UserID: optionalID(user), Purpose: string(purpose)}
			if err := queries.KillLinks(ctx, params); err != nil {
				return err
			}
		}
		return nil
	})
}

// KillSince implements verification.Links.
func (l *Links) KillSince(ctx context.Context, user core.ID, purpose verification.Purpose, since time.Time) error {
	return translate(l.db.writing(ctx).KillLinksSince(ctx, litedb.KillLinksSinceParams{
		UserID: optionalID(user), Purpose: string(purpose), Since: sqltype.Time(since),
	}))
}

func putFlowParams(flow verification.Flow) litedb.PutFlowParams {
	return litedb.PutFlowParams{
		ID: sqltype.ID(flow.ID), Purpose: string(flow.Purpose), Subject: flow.Subject,
		RegistrationID: optionalID(flow.Registration), UserID: optionalID(flow.User),
		Digest: flow.Digest, Detail: flow.Detail, Tries: int64(flow.Tries),
		CreatedAt: sqltype.Time(flow.CreatedAt), ExpiresAt: sqltype.Time(flow.ExpiresAt),
	}
}

func toFlow(row litedb.Flow) verification.Flow {
	return verification.Flow{
		ID: core.ID(row.ID), Purpose: verification.Purpose(row.Purpose), Subject: row.Subject,
		Registration: core.ID(present(row.RegistrationID)), User: core.ID(present(row.UserID)),
		Digest: row.Digest, Detail: row.Detail, Tries: int(row.Tries),
		CreatedAt: time.Time(row.CreatedAt), ExpiresAt: time.Time(row.ExpiresAt),
	}
}

func toLink(row litedb.Link, err error) (verification.Link, error) {
	if err != nil {
		return verification.Link{}, translate(err)
	}
	return verification.Link{
		Digest: secret.TokenDigest(row.Digest), Purpose: verification.Purpose(row.Purpose),
		Registration: core.ID(present(row.RegistrationID)), User: core.ID(present(row.UserID)), Flow: core.ID(present(row.FlowID)),
		Detail: row.Detail, CreatedAt: time.Time(row.CreatedAt), ExpiresAt: time.Time(row.ExpiresAt),
	}, nil
}
