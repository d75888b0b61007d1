package retentiontest

import (
	"context"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/idempotency"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/retention"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/token"
	"github.com/doorward/doorward/core/verification"
)

// Stores is what the suite of retention.Store is run on: the stores of one fresh, empty database.
type Stores struct {
	Tx            core.Transactor
	Retention     retention.Store
	Accounts      account.Store
	Registrations account.Registrations
	Sessions      session.Store
	Journal       session.Journal
	Intakes       verification.Intakes
	Flows         verification.Flows
	Links         verification.Links
	Outbox        mail.Outbox
	Mailbox       mail.Mailbox
	Keys          token.KeyStore
	Audit         audit.Log
	Tries         lockout.Tries
	Devices       device.Store
	Factors       mfa.Store
	Idempotency   idempotency.Store
	Tokens        apitoken.Tokens
	Services      apitoken.ServiceAccounts
	ServiceKeys   apitoken.Keys
}

// Open makes fresh stores for one case, and closes them in t.Cleanup.
type Open func(t *testing.T) Stores

const hour = time.Hour

func at(after time.Duration) time.Time { return coretest.Epoch.Add(after) }

// expiring adds one thing of every kind that expires at the instant, which is a minute after the epoch at
// the earliest.
var expiring = map[retention.Kind]func(t *testing.T, s Stores, when time.Time){
	retention.KindSessions:      expiringSession,
	retention.KindFlows:         expiringFlow,
	retention.KindLinks:         expiringLink,
	retention.KindIntakes:       expiringIntake,
	retention.KindRegistrations: expiringRegistration,
	retention.KindAccounts:      expiringAccount,
	retention.KindMail:          expiringMail,
	retention.KindMailbox:       expiringMessage,
	retention.KindJournal:       expiringChange,
	retention.KindSigningKeys:   expiringKey,
	retention.KindAudit:         expiringEvent,
	retention.KindTries:         restingTries,
	retention.KindDevices:       expiringDevice,
	retention.KindFactors:       pendingFactor,
	retention.KindIdempotency:   expiringKeyOfCall,
	retention.KindTokens:        expiringToken,
	retention.KindServiceKeys:   expiringServiceKey,
}

// TestStore is the contract of retention.Store, for every kind.
func TestStore(t *testing.T, open Open) {
	t.Helper()
	for kind, add := range expiring {
		t.Run(string(kind), func(t *testing.T) {
			coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
				"sweeps what expired before": func(t *testing.T, s Stores) { sweepsExpired(t, s, kind, add) },
				"sweeps in batches":          func(t *testing.T, s Stores) { sweepsBatches(t, s, kind, add) },
				"many sweepers share":        func(t *testing.T, s Stores) { sweepRace(t, s, kind, add) },
			})
		})
	}
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"an ended session":                  sweepsEnded,
		"a live session stays":              keepsLive,
		"a failed message":                  sweepsFailedMail,
		"a waiting message stays":           keepsQueuedMail,
		"an account goes with all it has":   accountTakesAll,
		"a living account stays":            keepsAccounts,
		"a signing key stays":               keepsKeys,
		"a registration takes its codes":    registrationTakesCodes,
		"a failure count outlives its flow": keepsBudgets,
		"a confirmed factor stays":          keepsFactors,
	})
}

func (s Stores) count(t *testing.T, kind retention.Kind, cutoff time.Time) int64 {
	t.Helper()
	count, err := s.Retention.Count(t.Context(), kind, cutoff)
	coretest.Must(t, err)
	return count
}

func (s Stores) sweep(t *testing.T, kind retention.Kind, cutoff time.Time, limit int) int64 {
	t.Helper()
	count, err := s.Retention.Sweep(t.Context(), kind, cutoff, limit)
	coretest.Must(t, err)
	return count
}

type adder func(t *testing.T, s Stores, when time.Time)

func sweepsExpired(t *testing.T, s Stores, kind retention.Kind, add adder) {
	for _, when := range []time.Duration{hour - time.Microsecond, hour, 2 * hour} {
		add(t, s, at(when))
	}
	coretest.Equal(t, 0, s.count(t, kind, at(hour-time.Microsecond)))
	coretest.Equal(t, 1, s.count(t, kind, at(hour)))
	coretest.Equal(t, 1, s.sweep(t, kind, at(hour), 10))
	coretest.Equal(t, 0, s.sweep(t, kind, at(hour), 10))
	coretest.Equal(t, 2, s.count(t, kind, at(48*hour)))
}

func sweepsBatches(t *testing.T, s Stores, kind retention.Kind, add adder) {
	for range 5 {
		add(t, s, at(hour))
	}
	for _, want := range []int64{2, 2, 1, 0} {
		coretest.Equal(t, want, s.sweep(t, kind, at(2*hour), 2))
	}
}

func sweepRace(t *testing.T, s Stores, kind retention.Kind, add adder) {
	const things, sweepers = 12, 8
	for range things {
		add(t, s, at(hour))
	}
	counts := make([]int64, sweepers)
	coretest.Race(t, sweepers, nil, func(ctx context.Context, i int) (err error) {
		counts[i], err = s.Retention.Sweep(ctx, kind, at(2*hour), 3)
		return err
	})
	total := s.sweep(t, kind, at(2*hour), things) // what sweepers passed over because others held it
	for _, count := range counts {
		total += count
	}
	coretest.Equal(t, things, total)
}

func (s Stores) user(t *testing.T) account.User {
	t.Helper()
	user := accounttest.Person("")
	coretest.Must(t, s.Accounts.Create(t.Context(), user))
	return user
}

func (s Stores) open(t *testing.T, user account.User, idle, absolute time.Time) session.Session {
	t.Helper()
	opened := session.Session{
		ID: accounttest.NewID(), UserID: user.ID, AuthTime: at(0), CreatedAt: at(0), LastUsedAt: at(0),
		IdleExpiresAt: idle, ExpiresAt: absolute, Chain: session.Chain{Branches: 1, RotatedAt: at(0)},
	}
	_, err := s.Sessions.Open(t.Context(), session.Opening{Session: opened, UserRev: user.Rev, Limit: 100})
	coretest.Must(t, err)
	return opened
}

func expiringSession(t *testing.T, s Stores, when time.Time) {
	t.Helper()
	s.open(t, s.user(t), when, at(72*hour))
}

func expiringFlow(t *testing.T, s Stores, when time.Time) {
	t.Helper()
	coretest.Must(t, s.Flows.Start(t.Context(), verification.Flow{
		ID: accounttest.NewID(), Purpose: verification.PurposePasswordReset, Subject: accounttest.NewID().String(),
		Digest: secret.Random(32), CreatedAt: at(0), ExpiresAt: when,
	}))
}

func expiringLink(t *testing.T, s Stores, when time.Time) {
	t.Helper()
	_, digest := secret.NewToken()
	coretest.Must(t, s.Links.Put(t.Context(), verification.Link{
		Digest: digest, Purpose: verification.PurposeRestore, User: s.user(t).ID, CreatedAt: at(0), ExpiresAt: when,
	}))
}

func expiringIntake(t *testing.T, s Stores, when time.Time) {
	t.Helper()
	coretest.Must(t, s.Intakes.Put(t.Context(), verification.Intake{
		ID: accounttest.NewID(), Kind: "register", Payload: []byte{1}, CreatedAt: when,
	}))
}

func expiringRegistration(t *testing.T, s Stores, when time.Time) {
	t.Helper()
	registration := accounttest.Pending("p" + accounttest.NewID().String())
	registration.ExpiresAt = when
	coretest.Must(t, s.Registrations.Put(t.Context(), registration))
}

func expiringAccount(t *testing.T, s Stores, when time.Time) {
	t.Helper()
	user := accounttest.Person("")
	user.Status, user.DeletedAt, user.PurgeAt = account.StatusDeleted, at(0), when
	coretest.Must(t, s.Accounts.Create(t.Context(), user))
}

func (s Stores) post(t *testing.T) core.ID {
	t.Helper()
	id := accounttest.NewID()
	coretest.Must(t, s.Outbox.Put(t.Context(), mail.Envelope{
		ID: id, Kind: mail.KindDeleted, To: "ada@example.com", Payload: []byte{1}, State: mail.StateQueued,
		CreatedAt: at(0), NextAt: at(0),
	}))
	return id
}

func expiringMail(t *testing.T, s Stores, when time.Time) {
	t.Helper()
	coretest.Must(t, s.Outbox.Sent(t.Context(), s.post(t), when))
}

func expiringMessage(t *testing.T, s Stores, when time.Time) {
	t.Helper()
	coretest.Must(t, s.Mailbox.Keep(t.Context(), mail.Caught{
		ID: accounttest.NewID(), Kind: mail.KindDeleted, To: "ada@example.com", Channel: "email", Contents: []byte{1},
		SentAt: when,
	}))
}

func expiringChange(t *testing.T, s Stores, when time.Time) {
	t.Helper()
	user := s.user(t)
	user.UpdatedAt = when
	_, err := s.Accounts.Save(t.Context(), user)
	coretest.Must(t, err)
}

func expiringKey(t *testing.T, s Stores, when time.Time) {
	t.Helper()
	coretest.Must(t, s.Keys.AddKey(t.Context(), token.KeyRecord{
		ID: accounttest.NewID().String(), Algorithm: token.ES256, Public: []byte{1}, Sealed: []byte{1},
		CreatedAt: at(0), ActiveFrom: at(0), RetireAt: when,
	}, false))
}
