package postgres

import (
	"errors"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/core"
)

// each turns rows into values of the domain; no rows are nil.
func each[Row, Value any](rows []Row, to func(Row) Value) []Value {
	if len(rows) == 0 {
		return nil
	}
	values := make([]Value, len(rows))
	for i, row := range rows {
		values[i] = to(row)
	}
	return values
}

// affected is core.ErrNotFound when a statement that names one row found none.
func affected(rows int64, err error) error {
	if err == nil && rows == 0 {
		return core.ErrNotFound
	}
	return translate(err)
}

func conflictWhenMissing(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return core.ErrConflict
	}
	return err
}

// limit32 fits a limit into PostgreSQL's integer.
func limit32(limit int) int32 { return int32(max(0, min(limit, math.MaxInt32))) } //nolint:gosec // bounded
