// Package sql holds the schema of both engines, embedded, and nothing that runs.
//
// Beside it stand the queries that sqlc turns into adapters/postgres/pgdb and adapters/sqlite/litedb:
// queries/ for those whose text both engines share, postgres/queries and sqlite/queries for the rest.
// Migrations are only ever added, never changed, and only go up; each leaves a schema that the release
// before it can still work with, so that replicas are replaced one by one.
package sql

import (
	"embed"
	"io/fs"
)

//go:embed postgres/migrations/*.sql
var postgres embed.FS

//go:embed sqlite/migrations/*.sql
var sqlite embed.FS

// Postgres is the migrations of PostgreSQL 15 and later, as goose reads them.
func Postgres() fs.FS { return sub(postgres, "postgres/migrations") }

// SQLite is the migrations of SQLite, as goose reads them.
func SQLite() fs.FS { return sub(sqlite, "sqlite/migrations") }

func sub(embedded embed.FS, folder string) fs.FS {
	migrations, err := fs.Sub(embedded, folder)
	if err != nil {
		panic(err) // the folder is a constant of this file
	}
	return migrations
}
