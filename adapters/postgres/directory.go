package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/internal/userlist"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/directory"
)

// Directory is a directory.Index.
type Directory struct{ db *Database }

// Directory gives the index of users.
func (db *Database) Directory() *Directory { return &Directory{db} }

var listDialect = userlist.Dialect{
	Numbered: true, Bytewise: ` COLLATE "C"`,
	ID: func(id core.ID) any { return id }, Time: func(at time.Time) any { return at },
}

// Places implements directory.Index.
func (d *Directory) Places(ctx context.Context, listing directory.Listing) ([]directory.Place, error) {
	list := userlist.New(listDialect, listing)
	var counts []int64
	for _, statement := range list.Counts() {
		count, err := listed(ctx, d.db, statement, pgx.RowTo[int64])
		if err != nil {
			return nil, err
		}
		counts = append(counts, count...)
	}
	return listed(ctx, d.db, list.Places(counts), func(row pgx.CollectableRow) (place directory.Place, err error) {
		if listing.Sort.Keyed() {
			return place, row.Scan(&place.ID, &place.Key)
		}
		return place, row.Scan(&place.ID, &place.At)
	})
}

// Search implements directory.Index.
func (d *Directory) Search(
	ctx context.Context, search directory.Search,
) (places []directory.Place, rest directory.Place, err error) {
	return userlist.Find(search, func(after directory.Place) ([]userlist.Candidate, error) {
		return listed(ctx, d.db, userlist.Window(listDialect, search, after), func(row pgx.CollectableRow) (found userlist.Candidate, err error) {
			return found, row.Scan(&found.ID, &found.Source, &found.Key,
				&found.Keys.Email, &found.Keys.Username, &found.Keys.Name, &found.Passes)
		})
	})
}

// Many implements directory.Index.
func (d *Directory) Many(ctx context.Context, ids []core.ID) ([]account.User, error) {
	rows, err := d.db.queries(ctx).AccountsByIDs(ctx, ids)
	return each(rows, toUser), translate(err)
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
