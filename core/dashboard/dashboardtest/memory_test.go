package dashboardtest_test

import (
	"testing"

	"github.com/doorward/doorward/core/access/accesstest"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/dashboard/dashboardtest"
	"github.com/doorward/doorward/core/mail/mailtest"
	"github.com/doorward/doorward/core/mfa/mfatest"
	"github.com/doorward/doorward/core/retention/retentiontest"
	"github.com/doorward/doorward/core/session/sessiontest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	dashboardtest.TestFigures(t, func(*testing.T) dashboardtest.Stores {
		db := coretest.NewDatabase()
		users := accounttest.NewStore(db)
		catalogue := accesstest.NewMemory(db, users)
		sessions := sessiontest.NewMemory(db, users, sessiontest.NewBeside(db, users, mailtest.NewOutbox(db)))
		factors := mfatest.NewFactors(db, users)
		users.SecondFactors = factors.Kinds
		figures := dashboardtest.NewMemory(db, users, sessions)
		return dashboardtest.Stores{
			Tx: db, Figures: figures, Folder: figures, Users: users, Catalogues: catalogue, Members: catalogue,
			Sessions: sessions, Factors: factors, Retention: retentiontest.NewStore(db),
		}
	})
}
