package sqlite

import (
	"context"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// Registrations is an account.Registrations.
type Registrations struct{ db *Database }

// Registrations gives the store of pending registrations.
func (db *Database) Registrations() *Registrations { return &Registrations{db} }

// Put implements account.Registrations.
func (r *Registrations) Put(ctx context.Context, registration account.Registration) error {
	return translate(r.db.writing(ctx).InsertRegistration(ctx, litedb.InsertRegistrationParams{
		ID: sqltype.ID(registration.ID), Email: registration.Email, EmailKey: registration.EmailKey,
		Username: optionalText(registration.Username), UsernameKey: optionalText(registration.UsernameKey),
		Name: registration.Profile.Name, Bio: registration.Profile.Bio, ImageURL: registration.Profile.ImageURL,
		Locale: registration.Profile.Locale, Phone: registration.Profile.Phone,
		PasswordHash: optionalText(registration.Password),
		CreatedAt:    sqltype.Time(registration.CreatedAt), ExpiresAt: sqltype.Time(registration.ExpiresAt),
	}))
}

// Find implements account.Registrations.
func (r *Registrations) Find(ctx context.Context, id core.ID, now time.Time) (account.Registration, error) {
	row, err := r.db.reading(ctx).FindRegistration(ctx, litedb.FindRegistrationParams{
		ID: sqltype.ID(id), Now: sqltype.Time(now),
	})
	return toRegistration(row), translate(err)
}

// ByEmail implements account.Registrations.
func (r *Registrations) ByEmail(ctx context.Context, emailKey string, now time.Time) ([]account.Registration, error) {
	rows, err := r.db.reading(ctx).RegistrationsByEmail(ctx, litedb.RegistrationsByEmailParams{
		EmailKey: emailKey, Now: sqltype.Time(now),
	})
	return each(rows, toRegistration), translate(err)
}

// Settle implements account.Registrations.
func (r *Registrations) Settle(ctx context.Context, emailKey string) error {
	return translate(r.db.writing(ctx).SettleRegistrations(ctx, emailKey))
}

func toRegistration(row litedb.Registration) account.Registration {
	return account.Registration{
		ID: core.ID(row.ID), Email: row.Email, EmailKey: row.EmailKey,
		Username: present(row.Username), UsernameKey: present(row.UsernameKey),
		Profile: account.Profile{
			Name: row.Name, Bio: row.Bio, ImageURL: row.ImageURL, Locale: row.Locale, Phone: row.Phone,
		},
		Password: account.PasswordHash(present(row.PasswordHash)), CreatedAt: time.Time(row.CreatedAt), ExpiresAt: time.Time(row.ExpiresAt),
	}
}
