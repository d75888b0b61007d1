package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/doorward/doorward/adapters/internal/userlist"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/directory"
)

// Directory is a directory.Index and a directory.Keyer.
type Directory struct{ db *Database }

// Directory gives the index of users.
func (db *Database) Directory() *Directory { return &Directory{db} }

var listDialect = userlist.Dialect{
	Unindexed: "+",
	ID:        func(id core.ID) any { return sqltype.ID(id) }, Time: func(at time.Time) any { return sqltype.Time(at) },
}

// Places implements directory.Index.
func (d *Directory) Places(
	ctx context.Context, listing directory.Listing,
) (places []directory.Place, rest directory.Place, err error) {
	return userlist.New(listDialect, listing).Read(func(statement userlist.Statement) (int64, error) {
		counts, err := listed(ctx, d.db, statement, func(rows *sql.Rows, count *int64) error { return rows.Scan(count) })
		if err != nil {
			return 0, err
		}
		return counts[0], nil
	}, func(statement userlist.Statement) ([]userlist.Hit, error) {
		return listed(ctx, d.db, statement, func(rows *sql.Rows, hit *userlist.Hit) error {
			if listing.Sort.Keyed() {
				return rows.Scan((*sqltype.ID)(&hit.ID), &hit.Key, &hit.Passes, &hit.Last)
			}
			return rows.Scan((*sqltype.ID)(&hit.ID), (*sqltype.Time)(&hit.At), &hit.Passes, &hit.Last)
		})
	})
}

// Search implements directory.Index.
func (d *Directory) Search(
	ctx context.Context, search directory.Search,
) (places []directory.Place, rest directory.Place, err error) {
	return userlist.Search(search, func(after directory.Place, size int) ([]userlist.Hit, error) {
		statement := userlist.SearchWindow(listDialect, search, after, size)
		return listed(ctx, d.db, statement, func(rows *sql.Rows, hit *userlist.Hit) error {
			return rows.Scan((*sqltype.ID)(&hit.ID), &hit.Key, &hit.Passes, &hit.Last)
		})
	})
}

// Many implements directory.Index.
func (d *Directory) Many(ctx context.Context, ids []core.ID) ([]account.User, error) {
	rows, err := d.db.reading(ctx).AccountsByIDs(ctx, each(ids, func(id core.ID) sqltype.ID { return sqltype.ID(id) }))
	return each(rows, toUser), translate(err)
}

// KeyNames implements directory.Keyer. Its migration made the keys, by account.NameKey, and no older release serves beside
// this one: of a file there is one server.
func (*Directory) KeyNames(context.Context, int) (int, error) { return 0, nil }

// listed runs a statement that was made for one request, on the transaction that ctx carries or beside the writer.
func listed[T any](
	ctx context.Context, db *Database, statement userlist.Statement, scan func(rows *sql.Rows, into *T) error,
) (found []T, err error) {
	var source interface {
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	} = db.reader
	if tx := db.current(ctx); tx != nil {
		source = tx.raw
	}
	rows, err := source.QueryContext(ctx, statement.SQL, statement.Args...)
	if err != nil {
		return nil, translate(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var row T
		if err := scan(rows, &row); err != nil {
			return nil, translate(err)
		}
		found = append(found, row)
	}
	return found, translate(rows.Err())
}
