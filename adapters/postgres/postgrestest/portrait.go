package postgrestest

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// spareGrowth is how many bytes more than a fresh database one may have and be lent again: rows that are removed
// leave pages behind, and the next test shall not read through them.
const spareGrowth = 4 << 20

// portrait is what a fresh database holds: how its schema looks, and the rows that migrations write. It is kept as
// the comment on the template, because the template itself can be copied only while nobody reads it.
type portrait struct {
	Schema string            `json:"schema"`
	Size   int64             `json:"size"` // bytes
	Tables []string          `json:"tables"`
	Rows   map[string]string `json:"rows"` // of the tables that have any, as COPY writes them
}

func portray(ctx context.Context, address string) (taken portrait, err error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return portrait{}, err
	}
	defer func() { _ = conn.Close(ctx) }()
	if taken.Schema, taken.Size, err = look(ctx, conn); err != nil {
		return portrait{}, err
	}
	rows, err := conn.Query(ctx, `SELECT quote_ident(relname) FROM pg_class
		WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname`)
	if err != nil {
		return portrait{}, err
	}
	if taken.Tables, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return portrait{}, err
	}
	taken.Rows = map[string]string{}
	for _, table := range taken.Tables {
		var text strings.Builder
		if _, err := conn.PgConn().CopyTo(ctx, &text, "COPY "+table+" TO STDOUT"); err != nil {
			return portrait{}, err
		}
		if text.Len() > 0 {
			taken.Rows[table] = text.String()
		}
	}
	return taken, nil
}

// looking gives what changes when somebody changes the schema or a sequence, and the size.
const looking = `SELECT concat_ws(' ',
	(SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_class),
	(SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_attribute),
	(SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_constraint),
	(SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_trigger),
	(SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_proc),
	(SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_index),
	(SELECT count(*) FROM pg_namespace WHERE NOT starts_with(nspname, 'pg_')),
	(SELECT count(*) FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
		WHERE datname = current_database()),
	(SELECT string_agg(concat(sequencename, last_value), ' ' ORDER BY sequencename) FROM pg_sequences)),
	pg_database_size(current_database())`

func look(ctx context.Context, conn *pgx.Conn) (schema string, size int64, err error) {
	err = conn.QueryRow(ctx, looking).Scan(&schema, &size)
	return schema, size, err
}

// restore makes a database fresh again, where its schema still is.
func (p portrait) restore(ctx context.Context, conn *pgx.Conn) (clean bool, err error) {
	schema, size, err := look(ctx, conn)
	if err != nil || schema != p.Schema || size > p.Size+spareGrowth {
		return false, err
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return false, err
	}
	var statements pgx.Batch
	// Neither foreign keys nor triggers, which guard some tables from this very act.
	statements.Queue("SET LOCAL session_replication_role = replica")
	// What the server knows of a test's rows would sway the plans of the next one. Own tables begin at this number.
	statements.Queue("DELETE FROM pg_statistic WHERE starelid >= 16384")
	for _, table := range p.Tables {
		statements.Queue("DELETE FROM " + table)
	}
	if err := tx.SendBatch(ctx, &statements).Close(); err != nil {
		return false, err
	}
	for table, text := range p.Rows {
		if _, err := conn.PgConn().CopyFrom(ctx, strings.NewReader(text), "COPY "+table+" FROM STDIN"); err != nil {
			return false, err
		}
	}
	return true, tx.Commit(ctx)
}
