package dashboardtest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/dashboard"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/retention"
	"github.com/doorward/doorward/core/session"
)

// Stores is what the suite is run on: the stores of one fresh, empty database.
type Stores struct {
	Tx         core.Transactor
	Figures    dashboard.Figures
	Folder     dashboard.Folder
	Users      account.Store
	Catalogues access.Catalogues
	Members    access.Memberships
	Sessions   session.Store
	Factors    mfa.Store
	Retention  retention.Store
}

// Open makes fresh stores for one case, and closes them in t.Cleanup.
type Open func(t *testing.T) Stores

// TestFigures runs the suite of dashboard.Figures and dashboard.Folder.
func TestFigures(t *testing.T, open Open) {
	for name, test := range map[string]func(t *testing.T, s Stores){
		"are those of a full count after any history": agreesWithFullCount,
		"are nothing where nothing is":                beginsEmpty,
		"sum quarters of an hour":                     sumsQuarters,
		"keep sign-ins whose sessions are gone":       keepsSignIns,
		"tell the newest sign-ins":                    tellsNewest,
		"are exact while many write and fold":         exactInARace,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func beginsEmpty(t *testing.T, s Stores) {
	counts, err := s.Figures.Counts(t.Context(), metrics...)
	coretest.Must(t, err)
	coretest.Equal(t, map[dashboard.Metric][]dashboard.Count{}, counts)
	before, err := s.Figures.Before(t.Context(), dashboard.Opened, nil)
	coretest.Must(t, err)
	coretest.Equal(t, nil, before)
	newest, err := s.Figures.RecentSignIns(t.Context(), 10)
	coretest.Must(t, err)
	coretest.Equal(t, nil, newest)
}

// metrics are all of them.
var metrics = []dashboard.Metric{
	dashboard.ByStatus, dashboard.BySource, dashboard.ByAuth, dashboard.BySecondFactor, dashboard.ByCountry,
	dashboard.ByLanguage, dashboard.ByRole, dashboard.ByGroup,
}

// failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// bench is what a history has made, beside what the stores say of it.
type bench struct {
	Stores
	ctx      context.Context
	groups   []core.ID
	users    map[core.ID]*account.User
	factors  map[core.ID]mfa.Factor
	sessions []time.Time
}

func newBench(t *testing.T, s Stores) *bench {
	t.Helper()
	b := &bench{Stores: s, ctx: t.Context(), users: map[core.ID]*account.User{}, factors: map[core.ID]mfa.Factor{}}
	for _, name := range []string{"readers", "writers"} {
		id := accounttest.NewID()
		b.groups = append(b.groups, id)
		coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
			if _, err := s.Catalogues.Hold(ctx); err != nil {
				return err
			}
			err := s.Catalogues.PutGroup(ctx, access.Group{
				ID: id, Name: name, CreatedAt: coretest.Epoch, UpdatedAt: coretest.Epoch,
			})
			if err == nil {
				_, err = s.Catalogues.Raise(ctx, coretest.Epoch)
			}
			return err
		}))
	}
	return b
}

// agreesWithFullCount lets random histories happen on one database, and after each counts what there should be.
func agreesWithFullCount(t *testing.T, s Stores) {
	b := newBench(t, s)
	rapid.Check(t, func(t *rapid.T) {
		for range rapid.IntRange(1, 10).Draw(t, "length") {
			b.step(t)
		}
		b.check(t)
	})
}

func must(t failer, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// check counts everything anew.
func (b *bench) check(t failer) {
	t.Helper()
	want := make(map[dashboard.Metric]map[string]int64)
	var opened []time.Time
	for _, user := range b.users {
		opened = append(opened, user.CreatedAt)
		for _, metric := range metrics {
			for _, value := range Values(metric, *user) {
				if want[metric] == nil {
					want[metric] = map[string]int64{}
				}
				want[metric][value]++
			}
		}
	}
	counts, err := b.Figures.Counts(b.ctx, metrics...)
	must(t, err)
	if diff := cmp.Diff(want, byMetric(counts), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("counts (-want +got):\n%s", diff)
	}
	b.checkSeries(t, dashboard.Opened, opened)
	b.checkSeries(t, dashboard.SignIns, b.sessions)
}

func byMetric(counts map[dashboard.Metric][]dashboard.Count) map[dashboard.Metric]map[string]int64 {
	all := make(map[dashboard.Metric]map[string]int64)
	for metric, list := range counts {
		all[metric] = map[string]int64{}
		for _, count := range list {
			all[metric][count.Value] += count.Users
		}
	}
	return all
}

// instants are around everything that histories let happen: on midnights of UTC and of other zones, and off them.
func instants() (all []time.Time) {
	for at := coretest.Epoch.Truncate(dashboard.Quarter).Add(-72 * time.Hour); len(all) < 60; at = at.Add(155 * time.Minute).Truncate(dashboard.Quarter) {
		all = append(all, at)
	}
	return all
}

func (b *bench) checkSeries(t failer, series dashboard.Series, happened []time.Time) {
	t.Helper()
	before, err := b.Figures.Before(b.ctx, series, instants())
	must(t, err)
	if diff := cmp.Diff(Before(happened, instants()), before); diff != "" {
		t.Fatalf("%s before %v (-want +got):\n%s", series, instants(), diff)
	}
}

var errUndone = errors.New("undone")

// step lets one random thing happen, or nearly happen.
func (b *bench) step(t *rapid.T) {
	act := rapid.SampledFrom([]func(context.Context, *rapid.T) (done func(), err error){
		b.create, b.save, b.rehash, b.assignRoles, b.assignGroups, b.addFactor, b.confirmFactor, b.removeFactor, b.signIn, b.purge,
		b.fold,
	}).Draw(t, "act")
	undo := rapid.IntRange(0, 4).Draw(t, "undo") == 0
	var done func()
	err := b.Tx.InTx(b.ctx, func(ctx context.Context) (err error) {
		done, err = act(ctx, t)
		if err == nil && undo {
			return errUndone
		}
		return err
	})
	if undo && errors.Is(err, errUndone) {
		return
	}
	must(t, err)
	done()
}

func nothing() {}

// pick draws one of the users; nil while there is none.
func (b *bench) pick(t *rapid.T) *account.User {
	ids := slices.SortedFunc(maps.Keys(b.users), coretest.CompareIDs)
	if len(ids) == 0 {
		return nil
	}
	return b.users[rapid.SampledFrom(ids).Draw(t, "user")]
}

// around draws an instant within a few days of the epoch.
func around(t *rapid.T) time.Time {
	return coretest.Epoch.Add(time.Duration(rapid.IntRange(-72*60, 72*60).Draw(t, "minutes")) * time.Minute)
}

// vary draws what a user counts as, or leaves it.
func vary(t *rapid.T, user *account.User) {
	user.Profile.Locale = rapid.SampledFrom([]string{"", "en", "en-GB", "de-AT", "zh-Hant-TW"}).Draw(t, "locale")
	user.Country = rapid.SampledFrom([]string{"", "GB", "AT"}).Draw(t, "country")
	user.Password = rapid.SampledFrom([]account.PasswordHash{"", accounttest.Hash}).Draw(t, "password")
	user.Status = rapid.SampledFrom([]account.Status{
		account.StatusActive, account.StatusActive, account.StatusSuspended, account.StatusDeactivated, account.StatusDeleted,
	}).Draw(t, "status")
	user.DeletedAt, user.PurgeAt = time.Time{}, time.Time{}
	if user.Status == account.StatusDeleted {
		user.DeletedAt, user.PurgeAt = coretest.Epoch, coretest.Epoch.Add(time.Hour)
	}
}

func (b *bench) create(ctx context.Context, t *rapid.T) (func(), error) {
	user := accounttest.Person("")
	vary(t, &user)
	user.CreatedAt = around(t)
	user.Source = rapid.SampledFrom([]account.Source{account.SourceRegistered, account.SourceImported}).Draw(t, "source")
	user.Roles = b.roles(t)
	user.Groups = rapid.SampledFrom([][]core.ID{nil, b.groups[:1], b.groups}).Draw(t, "groups")
	return func() { b.users[user.ID] = &user }, b.Users.Create(ctx, user)
}

func (b *bench) roles(t *rapid.T) []string {
	return rapid.SampledFrom([][]string{nil, {account.RoleUser}, {account.RoleAdmin, account.RoleUser}}).Draw(t, "roles")
}

func (b *bench) save(ctx context.Context, t *rapid.T) (func(), error) {
	user := b.pick(t)
	if user == nil {
		return nothing, nil
	}
	changed := *user
	changed.Profile.Bio = "Counts again."
	if rapid.Bool().Draw(t, "varied") {
		vary(t, &changed)
	}
	change, err := b.Users.Save(ctx, changed)
	changed.Rev = change.Rev
	return func() { *user = changed }, err
}

func (b *bench) rehash(ctx context.Context, t *rapid.T) (func(), error) {
	user := b.pick(t)
	if user == nil || user.Password == "" {
		return nothing, nil
	}
	fresh := accounttest.Hash[:len(accounttest.Hash)-1] + "B"
	return func() { user.Password = fresh }, b.Users.Rehash(ctx, user.ID, user.Password, fresh)
}

func (b *bench) assignRoles(ctx context.Context, t *rapid.T) (func(), error) {
	user := b.pick(t)
	if user == nil {
		return nothing, nil
	}
	roles := b.roles(t)
	var members []access.Membership
	for _, role := range roles {
		members = append(members, access.Membership{Role: role, At: coretest.Epoch})
	}
	change, err := b.Members.Set(ctx, user.ID, access.KindRole, members, coretest.Epoch)
	return func() { user.Roles, user.Rev = roles, change.Rev }, err
}

func (b *bench) assignGroups(ctx context.Context, t *rapid.T) (func(), error) {
	user := b.pick(t)
	if user == nil {
		return nothing, nil
	}
	groups := rapid.SampledFrom([][]core.ID{nil, b.groups[1:], b.groups}).Draw(t, "groups")
	var members []access.Membership
	for _, group := range groups {
		members = append(members, access.Membership{Group: group, At: coretest.Epoch})
	}
	change, err := b.Members.Set(ctx, user.ID, access.KindGroup, members, coretest.Epoch)
	return func() { user.Groups, user.Rev = groups, change.Rev }, err
}

func (b *bench) purge(ctx context.Context, _ *rapid.T) (func(), error) {
	_, err := b.Retention.Sweep(ctx, retention.KindAccounts, coretest.Epoch.Add(24*time.Hour), 1000)
	return func() {
		for id, user := range b.users {
			if user.Status == account.StatusDeleted {
				delete(b.users, id)
			}
		}
	}, err
}

func (b *bench) fold(ctx context.Context, t *rapid.T) (func(), error) {
	_, err := b.Folder.Fold(ctx, rapid.IntRange(1, 20).Draw(t, "limit"))
	return nothing, err
}

func opening(user account.User, at time.Time) session.Opening {
	return session.Opening{UserRev: user.Rev, Limit: 10, Session: session.Session{
		ID: accounttest.NewID(), UserID: user.ID, AuthTime: at, CreatedAt: at, LastUsedAt: at,
		Device:        origin.Device{Kind: "desktop", Browser: "Firefox", OS: "Linux", IP: "192.0.2.7", Location: "Boxford, GB"},
		IdleExpiresAt: at.Add(time.Hour), ExpiresAt: at.Add(2 * time.Hour), Chain: session.Chain{Branches: 1, RotatedAt: at},
	}}
}

func (b *bench) signIn(ctx context.Context, t *rapid.T) (func(), error) {
	user := b.pick(t)
	if user == nil || user.Status != account.StatusActive {
		return nothing, nil
	}
	at := around(t)
	_, err := b.Sessions.Open(ctx, opening(*user, at))
	return func() { b.sessions = append(b.sessions, at) }, err
}
