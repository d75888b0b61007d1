package audittest_test

import (
	"testing"

	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
)

func TestLog(t *testing.T) {
	t.Parallel()
	audittest.TestLog(t, func(*testing.T) audittest.Stores {
		db := coretest.NewDatabase()
		log := audittest.NewLog(db)
		return audittest.Stores{Tx: db, Log: log, History: log}
	})
}
