package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/internal/userlist"
	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/directory"
)

// Directory is a directory.Index and a directory.Keyer.
type Directory struct{ db *Database }

// Directory gives the index of users.
func (db *Database) Directory() *Directory { return &Directory{db} }

var listDialect = userlist.Dialect{
	Numbered: true, Bytewise: ` COLLATE "C"`,
	ID: func(id core.ID) any { return id }, Time: func(at time.Time) any { return at },
}

// Places implements directory.Index.
func (d *Directory) Places(
	ctx context.Context, listing directory.Listing,
) (places []directory.Place, rest directory.Place, err error) {
	return userlist.New(listDialect, listing).Read(func(statement userlist.Statement) (int64, error) {
		counts, err := listed(ctx, d.db, statement, pgx.RowTo[int64])
		if err != nil {
			return 0, err
		}
		return counts[0], nil
	}, func(statement userlist.Statement) ([]userlist.Hit, error) {
		return listed(ctx, d.db, statement, func(row pgx.CollectableRow) (hit userlist.Hit, err error) {
			if listing.Sort.Keyed() {
				return hit, row.Scan(&hit.ID, &hit.Key, &hit.Passes, &hit.Last)
			}
			return hit, row.Scan(&hit.ID, &hit.At, &hit.Passes, &hit.Last)
		})
	})
}

// Search implements directory.Index.
func (d *Directory) Search(
	ctx context.Context, search directory.Search,
) (places []directory.Place, rest directory.Place, err error) {
	return userlist.Search(search, func(after directory.Place, size int) ([]userlist.Hit, error) {
		statement := userlist.SearchWindow(listDialect, search, after, size)
		return listed(ctx, d.db, statement, func(row pgx.CollectableRow) (hit userlist.Hit, err error) {
			return hit, row.Scan(&hit.ID, &hit.Key, &hit.Passes, &hit.Last)
		})
	})
}

// Many implements directory.Index.
func (d *Directory) Many(ctx context.Context, ids []core.ID) ([]account.User, error) {
	rows, err := d.db.queries(ctx).AccountsByIDs(ctx, ids)
	return each(rows, toUser), translate(err)
}

// KeyNames implements directory.Keyer.
func (d *Directory) KeyNames(ctx context.Context, limit int) (keyed int, err error) {
	err = d.db.InTx(ctx, func(ctx context.Context) error {
		queries := d.db.queries(ctx)
		rows, err := queries.UnkeyedNames(ctx, limit32(limit))
		if keyed = len(rows); err != nil || keyed == 0 {
			return err
		}
		given := pgdb.KeyNamesParams{Ids: make([]core.ID, keyed), Keys: make([]string, keyed)}
		for i, row := range rows {
			given.Ids[i], given.Keys[i] = row.ID, account.NameKey(row.Name)
		}
		return queries.KeyNames(ctx, given)
	})
	if err == nil && keyed < limit {
		err = d.db.queries(ctx).ForgetUnkeyedNames(ctx)
	}
	return keyed, translate(err)
}

// listed runs a statement that was made for one request. It is planned for its arguments each time: of a prepared
// statement that is run often PostgreSQL makes one plan for whatever arguments, and which index is good depends on them.
func listed[T any](
	ctx context.Context, db *Database, statement userlist.Statement, scan pgx.RowToFunc[T],
) ([]T, error) {
	var source interface {
		Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	} = db.pool
	if tx := db.current(ctx); tx != nil {
		source = tx
	}
	args := statement.Args
	if !db.config.PgBouncer {
		args = append([]any{pgx.QueryExecModeCacheDescribe}, args...)
	}
	rows, err := source.Query(ctx, statement.SQL, args...)
	if err != nil {
		return nil, translate(err)
	}
	found, err := pgx.CollectRows(rows, scan)
	return found, translate(err)
}
