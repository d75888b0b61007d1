package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/doorward/doorward/adapters/postgres/pgdb"
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
	return translate(i.db.queries(ctx).InsertIntake(ctx, pgdb.InsertIntakeParams{
		ID: intake.ID, Kind: intake.Kind, Payload: intake.Payload, CreatedAt: intake.CreatedAt,
	}))
}

// Claim implements verification.Intakes.
func (i *Intakes) Claim(
	ctx context.Context, now time.Time, lease time.Duration, limit int,
) ([]verification.Intake, error) {
	rows, err := i.db.queries(ctx).ClaimIntakes(ctx, pgdb.ClaimIntakesParams{
		LeasedUntil: now.Add(lease), Now: now, Batch: limit32(limit),
	})
	return each(rows, func(row pgdb.ClaimIntakesRow) verification.Intake {
		return verification.Intake{
			ID: row.ID, Kind: row.Kind, Payload: row.Payload, CreatedAt: row.CreatedAt, Attempts: int(row.Attempts),
		}
	}), translate(err)
}

// Done implements verification.Intakes.
func (i *Intakes) Done(ctx context.Context, id core.ID) error {
	return affected(i.db.queries(ctx).DeleteIntake(ctx, id))
}

// Flows is a verification.Flows.
type Flows struct{ db *Database }

// Flows gives the store of code flows.
func (db *Database) Flows() *Flows { return &Flows{db} }

// Start implements verification.Flows.
func (f *Flows) Start(ctx context.Context, flow verification.Flow) error {
	return f.db.guarded(ctx, func(ctx context.Context) error {
		queries := f.db.queries(ctx)
		if err := queries.LockSubject(ctx, flow.Subject); err != nil {
			return err
		}
		if err := queries.PutFlow(ctx, putFlowParams(flow)); err != nil {
			return err
		}
		return queries.ExpireSurplusFlows(ctx, pgdb.ExpireSurplusFlowsParams{
			Subject: flow.Subject, Purpose: string(flow.Purpose), Now: flow.CreatedAt, MaxLive: verification.MaxLive,
		})
	})
}

// Find implements verification.Flows.
func (f *Flows) Find(ctx context.Context, id core.ID) (verification.Flow, error) {
	row, err := f.db.queries(ctx).FindFlow(ctx, id)
	return toFlow(row), translate(err)
}

var errTryInTransaction = errors.New("postgres: a code is tried inside a transaction")

// Try implements verification.Flows.
func (f *Flows) Try(
	ctx context.Context, id core.ID, purpose verification.Purpose, now time.Time,
) (verification.Flow, error) {
	if f.db.current(ctx) != nil {
		return verification.Flow{}, core.Internal(errTryInTransaction)
	}
	row, err := f.db.queries(ctx).TryFlow(ctx, pgdb.TryFlowParams{
		ID: id, Purpose: string(purpose), Now: now,
		MaxTries: verification.MaxTries, MaxFailures: limit32(purpose.Failures()),
	})
	return toFlow(pgdb.Flow(row)), translate(err)
}

// Use implements verification.Flows.
func (f *Flows) Use(ctx context.Context, id core.ID, now time.Time) error {
	return f.db.together(ctx, func(ctx context.Context) error {
		queries := f.db.queries(ctx)
		if err := queries.LockSubjectFlows(ctx, id); err != nil {
			return err
		}
		subject, err := queries.CloseFlow(ctx, pgdb.CloseFlowParams{ID: id, Now: now})
		if err != nil {
			return err
		}
		return queries.ForgetFailures(ctx, subject)
	})
}

// Forgive implements verification.Flows.
func (f *Flows) Forgive(ctx context.Context, subject string) error {
	return translate(f.db.queries(ctx).ForgetFailures(ctx, subject))
}

// KillUser implements verification.Flows.
func (f *Flows) KillUser(ctx context.Context, user core.ID, purposes ...verification.Purpose) error {
	return f.db.together(ctx, func(ctx context.Context) error {
		for _, purpose := range purposes {
			params := pgdb.KillFlowsParams{UserID: &user, Purpose: string(purpose)}
			if err := f.db.queries(ctx).KillFlows(ctx, params); err != nil {
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
	return l.db.guarded(ctx, func(ctx context.Context) error {
		return l.db.queries(ctx).InsertLink(ctx, pgdb.InsertLinkParams{
			Digest: link.Digest[:], Purpose: string(link.Purpose), RegistrationID: optionalID(link.Registration),
			UserID: optionalID(link.User), FlowID: optionalID(link.Flow), Detail: link.Detail,
			CreatedAt: link.CreatedAt, ExpiresAt: link.ExpiresAt,
		})
	})
}

// Find implements verification.Links.
func (l *Links) Find(
	ctx context.Context, digest secret.TokenDigest, purpose verification.Purpose, now time.Time,
) (verification.Link, error) {
	return toLink(l.db.queries(ctx).FindLink(ctx, pgdb.FindLinkParams{
		Digest: digest[:], Purpose: string(purpose), Now: now,
	}))
}

// Use implements verification.Links.
func (l *Links) Use(
	ctx context.Context, digest secret.TokenDigest, purpose verification.Purpose, now time.Time,
) (verification.Link, error) {
	return toLink(l.db.queries(ctx).TakeLink(ctx, pgdb.TakeLinkParams{
		Digest: digest[:], Purpose: string(purpose), Now: now,
	}))
}

// KillUser implements verification.Links.
func (l *Links) KillUser(ctx context.Context, user core.ID, purposes ...verification.Purpose) error {
	return l.db.together(ctx, func(ctx context.Context) error {
		for _, purpose := range purposes {
			params := pgdb.KillLinksParams{UserID: &user, Purpose: string(purpose)}
			if err := l.db.queries(ctx).KillLinks(ctx, params); err != nil {
				return err
			}
		}
		return nil
	})
}

// KillSince implements verification.Links.
func (l *Links) KillSince(ctx context.Context, user core.ID, purpose verification.Purpose, since time.Time) error {
	return translate(l.db.queries(ctx).KillLinksSince(ctx, pgdb.KillLinksSinceParams{
		UserID: &user, Purpose: string(purpose), Since: since,
	}))
}

func putFlowParams(flow verification.Flow) pgdb.PutFlowParams {
	return pgdb.PutFlowParams{
		ID: flow.ID, Purpose: string(flow.Purpose), Subject: flow.Subject,
		RegistrationID: optionalID(flow.Registration), UserID: optionalID(flow.User),
		Digest: flow.Digest, Detail: flow.Detail, Tries: limit32(flow.Tries),
		CreatedAt: flow.CreatedAt, ExpiresAt: flow.ExpiresAt,
	}
}

func toFlow(row pgdb.Flow) verification.Flow {
	return verification.Flow{
		ID: row.ID, Purpose: verification.Purpose(row.Purpose), Subject: row.Subject,
		Registration: present(row.RegistrationID), User: present(row.UserID),
		Digest: row.Digest, Detail: row.Detail, Tries: int(row.Tries),
		CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt,
	}
}

func toLink(row pgdb.Link, err error) (verification.Link, error) {
	if err != nil {
		return verification.Link{}, translate(err)
	}
	return verification.Link{
		Digest: secret.TokenDigest(row.Digest), Purpose: verification.Purpose(row.Purpose),
		Registration: present(row.RegistrationID), User: present(row.UserID), Flow: present(row.FlowID),
		Detail: row.Detail, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt,
	}, nil
}
