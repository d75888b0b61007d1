// Package bulktest is the suite that every engine passes which can be filled with many rows at once, and emptied.
package bulktest

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/session"
)

// Engine is what is tested.
type Engine interface {
	BulkUsers(ctx context.Context, users []account.User) error
	BulkSessions(ctx context.Context, sessions []session.Session) error
	BulkDevices(ctx context.Context, devices []device.Device) error
	BulkFactors(ctx context.Context, factors []mfa.Factor) error
	BulkEvents(ctx context.Context, events []audit.Event) error
	Contents(ctx context.Context) (map[string]int64, error)
	Wipe(ctx context.Context) error
}

// Parts are an engine with the stores that show what it did.
type Parts struct {
	Engine     Engine
	Tx         core.Transactor
	Accounts   account.Store
	Devices    device.Store
	Factors    mfa.Store
	History    audit.History
	Catalogues access.Catalogues
}

// site is rows that belong together.
type site struct {
	users    []account.User
	sessions []session.Session
	devices  []device.Device
	factors  []mfa.Factor
	events   []audit.Event
}

// made gives a site of so many users, each with one of everything, in the group.
func made(count int, group core.ID) (made site) {
	for range count {
		user := accounttest.Person("")
		user.Roles, user.Groups = []string{account.RoleAdmin, account.RoleUser}, []core.ID{group}
		user.Protection.SecondFactors = []string{account.FactorEmail}
		made.users = append(made.users, user)
		made.sessions = append(made.sessions, session.Session{
			ID: accounttest.NewID(), UserID: user.ID, AuthTime: coretest.Epoch, CreatedAt: coretest.Epoch,
			LastUsedAt: coretest.Epoch, IdleExpiresAt: coretest.Epoch.Add(time.Hour),
			ExpiresAt: coretest.Epoch.Add(24 * time.Hour), Chain: session.Chain{Branches: 1, RotatedAt: coretest.Epoch},
		})
		made.devices = append(made.devices, device.Device{
			ID: accounttest.NewID(), UserID: user.ID, Digest: secret.TokenDigest(secret.Random(32)),
			CreatedAt: coretest.Epoch, LastUsedAt: coretest.Epoch, ExpiresAt: coretest.Epoch.Add(time.Hour),
		})
		made.factors = append(made.factors, mfa.Factor{
			ID: accounttest.NewID(), UserID: user.ID, Kind: account.FactorEmail, LastStep: -1,
			CreatedAt: coretest.Epoch, ConfirmedAt: coretest.Epoch,
		})
		made.events = append(made.events, audit.Event{
			ID: accounttest.NewID(), At: coretest.Epoch, Action: audit.ActionSignIn, Outcome: audit.Success,
			ActorKind: audit.Person, Actor: user.ID, Subject: user.ID, Metadata: map[string]string{"factor": "pwd"},
			KeepUntil: coretest.Epoch.Add(100 * 365 * 24 * time.Hour),
		})
	}
	return made
}

func (s site) join(other site) site {
	return site{
		slices.Concat(s.users, other.users), slices.Concat(s.sessions, other.sessions), slices.Concat(s.devices, other.devices),
		slices.Concat(s.factors, other.factors), slices.Concat(s.events, other.events),
	}
}

func (p Parts) load(t *testing.T, loaded site) {
	t.Helper()
	coretest.Must(t, p.Engine.BulkUsers(t.Context(), loaded.users))
	coretest.Must(t, p.Engine.BulkSessions(t.Context(), loaded.sessions))
	coretest.Must(t, p.Engine.BulkDevices(t.Context(), loaded.devices))
	coretest.Must(t, p.Engine.BulkFactors(t.Context(), loaded.factors))
	coretest.Must(t, p.Engine.BulkEvents(t.Context(), loaded.events))
}

// group makes a group to be in, with a permission of its own.
func (p Parts) group(t *testing.T) core.ID {
	t.Helper()
	group := access.Group{
		ID: accounttest.NewID(), Name: "Newsroom", Permissions: []string{"articles.read"},
		CreatedAt: coretest.Epoch, UpdatedAt: coretest.Epoch,
	}
	coretest.Must(t, p.Tx.InTx(t.Context(), func(ctx context.Context) error {
		err := p.Catalogues.PutPermission(ctx, access.Permission{
			ID: accounttest.NewID(), Key: "articles.read", Category: "content", CreatedAt: coretest.Epoch,
		})
		if err != nil {
			return err
		}
		if err := p.Catalogues.PutGroup(ctx, group); err != nil {
			return err
		}
		_, err = p.Catalogues.Raise(ctx, coretest.Epoch)
		return err
	}))
	return group.ID
}

func (p Parts) contents(t *testing.T) map[string]int64 {
	t.Helper()
	contents, err := p.Engine.Contents(t.Context())
	coretest.Must(t, err)
	maps.DeleteFunc(contents, func(_ string, count int64) bool { return count == 0 })
	return contents
}

// Contract tests an engine. open gives an empty, migrated one.
func Contract(t *testing.T, open func(t *testing.T) Parts) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Parts){
		"gives back what was loaded":         givesBack,
		"loads a second time what is new":    goesOn,
		"leaves out what belongs to nobody":  leavesOut,
		"is emptied to what migrations made": empties,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func givesBack(t *testing.T, p Parts) {
	group := p.group(t)
	loaded := made(3, group)
	p.load(t, loaded)
	p.load(t, site{})
	for i, want := range loaded.users {
		found, err := p.Accounts.Find(t.Context(), want.ID)
		coretest.Must(t, err)
		coretest.Equal(t, want, found)
		devices, err := p.Devices.List(t.Context(), want.ID, coretest.Epoch, core.Page{Limit: 10})
		coretest.Must(t, err)
		coretest.Equal(t, loaded.devices[i:i+1], devices)
		factors, err := p.Factors.List(t.Context(), want.ID)
		coretest.Must(t, err)
		coretest.Equal(t, loaded.factors[i:i+1], factors)
		event, err := p.History.Get(t.Context(), loaded.events[i].ID)
		coretest.Must(t, err)
		coretest.Equal(t, loaded.events[i], event)
	}
}

// An order that was cut off between and within batches goes on, and one that is done adds nothing.
func goesOn(t *testing.T, p Parts) {
	group := p.group(t)
	first, rest := made(3, group), made(4, group)
	p.load(t, first)
	both := first.join(rest)
	p.load(t, both)
	once := p.contents(t)
	p.load(t, both)
	coretest.Equal(t, once, p.contents(t))
	for _, want := range both.users {
		found, err := p.Accounts.Find(t.Context(), want.ID)
		coretest.Must(t, err)
		coretest.Equal(t, want, found)
	}
}

// A user whose address is another's is left out with all of theirs, and the rest of the batch is not.
func leavesOut(t *testing.T, p Parts) {
	group := p.group(t)
	there, loaded := made(1, group), made(2, group)
	p.load(t, there)
	loaded.users[0].EmailKey = there.users[0].EmailKey
	p.load(t, loaded)
	_, err := p.Accounts.Find(t.Context(), loaded.users[0].ID)
	coretest.Refused(t, err, core.ErrNotFound)
	for i, want := range []int{0, 1} {
		devices, err := p.Devices.List(t.Context(), loaded.users[i].ID, coretest.Epoch, core.Page{Limit: 10})
		coretest.Must(t, err)
		coretest.Equal(t, want, len(devices))
		factors, err := p.Factors.List(t.Context(), loaded.users[i].ID)
		coretest.Must(t, err)
		coretest.Equal(t, want, len(factors))
	}
}

// The audit log, which refuses everybody else, included.
func empties(t *testing.T, p Parts) {
	fresh := p.contents(t)
	p.load(t, made(3, p.group(t)))
	if full := p.contents(t); len(full) < 7 {
		t.Fatalf("contents: %v", full)
	}
	coretest.Must(t, p.Engine.Wipe(t.Context()))
	left := p.contents(t)
	for table := range left {
		if !slices.Contains(slices.Collect(maps.Keys(fresh)), table) {
			t.Errorf("%d rows are left in %s", left[table], table)
		}
	}
	var catalogue *access.Catalogue
	coretest.Must(t, p.Tx.InTx(t.Context(), func(ctx context.Context) (err error) {
		catalogue, err = p.Catalogues.Hold(ctx)
		return err
	}))
	coretest.Equal(t, 3, len(catalogue.Roles))
	coretest.Equal(t, 0, len(catalogue.Groups))
	if slices.ContainsFunc(catalogue.Permissions, func(known access.Permission) bool { return !known.System }) {
		t.Error("permissions of the product are left")
	}
	p.load(t, made(1, p.group(t))) // it can be filled anew
}
