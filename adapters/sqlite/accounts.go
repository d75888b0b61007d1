package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
)

// Accounts is an account.Store.
type Accounts struct{ db *Database }

// Accounts gives the store of accounts.
func (db *Database) Accounts() *Accounts { return &Accounts{db} }

// Create implements account.Store.
func (a *Accounts) Create(ctx context.Context, user account.User, events ...audit.Event) error {
	return a.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		if err := queries.InsertUser(ctx, insertUserParams(user)); err != nil {
			return err
		}
		for _, role := range user.Roles {
			if err := queries.InsertRole(ctx, litedb.InsertRoleParams{
				UserID: sqltype.ID(user.ID), Role: role, AssignedAt: sqltype.Time(user.CreatedAt),
			}); err != nil {
				return err
			}
		}
		for _, group := range user.Groups {
			member := litedb.InsertGroupMemberParams{
				UserID: sqltype.ID(user.ID), GroupID: sqltype.ID(group), AssignedAt: sqltype.Time(user.CreatedAt),
			}
			if err := queries.InsertGroupMember(ctx, member); err != nil {
				return err
			}
		}
		return record(ctx, queries, events...)
	})
}

// Find implements account.Store.
func (a *Accounts) Find(ctx context.Context, id core.ID) (account.User, error) {
	row, err := a.db.reading(ctx).FindAccount(ctx, sqltype.ID(id))
	return toUser(row), translate(err)
}

// FindByIdentifier implements account.Store.
func (a *Accounts) FindByIdentifier(ctx context.Context, identifier account.Identifier) (account.User, error) {
	if identifier.Kind == account.IdentifierUsername {
		row, err := a.db.reading(ctx).FindAccountByUsername(ctx, &identifier.Key)
		return toUser(row), translate(err)
	}
	row, err := a.db.reading(ctx).FindAccountByEmail(ctx, identifier.Key)
	return toUser(row), translate(err)
}

// Save implements account.Store.
func (a *Accounts) Save(ctx context.Context, user account.User) (core.Change, error) {
	change := core.Change{Subject: core.SubjectUser, ID: user.ID}
	err := a.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) (err error) {
		change.Rev, err = queries.SaveUser(ctx, saveUserParams(user))
		if errors.Is(err, sql.ErrNoRows) {
			return core.ErrConflict
		}
		if err != nil {
			return err
		}
		return journal(ctx, queries, user.UpdatedAt, change)
	})
	if err != nil {
		return core.Change{}, err
	}
	return change, nil
}

// Rehash implements account.Store.
func (a *Accounts) Rehash(ctx context.Context, id core.ID, old, fresh account.PasswordHash) error {
	return translate(a.db.writing(ctx).Rehash(ctx, litedb.RehashParams{
		ID: sqltype.ID(id), Old: optionalText(old), Fresh: optionalText(fresh),
	}))
}

// CountOwners implements account.Store.
func (a *Accounts) CountOwners(ctx context.Context, except core.ID) (int, error) {
	count, err := a.db.reading(ctx).CountOwners(ctx, sqltype.ID(except))
	return int(count), translate(err)
}

// UsernameTaken implements account.Store.
func (a *Accounts) UsernameTaken(ctx context.Context, key string) (bool, error) {
	count, err := a.db.reading(ctx).UsernameTaken(ctx, &key)
	return count > 0, translate(err)
}

func toUser(row litedb.Account) account.User {
	return account.User{
		ID: core.ID(row.ID), Email: row.Email, EmailKey: row.EmailKey, EmailVerified: row.EmailVerified,
		Username: present(row.Username), UsernameKey: present(row.UsernameKey),
		Profile: account.Profile{
			Name: row.Name, Bio: row.Bio, ImageURL: row.ImageURL, Locale: row.Locale, Phone: row.Phone,
		},
		Status: account.Status(row.Status), Roles: decodeList(row.Roles), Groups: decodeIDs(row.GroupIds),
		Source: account.Source(row.Source), ExternalID: present(row.ExternalID), Country: row.Country,
		Preferences: account.Preferences{Theme: row.Theme, Timezone: row.Timezone, Visibility: account.Visibility(row.Visibility)},
		Password:    account.PasswordHash(present(row.PasswordHash)), PasswordChangedAt: presentTime(row.PasswordChangedAt),
		MustReset: row.MustReset, CreatedAt: time.Time(row.CreatedAt), UpdatedAt: time.Time(row.UpdatedAt),
		DeletedAt: presentTime(row.DeletedAt), PurgeAt: presentTime(row.PurgeAt), Rev: row.Rev,
		Protection: account.Protection{
			SecondFactors: decodeList(row.SecondFactors), Required: row.SecondFactorRequired, EnrolBy: presentTime(row.EnrolBy),
			AlwaysAsk: row.AlwaysAsk, Muted: splitList(row.MutedNotices),
		},
	}
}

func insertUserParams(user account.User) litedb.InsertUserParams {
	return litedb.InsertUserParams{
		ID: sqltype.ID(user.ID), Email: user.Email, EmailKey: user.EmailKey, EmailVerified: user.EmailVerified,
		Username: optionalText(user.Username), UsernameKey: optionalText(user.UsernameKey),
		Name: user.Profile.Name, Bio: user.Profile.Bio, ImageURL: user.Profile.ImageURL,
		Locale: user.Profile.Locale, Phone: user.Profile.Phone,
		Status: string(user.Status), PasswordHash: optionalText(user.Password),
		PasswordChangedAt: optionalTime(user.PasswordChangedAt), MustReset: user.MustReset,
		CreatedAt: sqltype.Time(user.CreatedAt), UpdatedAt: sqltype.Time(user.UpdatedAt),
		DeletedAt: optionalTime(user.DeletedAt), PurgeAt: optionalTime(user.PurgeAt), Rev: user.Rev,
		SecondFactorRequired: user.Protection.Required, EnrolBy: optionalTime(user.Protection.EnrolBy),
		AlwaysAsk: user.Protection.AlwaysAsk, MutedNotices: strings.Join(user.Protection.Muted, ","),
		Source: string(cmp.Or(user.Source, account.SourceRegistered)), ExternalID: optionalText(user.ExternalID), Country: user.Country,
		NameKey: account.NameKey(user.Profile.Name), Theme: user.Preferences.Theme, Timezone: user.Preferences.Timezone,
		Visibility: string(cmp.Or(user.Preferences.Visibility, account.VisibilityPrivate)),
	}
}

func saveUserParams(user account.User) litedb.SaveUserParams {
	return litedb.SaveUserParams{
		ID: sqltype.ID(user.ID), Email: user.Email, EmailKey: user.EmailKey, EmailVerified: user.EmailVerified,
		Username: optionalText(user.Username), UsernameKey: optionalText(user.UsernameKey),
		Name: user.Profile.Name, Bio: user.Profile.Bio, ImageURL: user.Profile.ImageURL,
		Locale: user.Profile.Locale, Phone: user.Profile.Phone,
		Status: string(user.Status), PasswordHash: optionalText(user.Password),
		PasswordChangedAt: optionalTime(user.PasswordChangedAt), MustReset: user.MustReset,
		UpdatedAt: sqltype.Time(user.UpdatedAt),
		DeletedAt: optionalTime(user.DeletedAt), PurgeAt: optionalTime(user.PurgeAt), Rev: user.Rev,
		SecondFactorRequired: user.Protection.Required, EnrolBy: optionalTime(user.Protection.EnrolBy),
		AlwaysAsk: user.Protection.AlwaysAsk, MutedNotices: strings.Join(user.Protection.Muted, ","),
		ExternalID: optionalText(user.ExternalID), Country: user.Country,
		NameKey: account.NameKey(user.Profile.Name), Theme: user.Preferences.Theme, Timezone: user.Preferences.Timezone,
		Visibility: string(cmp.Or(user.Preferences.Visibility, account.VisibilityPrivate)),
	}
}

// splitList reads a list whose items hold no comma.
func splitList(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}
