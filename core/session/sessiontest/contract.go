package sessiontest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/session"
)

// Parts are the stores under test, all on one database, which is empty.
type Parts struct {
	Store    session.Store
	Ender    session.Ender
	Lookup   session.Lookup
	Journal  session.Journal
	Accounts account.Store
	Tx       core.Transactor
	// What a sign-in writes beside its session.
	Devices device.Store
	Tries   lockout.Tries
	History audit.History
	Outbox  mail.Outbox
}

// Open makes fresh parts for one case, and closes them in t.Cleanup.
type Open func(t *testing.T) Parts

// racers is how many run at once in the cases that race.
const racers = 50

// settings of every case.
const (
	window  = 10 * time.Second
	idleTTL = 168 * time.Hour
	maxTTL  = 720 * time.Hour
	limit   = 10
)

// reporter is what a case says its findings to: a *testing.T, or a *rapid.T that shrinks them.
type reporter interface {
	Helper()
	Context() context.Context
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// bench is one case's parts with a clock of its own.
type bench struct {
	Parts
	reporter
	clock *coretest.Clock
	ids   *core.IDs
}

// run runs each case under its name, in parallel with the others, on fresh parts.
func run(t *testing.T, open Open, cases map[string]func(b *bench)) {
	t.Helper()
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newBench(t, open(t)))
		})
	}
}

func newBench(t reporter, parts Parts) *bench {
	clock := coretest.NewClock()
	return &bench{Parts: parts, reporter: t, clock: clock, ids: core.NewIDs(clock)}
}

// must stops the case on an error.
func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// refused checks that err is the wanted one.
func (b *bench) refused(what string, err, want error) {
	b.Helper()
	if !errors.Is(err, want) {
		b.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

// same checks that two values are equal, empty and nil slices alike.
func (b *bench) same(what string, got, want any) {
	b.Helper()
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		b.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// user creates an active account.
func (b *bench) user() account.User {
	b.Helper()
	id := b.ids.New()
	user := account.User{
		ID:            id,
		Email:         id.String() + "@Example.com",
		EmailKey:      id.String() + "@example.com",
		EmailVerified: true,
		Profile:       account.Profile{Name: "Zoë Ångström", Locale: "sv-SE"},
		Status:        account.StatusActive,
		Roles:         []string{account.RoleUser},
		Source:        account.SourceRegistered,
		Preferences:   account.Preferences{Visibility: account.VisibilityPrivate},
		Password:      "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA",
		CreatedAt:     b.clock.Now(),
		UpdatedAt:     b.clock.Now(),
		Rev:           1,
	}
	b.must(b.Accounts.Create(b.Context(), user))
	return user
}

// suspend makes the user inactive and gives it as it then is.
func (b *bench) suspend(user account.User) account.User {
	b.Helper()
	user.Status, user.UpdatedAt = account.StatusSuspended, b.clock.Now()
	change, err := b.Accounts.Save(b.Context(), user)
	b.must(err)
	user.Rev = change.Rev
	return user
}

// fresh is a session of the user that is not stored yet, signed in now.
func (b *bench) fresh(user account.User) session.Session {
	now := b.clock.Now()
	return session.Session{
		ID:     b.ids.New(),
		UserID: user.ID,
		Device: origin.Device{
			UserAgent: "Mozilla/5.0 (Ünïcode; \"quoted\")", Kind: "desktop", Browser: "Firefox", OS: "Linux",
			IP: "2001:db8::1", Location: "Malmö",
		},
		Factors:       []string{"pwd", "otp", "mfa"},
		AuthTime:      now,
		CreatedAt:     now,
		LastUsedAt:    now,
		IdleExpiresAt: now.Add(idleTTL),
		ExpiresAt:     now.Add(maxTTL),
		Chain:         session.Chain{Nonce: nonce(), Branches: 1, RotatedAt: now},
		Rev:           1,
	}
}

// opening is one of a session and nothing beside it.
func opening(opened session.Session, userRev int64, limit int) session.Opening {
	return session.Opening{Session: opened, UserRev: userRev, Limit: limit}
}

func nonce() session.Nonce { return session.Nonce(secret.Random(16)) }

// opened is a session of the user, signed in now.
func (b *bench) opened(user account.User) session.Session {
	b.Helper()
	opened := b.fresh(user)
	_, err := b.Store.Open(b.Context(), opening(opened, user.Rev, limit))
	b.must(err)
	return opened
}

// ended ends a session now.
func (b *bench) ended(s session.Session) {
	b.Helper()
	_, err := b.Ender.End(b.Context(), s.UserID, s.ID, session.EndRevoked, b.clock.Now())
	b.must(err)
}

func (b *bench) rotation() session.Rotation {
	return session.Rotation{Now: b.clock.Now(), Window: window, IdleTTL: idleTTL, Nonce: nonce()}
}

// stored checks that the session is stored as wanted.
func (b *bench) stored(what string, want session.Session) {
	b.Helper()
	got, err := b.Store.Find(b.Context(), want.ID)
	b.must(err)
	b.same(what, got, want)
}

// live lists the user's live sessions.
func (b *bench) live(user account.User) []session.Session {
	b.Helper()
	sessions, err := b.Store.List(b.Context(), user.ID, b.clock.Now(), core.Page{Limit: core.PageLimitMax})
	b.must(err)
	return sessions
}

// pending lists what stands in the journal, in an order that does not depend on it.
func (b *bench) pending() []core.Change {
	b.Helper()
	changes, err := b.Journal.Pending(b.Context(), b.clock.Now().Add(time.Hour), 1000)
	b.must(err)
	return sorted(changes)
}

func sorted(changes []core.Change) []core.Change {
	changes = slices.Clone(changes)
	slices.SortFunc(changes, func(a, b core.Change) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), coretest.CompareIDs(a.ID, b.ID), cmp.Compare(a.Rev, b.Rev))
	})
	return changes
}

func changeOf(s session.Session, rev int64) core.Change {
	return core.Change{Subject: core.SubjectSession, ID: s.ID, Rev: rev}
}

// race runs fn n times at once and waits for all.
func race(n int, fn func(i int)) {
	var wait sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wait.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	wait.Wait()
}

var errRollback = errors.New("rolled back on purpose")

// undone runs fn in a transaction that is rolled back.
func (b *bench) undone(fn func(ctx context.Context) error) {
	b.Helper()
	err := b.Tx.InTx(b.Context(), func(ctx context.Context) error {
		if err := fn(ctx); err != nil {
			return err
		}
		return errRollback
	})
	b.refused("rollback", err, errRollback)
}
