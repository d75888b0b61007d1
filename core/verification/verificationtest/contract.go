package verificationtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/verification"
)

// Stores is what the suites are run on: the stores of one fresh, empty database.
type Stores struct {
	Tx            core.Transactor
	Accounts      account.Store
	Registrations account.Registrations
	Intakes       verification.Intakes
	Flows         verification.Flows
	Links         verification.Links
}

// Open makes fresh stores for one case, and closes them in t.Cleanup.
type Open func(t *testing.T) Stores

// racers is how many run at once in the cases that race; the work asks for twenty at least.
const racers = 32

var errRollback = errors.New("rolled back on purpose")

func at(after time.Duration) time.Time { return coretest.Epoch.Add(after) }

func (s Stores) user(t *testing.T) core.ID {
	t.Helper()
	user := accounttest.Person("")
	coretest.Must(t, s.Accounts.Create(t.Context(), user))
	return user.ID
}

func (s Stores) registration(t *testing.T) account.Registration {
	t.Helper()
	registration := accounttest.Pending("p" + accounttest.NewID().String())
	coretest.Must(t, s.Registrations.Put(t.Context(), registration))
	return registration
}

// undone runs fn in a transaction that is rolled back.
func (s Stores) undone(t *testing.T, fn func(ctx context.Context) error) {
	t.Helper()
	err := s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		if err := fn(ctx); err != nil {
			return err
		}
		return errRollback
	})
	coretest.Refused(t, err, errRollback)
}

// reset is a flow of the user that was started at an instant.
func reset(user core.ID, started time.Time) verification.Flow {
	return verification.Flow{
		ID: accounttest.NewID(), Purpose: verification.PurposePasswordReset, Subject: user.String(), User: user,
		Digest: secret.Random(32), Detail: []byte("detail"),
		CreatedAt: started, ExpiresAt: started.Add(verification.CodeTTL),
	}
}

// decoy is a flow of nobody.
func decoy(subject string) verification.Flow {
	return verification.Flow{
		ID: accounttest.NewID(), Purpose: verification.PurposePasswordReset, Subject: subject, Digest: secret.Random(32),
		CreatedAt: at(0), ExpiresAt: at(verification.CodeTTL),
	}
}

func (s Stores) start(t *testing.T, flow verification.Flow) verification.Flow {
	t.Helper()
	coretest.Must(t, s.Flows.Start(t.Context(), flow))
	return flow
}

func (s Stores) try(t *testing.T, flow verification.Flow, now time.Time) error {
	t.Helper()
	_, err := s.Flows.Try(t.Context(), flow.ID, flow.Purpose, now)
	return err
}
