package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/internal/dossier"
	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core/portability/portabilitytest"
)

func TestHoldings(t *testing.T) {
	t.Parallel()
	portabilitytest.TestHoldings(t, func(t *testing.T) portabilitytest.Kept {
		db := postgrestest.Open(t)
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
	conn, err := pgx.Connect(t.Context(), postgrestest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // read to its end
	rows, err := conn.Query(t.Context(), `SELECT c.table_name, c.column_name FROM information_schema.columns c
		JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
		WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'`)
	if err != nil {
		t.Fatal(err)
	}
	columns, err = pgx.CollectRows(rows, pgx.RowToStructByPos[dossier.SchemaColumn])
	if err != nil {
		t.Fatal(err)
	}
	return columns
}
