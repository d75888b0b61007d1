package idempotencytest_test

import (
	"testing"

	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/idempotency"
	"github.com/doorward/doorward/core/idempotency/idempotencytest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	idempotencytest.TestStore(t, func(*testing.T) idempotency.Store {
		return idempotencytest.NewMemory(coretest.NewDatabase())
	})
}
