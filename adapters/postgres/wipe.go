package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// kept are the tables that Wipe leaves: what migrations write, and the keys that tokens are signed with. The figures
// follow by their triggers.
var kept = []string{
	"goose_db_version", "signing_keys", "catalogue", "roles", "permissions", "role_permissions", "stat_totals", "stat_deltas",
}

// partly are the tables of which Wipe leaves what is built in, with the rest of them that it removes.
var partly = []string{"roles WHERE NOT system", "permissions WHERE NOT system"}

// Contents tells how many rows there are of what Wipe would remove, by table.
func (db *Database) Contents(ctx context.Context) (map[string]int64, error) {
	tables, err := db.wipeable(ctx)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, table := range append(tables, partly...) {
		var count int64
		if err := db.on(ctx).QueryRow(ctx, "SELECT count(*) FROM "+table).Scan(&count); err != nil {
			return nil, translate(err)
		}
		counts[strings.Fields(table)[0]] = count
	}
	return counts, nil
}

// wipeable gives the names of the tables that Wipe empties, fit to stand in a statement.
func (db *Database) wipeable(ctx context.Context) ([]string, error) {
	rows, err := db.on(ctx).Query(ctx, `SELECT quote_ident(relname) FROM pg_class
		WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relname <> ALL($1) ORDER BY relname`, kept)
	if err != nil {
		return nil, translate(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return tables, translate(err)
}

// Wipe removes everything but what migrations write, the signing keys and the schema: all people, all of theirs, the
// audit log, and roles, groups and permissions that are not built in. It asks for the rights of the tables' owner,
// because the audit log refuses everybody else. No server may be at work meanwhile: what it holds in memory stays.
func (db *Database) Wipe(ctx context.Context) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		tables, err := db.wipeable(ctx)
		if err != nil {
			return err
		}
		for _, statement := range []string{
			"ALTER TABLE audit_log DISABLE TRIGGER audit_log_whole",
			fmt.Sprintf("TRUNCATE %s", strings.Join(tables, ", ")),
			"ALTER TABLE audit_log ENABLE TRIGGER audit_log_whole",
			"DELETE FROM role_permissions USING roles WHERE roles.id = role_id AND NOT roles.system",
			"DELETE FROM roles WHERE NOT system",
			"DELETE FROM permissions WHERE NOT system",
			"UPDATE roles SET second_factor_since = NULL WHERE second_factor_since IS NOT NULL",
			"UPDATE catalogue SET rev = rev + 1",
		} {
			if _, err := db.current(ctx).Exec(ctx, statement); err != nil {
				return translate(err)
			}
		}
		return nil
	})
}
