package postgres_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core/idempotency"
	"github.com/doorward/doorward/core/idempotency/idempotencytest"
)

func TestIdempotency(t *testing.T) {
	t.Parallel()
	idempotencytest.TestStore(t, func(t *testing.T) idempotency.Store { return postgrestest.Open(t).Idempotency() })
}
