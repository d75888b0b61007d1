package session_test

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/device/devicetest"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mail/mailtest"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/session/sessiontest"
)

// house is the use cases on stores in memory.
type house struct {
	*testing.T
	*session.Service
	clock    *coretest.Clock
	ids      *core.IDs
	db       *coretest.Database
	accounts *accounttest.Store
	memory   *sessiontest.Memory
	devices  *devicetest.Memory
	outbox   *mailtest.Outbox
	refs     *session.References
	notes    *notes
	cache    *publisher
	deps     session.Deps
}

// notes is an Observer that remembers.
type notes struct {
	mu        sync.Mutex
	refreshed []string
	ended     []session.EndReason
	published []error
}

func (n *notes) Refreshed(result string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refreshed = append(n.refreshed, result)
}

func (n *notes) Ended(reason session.EndReason, sessions int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ended = append(n.ended, slices.Repeat([]session.EndReason{reason}, sessions)...)
}

func (n *notes) Published(_ int, _ time.Duration, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.published = append(n.published, err)
}

// publisher remembers what it was given, unless it is away.
type publisher struct {
	mu      sync.Mutex
	changes []core.Change
	away    error
	hangs   bool
}

func (p *publisher) Publish(ctx context.Context, changes ...core.Change) error {
	if p.hangs {
		<-ctx.Done()
		return core.Unavailable(ctx.Err())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away == nil {
		p.changes = append(p.changes, changes...)
	}
	return p.away
}

type recognizer struct{}

func (recognizer) Recognize(userAgent string) origin.Device {
	if userAgent == "" {
		return origin.Device{}
	}
	return origin.Device{Kind: "desktop", Browser: "Firefox", OS: "Linux"}
}

func newHouse(t *testing.T) *house {
	clock, db := coretest.NewClock(), coretest.NewDatabase()
	ring, err := secret.ParseRing(newKey)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{
		T: t, clock: clock, ids: core.NewIDs(clock), db: db, accounts: accounttest.NewStore(db),
		outbox: mailtest.NewOutbox(db), refs: session.NewReferences(ring, issuer), notes: &notes{}, cache: &publisher{},
	}
	beside := sessiontest.NewBeside(db, h.accounts, h.outbox)
	h.memory, h.devices = sessiontest.NewMemory(db, h.accounts, beside), beside.Devices
	origins := origin.NewReader(recognizer{}, origin.Nowhere{})
	office, log := mail.NewOffice(h.outbox, ring, clock, h.ids), audittest.NewLog(db)
	h.deps = session.Deps{
		Store: h.memory, Ender: h.memory, Lookup: h.memory, Owners: h.accounts, Tx: db,
		Announcer: session.NewAnnouncer(h.cache, db, clock, h.notes, nil),
		Post:      office, Sealer: office, Origins: origins, References: h.refs,
		Trail: audit.NewTrail(audit.Deps{
			Log: log, History: log, Origins: origins, Clock: clock, IDs: h.ids, Logger: core.Discard(),
		}, audit.Config{}),
		Clock: clock, IDs: h.ids, Observer: h.notes,
	}
	h.Service = session.NewService(h.deps, session.DefaultConfig())
	return h
}

func (h *house) Context() context.Context {
	return core.WithClient(h.T.Context(), core.Client{
		IP: netip.MustParseAddr("192.0.2.7"), UserAgent: "Firefox/140\x00\x1b[31m" + string(make([]byte, 1000)),
	})
}

func (h *house) user() account.User {
	h.Helper()
	id := h.ids.New().String()
	user := account.User{
		ID: h.ids.New(), Email: id + "@example.com", EmailKey: id + "@example.com", Status: account.StatusActive,
		Profile: account.Profile{Name: "Zoë", Locale: "sv"}, Roles: []string{account.RoleUser}, Rev: 1,
		Source: account.SourceRegistered, Preferences: account.Preferences{Visibility: account.VisibilityPrivate},
	}
	h.must(h.accounts.Create(h.Context(), user))
	return user
}

func (h *house) suspend(user account.User) {
	h.Helper()
	user.Status = account.StatusSuspended
	_, err := h.accounts.Save(h.Context(), user)
	h.must(err)
}

func (h *house) started(user account.User) session.Session {
	h.Helper()
	started, err := h.Start(h.Context(), user, session.Arrival{Factors: []string{"pwd"}})
	h.must(err)
	return started
}

func (h *house) token(s session.Session) string { return h.refs.Mint(s.Current()) }

func (h *house) caller(s session.Session) core.Principal {
	return core.Principal{UserID: s.UserID, SessionID: s.ID}
}

func (h *house) stored(s session.Session) session.Session {
	h.Helper()
	got, err := h.memory.Find(h.Context(), s.ID)
	h.must(err)
	return got
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) same(what string, got, want any) {
	h.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		h.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// pending is what stands in the journal.
func (h *house) pending() []core.Change {
	h.Helper()
	changes, err := h.db.Pending(h.Context(), h.clock.Now().Add(time.Hour), 1000)
	h.must(err)
	return changes
}

func changed(s session.Session, rev int64) core.Change {
	return core.Change{Subject: core.SubjectSession, ID: s.ID, Rev: rev}
}
