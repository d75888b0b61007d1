package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
)

// TestAnOwnerWhoWaitsCountsAnew lets an owner count the others while one of these loses the role: the count waits for
// them, and then must not go by the role that was there when it began to wait. A lock of the users alone would not do.
func TestAnOwnerWhoWaitsCountsAnew(t *testing.T) {
	t.Parallel()
	address := postgrestest.URL(t)
	db := postgrestest.OpenURL(t, address)
	leaving, waiting := accounttest.Person(""), accounttest.Person("")
	for _, owner := range []*account.User{&leaving, &waiting} {
		owner.Roles = []string{account.RoleOwner}
		coretest.Must(t, db.Accounts().Create(t.Context(), *owner))
	}
	observer, err := pgx.Connect(t.Context(), address)
	coretest.Must(t, err)
	defer func() { _ = observer.Close(context.WithoutCancel(t.Context())) }()

	counted := make(chan int, 1)
	coretest.Must(t, db.InTx(t.Context(), func(ctx context.Context) error {
		if _, err := db.Accounts().CountOwners(ctx, leaving.ID); err != nil {
			return err
		}
		if _, err := db.Access().Set(ctx, leaving.ID, access.KindRole, nil, coretest.Epoch); err != nil {
			return err
		}
		go func() {
			var others int
			err := db.InTx(t.Context(), func(ctx context.Context) (err error) {
				others, err = db.Accounts().CountOwners(ctx, waiting.ID)
				return err
			})
			if err != nil {
				others = -1
			}
			counted <- others
		}()
		for waits := false; !waits; {
			const anybody = `SELECT EXISTS (SELECT FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock')`
			if err := observer.QueryRow(ctx, anybody).Scan(&waits); err != nil {
				return err
			}
		}
		return nil
	}))
	coretest.Equal(t, 0, <-counted)
}
