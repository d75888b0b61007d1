package sqlite

import (
	"context"
	"database/sql"
)

// prepared runs the statements of a transaction that repeats a few of them very often: each is compiled
// once. Close it before the transaction ends.
type prepared struct {
	*sql.Tx
	statements map[string]*sql.Stmt
}

func newPrepared(tx *sql.Tx) *prepared { return &prepared{Tx: tx, statements: map[string]*sql.Stmt{}} }

func (p *prepared) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if statement, known := p.statements[query]; known {
		return statement, nil
	}
	statement, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p.statements[query] = statement
	return statement, nil
}

// ExecContext implements litedb.DBTX.
func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	statement, err := p.statement(ctx, query) //nolint:sqlclosecheck // Close closes them all
	if err != nil {
		return nil, err
	}
	return statement.ExecContext(ctx, args...)
}

// QueryRowContext implements litedb.DBTX.
func (p *prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	statement, err := p.statement(ctx, query) //nolint:sqlclosecheck // Close closes them all
	if err != nil {
		return p.Tx.QueryRowContext(ctx, query, args...) // which fails in the same way
	}
	return statement.QueryRowContext(ctx, args...)
}

// Close forgets the compiled statements.
func (p *prepared) Close() {
	for _, statement := range p.statements {
		_ = statement.Close()
	}
}
