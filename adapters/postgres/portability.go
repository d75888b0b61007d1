package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/portability"
)

// Portability is a portability.Store.
type Portability struct{ db *Database }

// Portability gives the store of imports and exports.
func (db *Database) Portability() *Portability { return &Portability{db} }

// Standing implements portability.Store.
func (p *Portability) Standing(
	ctx context.Context, externalIDs, emailKeys, usernameKeys []string,
) (found portability.Standing, err error) {
	err = p.db.together(ctx, func(ctx context.Context) error {
		queries := p.db.queries(ctx)
		rows, err := queries.AccountsByExternalID(ctx, externalIDs)
		if err != nil {
			return err
		}
		marks, err := queries.ImportedByExternalID(ctx, externalIDs)
		if err != nil {
			return err
		}
		emails, err := queries.UsersByEmailKey(ctx, emailKeys)
		if err != nil {
			return err
		}
		usernames, err := queries.UsersByUsernameKey(ctx, usernameKeys)
		found = toStanding(rows, marks, emails, usernames)
		return err
	})
	return found, err
}

func toStanding(
	rows []pgdb.Account, marks []pgdb.ImportedUser, emails []pgdb.UsersByEmailKeyRow, usernames []pgdb.UsersByUsernameKeyRow,
) portability.Standing {
	found := portability.Standing{
		Accounts: make(map[string]portability.Known, len(rows)), Emails: make(map[string]core.ID, len(emails)),
		Usernames: make(map[string]core.ID, len(usernames)),
	}
	marked := make(map[core.ID]portability.Mark, len(marks))
	for _, row := range marks {
		marked[row.UserID] = portability.Mark{
			Line: digest(row.LineDigest), Password: digest(row.PasswordDigest), PasswordAt: present(row.PasswordAt),
			EmailKey: row.EmailKey, EmailVerified: row.EmailVerified, ExternalID: row.ExternalID, Severed: row.Severed,
		}
	}
	for _, row := range rows {
		user := toUser(row)
		mark, stands := marked[user.ID]
		found.Accounts[user.ExternalID] = portability.Known{User: user, Mark: mark, Marked: stands}
	}
	for _, row := range emails {
		found.Emails[row.EmailKey] = row.ID
	}
	for _, row := range usernames {
		found.Usernames[present(row.UsernameKey)] = row.ID
	}
	return found
}

// digest reads a column that is null for none.
func digest(column []byte) (read portability.Digest) {
	copy(read[:], column)
	return read
}

func optionalDigest(told portability.Digest) []byte {
	if told == (portability.Digest{}) {
		return nil
	}
	return told[:]
}

var (
	importedColumns = []string{
		"user_id", "line_digest", "password_digest", "password_at", "email_key", "email_verified", "external_id", "severed",
	}
	importedRoleColumns = []string{"user_id", "role", "assigned_by", "assigned_at"}
)

// Add implements portability.Store, by COPY: three statements for any number of accounts.
func (p *Portability) Add(ctx context.Context, accounts []portability.Imported, events ...audit.Event) error {
	return p.db.guarded(ctx, func(ctx context.Context) error {
		users, roles, marks := make([][]any, len(accounts)), make([][]any, 0, len(accounts)), make([][]any, len(accounts))
		for i, each := range accounts {
			users[i] = userRow(each.User)
			for _, role := range each.User.Roles {
				roles = append(roles, []any{each.User.ID, role, optionalID(each.By), each.At})
			}
			marks[i] = []any{
				each.User.ID, each.Mark.Line[:], optionalDigest(each.Mark.Password), optionalTime(each.Mark.PasswordAt),
				each.Mark.EmailKey, each.Mark.EmailVerified, each.Mark.ExternalID, each.Mark.Severed,
			}
		}
		for _, table := range []struct {
			name    string
			columns []string
			rows    [][]any
		}{{"users", userColumns, users}, {"user_roles", importedRoleColumns, roles}, {"imported_users", importedColumns, marks}} {
			_, err := p.db.current(ctx).CopyFrom(ctx, pgx.Identifier{table.name}, table.columns, pgx.CopyFromRows(table.rows))
			if err != nil {
				return err
			}
		}
		return p.db.Audit().Append(ctx, events...)
	})
}

// Remember implements portability.Store.
func (p *Portability) Remember(ctx context.Context, id core.ID, mark portability.Mark) error {
	changed, err := p.db.queries(ctx).UpdateImported(ctx, pgdb.UpdateImportedParams{
		UserID: id, LineDigest: mark.Line[:], PasswordDigest: optionalDigest(mark.Password),
		PasswordAt: optionalTime(mark.PasswordAt), EmailKey: mark.EmailKey, EmailVerified: mark.EmailVerified,
		Severed: mark.Severed,
	})
	if err == nil && changed == 0 {
		err = core.ErrNotFound
	}
	return translate(err)
}

// Sever implements portability.Store.
func (p *Portability) Sever(ctx context.Context, id core.ID) error {
	return translate(p.db.queries(ctx).SeverImported(ctx, id))
}

// Page implements portability.Store.
func (p *Portability) Page(ctx context.Context, after core.ID, limit int) ([]account.User, error) {
	rows, err := p.db.queries(ctx).ExportPage(ctx, pgdb.ExportPageParams{AfterID: after, PageLimit: limit32(limit)})
	return each(rows, toExported), translate(err)
}

func toExported(row pgdb.ExportPageRow) account.User {
	return account.User{
		ID: row.ID, ExternalID: present(row.ExternalID), Email: row.Email, Username: present(row.Username),
		Profile:       account.Profile{Name: row.Name, Phone: row.Phone},
		EmailVerified: row.EmailVerified, Password: account.PasswordHash(present(row.PasswordHash)),
		MustReset: row.MustReset, CreatedAt: row.CreatedAt, Roles: row.Roles,
	}
}
