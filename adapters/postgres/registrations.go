package postgres

import (
	"context"
	"time"

	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// Registrations is an account.Registrations.
type Registrations struct{ db *Database }

// Registrations gives the store of pending registrations.
func (db *Database) Registrations() *Registrations { return &Registrations{db} }

// Put implements account.Registrations.
func (r *Registrations) Put(ctx context.Context, registration account.Registration) error {
	return translate(r.db.queries(ctx).InsertRegistration(ctx, pgdb.InsertRegistrationParams{
		ID: registration.ID, Email: registration.Email, EmailKey: registration.EmailKey,
		Username: optionalText(registration.Username), UsernameKey: optionalText(registration.UsernameKey),
		Name: registration.Profile.Name, Bio: registration.Profile.Bio, ImageURL: registration.Profile.ImageURL,
		Locale: registration.Profile.Locale, Phone: registration.Profile.Phone,
		PasswordHash: optionalText(registration.Password),
		CreatedAt:    registration.CreatedAt, ExpiresAt: registration.ExpiresAt,
	}))
}

// Find implements account.Registrations.
func (r *Registrations) Find(ctx context.Context, id core.ID, now time.Time) (account.Registration, error) {
	row, err := r.db.queries(ctx).FindRegistration(ctx, pgdb.FindRegistrationParams{ID: id, Now: now})
	return toRegistration(row), translate(err)
}

// ByEmail implements account.Registrations.
func (r *Registrations) ByEmail(ctx context.Context, emailKey string, now time.Time) ([]account.Registration, error) {
	rows, err := r.db.queries(ctx).RegistrationsByEmail(ctx, pgdb.RegistrationsByEmailParams{EmailKey: emailKey, Now: now})
	return each(rows, toRegistration), translate(err)
}

// Settle implements account.Registrations.
func (r *Registrations) Settle(ctx context.Context, emailKey string) error {
	return translate(r.db.queries(ctx).SettleRegistrations(ctx, emailKey))
}

func toRegistration(row pgdb.Registration) account.Registration {
	return account.Registration{
		ID: row.ID, Email: row.Email, EmailKey: row.EmailKey,
		Username: present(row.Username), UsernameKey: present(row.UsernameKey),
		Profile: account.Profile{
			Name: row.Name, Bio: row.Bio, ImageURL: row.ImageURL, Locale: row.Locale, Phone: row.Phone,
		},
		Password: account.PasswordHash(present(row.PasswordHash)), CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt,
	}
}
