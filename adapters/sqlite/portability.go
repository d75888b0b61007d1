package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
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
	queries := p.db.reading(ctx)
	rows, err := queries.AccountsByExternalID(ctx, optionalTexts(externalIDs))
	if err != nil {
		return found, translate(err)
	}
	marks, err := queries.ImportedByExternalID(ctx, optionalTexts(externalIDs))
	if err != nil {
		return found, translate(err)
	}
	emails, err := queries.UsersByEmailKey(ctx, emailKeys)
	if err != nil {
		return found, translate(err)
	}
	usernames, err := queries.UsersByUsernameKey(ctx, optionalTexts(usernameKeys))
	return toStanding(rows, marks, emails, usernames), translate(err)
}

// optionalTexts is what a list for a column that may be null looks like.
func optionalTexts(texts []string) []*string {
	list := make([]*string, len(texts))
	for i := range texts {
		list[i] = &texts[i]
	}
	return list
}

func toStanding(
	rows []litedb.Account, marks []litedb.ImportedUser, emails []litedb.UsersByEmailKeyRow,
	usernames []litedb.UsersByUsernameKeyRow,
) portability.Standing {
	found := portability.Standing{
		Accounts: make(map[string]portability.Known, len(rows)), Emails: make(map[string]core.ID, len(emails)),
		Usernames: make(map[string]core.ID, len(usernames)),
	}
	marked := make(map[core.ID]portability.Mark, len(marks))
	for _, row := range marks {
		marked[core.ID(row.UserID)] = portability.Mark{
			Line: digest(row.LineDigest), Password: digest(row.PasswordDigest), PasswordAt: presentTime(row.PasswordAt),
			EmailKey: row.EmailKey, EmailVerified: row.EmailVerified, ExternalID: row.ExternalID, Severed: row.Severed,
		}
	}
	for _, row := range rows {
		user := toUser(row)
		mark, stands := marked[user.ID]
		found.Accounts[user.ExternalID] = portability.Known{User: user, Mark: mark, Marked: stands}
	}
	for _, row := range emails {
		found.Emails[row.EmailKey] = core.ID(row.ID)
	}
	for _, row := range usernames {
		found.Usernames[present(row.UsernameKey)] = core.ID(row.ID)
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

// Add implements portability.Store. A savepoint makes it all or nothing within a transaction.
func (p *Portability) Add(ctx context.Context, accounts []portability.Imported, events ...audit.Event) error {
	add := func(ctx context.Context) error {
		statements := newPrepared(p.db.current(ctx).raw)
		defer statements.Close()
		queries := litedb.New(statements)
		for _, each := range accounts {
			if err := addImported(ctx, queries, each); err != nil {
				return err
			}
		}
		return record(ctx, queries, events...)
	}
	tx := p.db.current(ctx)
	if tx == nil {
		return p.db.InTx(ctx, add)
	}
	if _, err := tx.raw.ExecContext(ctx, "SAVEPOINT adding"); err != nil {
		return translate(err)
	}
	err := add(ctx)
	if err != nil {
		_, undone := tx.raw.ExecContext(ctx, "ROLLBACK TO adding")
		err = translate(errors.Join(err, undone))
	}
	if _, released := tx.raw.ExecContext(ctx, "RELEASE adding"); released != nil {
		return translate(released)
	}
	return err
}

func addImported(ctx context.Context, queries *litedb.Queries, each portability.Imported) error {
	if err := queries.InsertUser(ctx, insertUserParams(each.User)); err != nil {
		return err
	}
	for _, role := range each.User.Roles {
		if err := queries.InsertRole(ctx, litedb.InsertRoleParams{
			UserID: sqltype.ID(each.User.ID), Role: role, AssignedBy: optionalID(each.By), AssignedAt: sqltype.Time(each.At),
		}); err != nil {
			return err
		}
	}
	return queries.InsertImported(ctx, litedb.InsertImportedParams{
		UserID: sqltype.ID(each.User.ID), LineDigest: each.Mark.Line[:], PasswordDigest: optionalDigest(each.Mark.Password),
		PasswordAt: optionalTime(each.Mark.PasswordAt), EmailKey: each.Mark.EmailKey, EmailVerified: each.Mark.EmailVerified,
		ExternalID: each.Mark.ExternalID, Severed: each.Mark.Severed,
	})
}

// Remember implements portability.Store.
func (p *Portability) Remember(ctx context.Context, id core.ID, mark portability.Mark) error {
	changed, err := p.db.writing(ctx).UpdateImported(ctx, litedb.UpdateImportedParams{
		UserID: sqltype.ID(id), LineDigest: mark.Line[:], PasswordDigest: optionalDigest(mark.Password),
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
	return translate(p.db.writing(ctx).SeverImported(ctx, sqltype.ID(id)))
}

// Page implements portability.Store.
func (p *Portability) Page(ctx context.Context, after core.ID, limit int) ([]account.User, error) {
	rows, err := p.db.reading(ctx).ExportPage(ctx, litedb.ExportPageParams{AfterID: sqltype.ID(after), PageLimit: int64(limit)})
	users := make([]account.User, len(rows))
	for i, row := range rows {
		users[i] = account.User{
			ID: core.ID(row.ID), ExternalID: present(row.ExternalID), Email: row.Email, Username: present(row.Username),
			Profile:       account.Profile{Name: row.Name, Phone: row.Phone},
			EmailVerified: row.EmailVerified, Password: account.PasswordHash(present(row.PasswordHash)),
			MustReset: row.MustReset, CreatedAt: time.Time(row.CreatedAt), Roles: decodeList(row.Roles),
		}
	}
	return users, translate(err)
}
