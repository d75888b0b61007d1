package tokentest_test

import (
	"testing"

	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/token/tokentest"
)

func TestKeyStore(t *testing.T) {
	t.Parallel()
	tokentest.TestKeyStore(t, func(*testing.T) tokentest.Stores {
		db := coretest.NewDatabase()
		return tokentest.Stores{Tx: db, Keys: tokentest.NewKeyStore(db)}
	})
}
