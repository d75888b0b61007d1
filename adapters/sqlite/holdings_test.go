package sqlite_test

import (
	"database/sql"
	"testing"

	"github.com/doorward/doorward/adapters/internal/dossier"
	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/core/portability/portabilitytest"
)

func TestHoldings(t *testing.T) {
	t.Parallel()
	portabilitytest.TestHoldings(t, func(t *testing.T) portabilitytest.Kept {
		db := sqlitetest.Open(t)
		return portabilitytest.Kept{
			Accounts: db.Accounts(), Devices: db.Devices(), Factors: db.Factors(), Codes: db.RecoveryCodes(),
			Outbox: db.Outbox(), Holdings: db.Holdings(),
		}
	})
}

// TestNothingAboutPeopleIsForgotten walks the schema: a new table about people is told to them, or left out on purpose.
func TestNothingAboutPeopleIsForgotten(t *testing.T) {
	t.Parallel()
	columns := schemaOf(t)
	if len(columns) < 100 {
		t.Fatalf("only %d columns were found", len(columns))
	}
	for _, column := range dossier.Untold(columns) {
		t.Errorf("%s is about people: tell it in package dossier, or say why not", column)
	}
}

func schemaOf(t *testing.T) (columns []dossier.SchemaColumn) {
	t.Helper()
	path := sqlitetest.File(t)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // read only
	rows, err := db.QueryContext(t.Context(), `SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // read to its end
	for rows.Next() {
		var column dossier.SchemaColumn
		if err := rows.Scan(&column.Table, &column.Column); err != nil {
			t.Fatal(err)
		}
		columns = append(columns, column)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return columns
}
