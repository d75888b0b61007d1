package retentiontest

import (
	"context"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/retention"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/token"
	"github.com/doorward/doorward/core/verification"
)

func sweepsEnded(t *testing.T, s Stores) {
	user := s.user(t)
	s.open(t, user, at(48*hour), at(72*hour))
	ended := s.open(t, user, at(48*hour), at(72*hour))
	newer := s.open(t, user, at(48*hour), at(72*hour))
	fresh := newer
	fresh.ID, fresh.CreatedAt = accounttest.NewID(), at(hour)
	// The limit ends the two oldest at the new one's CreatedAt.
	_, err := s.Sessions.Open(t.Context(), session.Opening{Session: fresh, UserRev: user.Rev, Limit: 2})
	coretest.Must(t, err)
	coretest.Equal(t, 0, s.sweep(t, retention.KindSessions, at(hour), 10))
	coretest.Equal(t, 2, s.sweep(t, retention.KindSessions, at(hour+time.Microsecond), 10))
	_, err = s.Sessions.Find(t.Context(), ended.ID)
	coretest.Refused(t, err, core.ErrNotFound)
	_, err = s.Sessions.Find(t.Context(), newer.ID)
	coretest.Must(t, err)
}

func keepsLive(t *testing.T, s Stores) {
	opened := s.open(t, s.user(t), at(hour), at(72*hour))
	refreshed, _, err := s.Sessions.Refresh(t.Context(), opened.Current(), session.Rotation{
		Now: at(hour / 2), Window: time.Second, IdleTTL: 24 * hour, Nonce: session.Nonce(secret.Random(16)),
	})
	coretest.Must(t, err)
	coretest.Equal(t, 0, s.sweep(t, retention.KindSessions, refreshed.IdleExpiresAt, 10))
	coretest.Equal(t, 1, s.sweep(t, retention.KindSessions, refreshed.IdleExpiresAt.Add(time.Microsecond), 10))
}

func sweepsFailedMail(t *testing.T, s Stores) {
	id := s.post(t)
	_, err := s.Outbox.Claim(t.Context(), at(0), time.Minute, 1)
	coretest.Must(t, err)
	coretest.Must(t, s.Outbox.Fail(t.Context(), id, "no such mailbox"))
	coretest.Equal(t, 1, s.count(t, retention.KindMail, at(hour)))
	coretest.Equal(t, 1, s.sweep(t, retention.KindMail, at(hour), 10))
}

func keepsQueuedMail(t *testing.T, s Stores) {
	s.post(t)
	coretest.Equal(t, 0, s.count(t, retention.KindMail, at(100*hour)))
	coretest.Equal(t, 0, s.sweep(t, retention.KindMail, at(100*hour), 10))
}

func accountTakesAll(t *testing.T, s Stores) {
	user := s.user(t)
	opened := s.open(t, user, at(48*hour), at(72*hour))
	flow := verification.Flow{
		ID: accounttest.NewID(), Purpose: verification.PurposeEmailChange, Subject: user.ID.String(), User: user.ID,
		Digest: secret.Random(32), CreatedAt: at(0), ExpiresAt: at(48 * hour),
	}
	coretest.Must(t, s.Flows.Start(t.Context(), flow))
	_, digest := secret.NewToken()
	link := verification.Link{
		Digest: digest, Purpose: verification.PurposeRestore, User: user.ID, Flow: flow.ID,
		CreatedAt: at(0), ExpiresAt: at(48 * hour),
	}
	coretest.Must(t, s.Links.Put(t.Context(), link))
	user.Status, user.DeletedAt, user.PurgeAt = account.StatusDeleted, at(0), at(hour)
	_, err := s.Accounts.Save(t.Context(), user)
	coretest.Must(t, err)

	coretest.Equal(t, 1, s.sweep(t, retention.KindAccounts, at(2*hour), 10))
	_, err = s.Accounts.Find(t.Context(), user.ID)
	coretest.Refused(t, err, core.ErrNotFound)
	_, err = s.Sessions.Find(t.Context(), opened.ID)
	coretest.Refused(t, err, core.ErrNotFound)
	_, err = s.Flows.Find(t.Context(), flow.ID)
	coretest.Refused(t, err, core.ErrNotFound)
	_, err = s.Links.Find(t.Context(), digest, link.Purpose, at(0))
	coretest.Refused(t, err, core.ErrNotFound)
	coretest.Must(t, s.Accounts.Create(t.Context(), accounttest.Person(user.Username))) // its names are free again
}

func keepsAccounts(t *testing.T, s Stores) {
	user := s.user(t)
	coretest.Equal(t, 0, s.sweep(t, retention.KindAccounts, at(100000*hour), 10))
	_, err := s.Accounts.Find(t.Context(), user.ID)
	coretest.Must(t, err)
}

func keepsKeys(t *testing.T, s Stores) {
	coretest.Must(t, s.Keys.AddKey(t.Context(), token.KeyRecord{
		ID: "signs", Algorithm: token.ES256, Public: []byte{1}, Sealed: []byte{1}, CreatedAt: at(0), ActiveFrom: at(0),
	}, true))
	coretest.Equal(t, 0, s.sweep(t, retention.KindSigningKeys, at(100000*hour), 10))
}

func registrationTakesCodes(t *testing.T, s Stores) {
	registration := accounttest.Pending("ada")
	coretest.Must(t, s.Registrations.Put(t.Context(), registration))
	flow := verification.Flow{
		ID: accounttest.NewID(), Purpose: verification.PurposeRegistration, Subject: registration.EmailKey,
		Registration: registration.ID, Digest: secret.Random(32), CreatedAt: at(0), ExpiresAt: at(48 * hour),
	}
	coretest.Must(t, s.Flows.Start(t.Context(), flow))
	coretest.Equal(t, 1, s.sweep(t, retention.KindRegistrations, at(2*hour), 10))
	_, err := s.Flows.Find(t.Context(), flow.ID)
	coretest.Refused(t, err, core.ErrNotFound)
}

// keepsBudgets spends a subject's budget, sweeps the flows, and finds the budget spent.
func keepsBudgets(t *testing.T, s Stores) {
	user := s.user(t)
	start := func() core.ID {
		flow := verification.Flow{
			ID: accounttest.NewID(), Purpose: verification.PurposePasswordReset, Subject: user.ID.String(), User: user.ID,
			Digest: secret.Random(32), CreatedAt: at(0), ExpiresAt: at(hour),
		}
		coretest.Must(t, s.Flows.Start(t.Context(), flow))
		return flow.ID
	}
	try := func(ctx context.Context, id core.ID) error {
		_, err := s.Flows.Try(ctx, id, verification.PurposePasswordReset, at(0))
		return err
	}
	for range verification.MaxFailures / verification.MaxTries {
		id := start()
		for range verification.MaxTries {
			coretest.Must(t, try(t.Context(), id))
		}
	}
	s.sweep(t, retention.KindFlows, at(100000*hour), 1000)
	coretest.Refused(t, try(t.Context(), start()), core.ErrNotFound)
}
