package sqlite_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/core/idempotency"
	"github.com/doorward/doorward/core/idempotency/idempotencytest"
)

func TestIdempotency(t *testing.T) {
	t.Parallel()
	idempotencytest.TestStore(t, func(t *testing.T) idempotency.Store { return sqlitetest.Open(t).Idempotency() })
}
