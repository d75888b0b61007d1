package sqlite_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/doorward/doorward/adapters/internal/upgradetest"
	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
	schema "github.com/doorward/doorward/sql"
)

// TestUpgrade migrates what a release without roles has written.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "older.db")
	older, err := sql.Open("sqlite", "file:"+path+"?_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)")
	coretest.Must(t, err)
	provider, err := goose.NewProvider(goose.DialectSQLite3, older, schema.SQLite(), goose.WithDisableGlobalRegistry(true))
	coretest.Must(t, err)
	_, err = provider.UpTo(t.Context(), upgradetest.Release)
	coretest.Must(t, err)
	dialect := upgradetest.Dialect{
		ID:   func(id core.ID) string { return fmt.Sprintf("X'%x'", id[:]) },
		Time: func(at time.Time) string { return strconv.FormatInt(at.UnixMicro(), 10) },
		List: "'[]'", Bytes: "zeroblob(16)",
	}
	users := []account.User{
		upgradetest.Person("Ada Lovelace"), upgradetest.Person("Émile du Châtelet"), upgradetest.Person("Anna Weiß"),
	}
	for _, user := range users {
		for _, statement := range upgradetest.Statements(dialect, user) {
			_, err := older.ExecContext(t.Context(), statement)
			coretest.Must(t, err)
		}
	}
	db := sqlitetest.OpenFile(t, path)
	_, err = db.Migrate(t.Context())
	coretest.Must(t, err)
	upgradetest.Holds(t, upgradetest.Parts{
		Accounts: db.Accounts(), Memberships: db.Access(), Directory: db.Directory(), Keyer: db.Directory(), Figures: db.Figures(),
	}, users...)
	var strays int
	coretest.Must(t, older.QueryRowContext(t.Context(), "SELECT count(*) FROM pragma_foreign_key_check").Scan(&strays))
	coretest.Equal(t, 0, strays)
	coretest.Must(t, older.Close())
}
