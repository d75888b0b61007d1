package sqlite

import (
	"context"
	"fmt"
	"strings"
)

// kept are the tables that Wipe leaves, in a statement: what migrations write, and the keys that tokens are signed with.
const kept = "('goose_db_version', 'signing_keys', 'catalogue', 'roles', 'permissions', 'role_permissions')"

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
		err := db.scan(ctx, "SELECT count(*) FROM "+table, nil, func(scan func(...any) error) error {
			var count int64
			err := scan(&count)
			counts[strings.Fields(table)[0]] = count
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// wipeable gives the names of the tables that Wipe empties, fit to stand in a statement. The figures, which the others
// are counted in, come last.
func (db *Database) wipeable(ctx context.Context) ([]string, error) {
	return db.texts(ctx, `SELECT '"' || name || '"' FROM sqlite_master
		WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT IN `+kept+` ORDER BY name LIKE 'stat_%', name`)
}

// texts gives the one column of a statement.
func (db *Database) texts(ctx context.Context, statement string) (all []string, err error) {
	err = db.scan(ctx, statement, nil, func(scan func(...any) error) error {
		var text string
		err := scan(&text)
		all = append(all, text)
		return err
	})
	return all, err
}

// Wipe removes everything but what migrations write, the signing keys and the schema: all people, all of theirs, the
// audit log, and roles, groups and permissions that are not built in. No server may be at work meanwhile: what it holds
// in memory stays.
func (db *Database) Wipe(ctx context.Context) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		tables, err := db.wipeable(ctx)
		if err != nil {
			return err
		}
		restore, err := db.texts(ctx, "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = 'audit_log_no_delete'")
		if err != nil {
			return err
		}
		statements := []string{"PRAGMA defer_foreign_keys = ON", "DROP TRIGGER audit_log_no_delete"}
		for _, table := range tables {
			statements = append(statements, fmt.Sprintf("DELETE FROM %s", table))
		}
		statements = append(statements, restore...)
		statements = append(statements,
			"DELETE FROM role_permissions WHERE role_id IN (SELECT id FROM roles WHERE NOT system)",
			"DELETE FROM roles WHERE NOT system",
			"DELETE FROM permissions WHERE NOT system",
			"UPDATE roles SET second_factor_since = NULL WHERE second_factor_since IS NOT NULL",
			"UPDATE catalogue SET rev = rev + 1")
		for _, statement := range statements {
			if _, err := db.current(ctx).raw.ExecContext(ctx, statement); err != nil {
				return translate(err)
			}
		}
		return nil
	})
}
