package dashboard_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/dashboard"
)

// drawn are figures as a test has drawn them.
type drawn struct {
	counts  map[dashboard.Metric][]dashboard.Count
	opened  []time.Time
	entered []time.Time
	recent  []dashboard.SignIn
	err     error
}

func (d drawn) Counts(_ context.Context, metrics ...dashboard.Metric) (map[dashboard.Metric][]dashboard.Count, error) {
	counts := map[dashboard.Metric][]dashboard.Count{}
	for _, metric := range metrics {
		counts[metric] = d.counts[metric]
	}
	return counts, d.err
}

func (d drawn) Before(_ context.Context, series dashboard.Series, instants []time.Time) ([]int64, error) {
	happened := d.opened
	if series == dashboard.SignIns {
		happened = d.entered
	}
	before := make([]int64, len(instants))
	for i := range instants {
		for _, at := range happened {
			if at.Before(instants[i]) {
				before[i]++
			}
		}
	}
	return before, d.err
}

func (d drawn) RecentSignIns(_ context.Context, limit int) ([]dashboard.SignIn, error) {
	return d.recent[:min(limit, len(d.recent))], d.err
}

// roles and groups of the deployment.
type catalogue struct{ access.Content }

func (c catalogue) Catalogue(context.Context) (*access.Catalogue, error) {
	return access.Compile(c.Content), nil
}

var readers = access.Group{ID: accounttest.NewID(), Name: "readers"}

func service(figures dashboard.Figures) *dashboard.Service {
	return dashboard.NewService(dashboard.Deps{
		Figures: figures, Clock: coretest.NewClock(),
		Catalogue: catalogue{access.Content{
			Roles:  []access.Role{{Name: account.RoleAdmin}, {Name: account.RoleUser}},
			Groups: []access.Group{readers, {Name: "writers"}},
		}},
	})
}

func ago(d time.Duration) time.Time { return coretest.Epoch.Add(-d) }

var some = drawn{
	counts: map[dashboard.Metric][]dashboard.Count{
		dashboard.ByStatus:       {{"deleted", 1}, {"active", 5}},
		dashboard.BySource:       {{"imported", 2}, {"registered", 4}},
		dashboard.ByAuth:         {{"password", 5}, {"none", 1}},
		dashboard.BySecondFactor: {{"any", 3}, {"email", 2}, {"totp", 2}},
		dashboard.ByCountry:      {{"", 3}, {"AT", 2}, {"GB", 1}},
		dashboard.ByLanguage:     {{"de", 6}},
		dashboard.ByRole:         {{account.RoleUser, 6}, {"GONE", 1}},
		dashboard.ByGroup:        {{readers.ID.String(), 2}},
	},
	opened:  []time.Time{ago(time.Minute), ago(23 * time.Hour), ago(6 * 24 * time.Hour), ago(29 * 24 * time.Hour), ago(31 * 24 * time.Hour)},
	entered: []time.Time{ago(0), ago(2 * 24 * time.Hour)},
	recent:  make([]dashboard.SignIn, 120),
}

func same[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestBreakdowns(t *testing.T) {
	t.Parallel()
	for metric, want := range map[dashboard.Metric]dashboard.Breakdown{
		dashboard.ByStatus: {
			Items: []dashboard.Count{{"active", 5}, {"deleted", 1}, {"deactivated", 0}, {"suspended", 0}}, Total: 6,
		},
		dashboard.BySource: {
			Items: []dashboard.Count{{"registered", 4}, {"imported", 2}, {"created", 0}, {"invited", 0}, {"seeded", 0}}, Total: 6,
		},
		dashboard.ByCountry:  {Items: []dashboard.Count{{"", 3}, {"AT", 2}, {"GB", 1}}, Total: 6},
		dashboard.ByLanguage: {Items: []dashboard.Count{{"de", 6}}, Total: 6},
	} {
		got, err := service(some).Breakdown(t.Context(), metric)
		coretest.Must(t, err)
		want.AsOf = coretest.Epoch
		same(t, string(metric), want, got)
	}
}

func TestBreakdownIsBounded(t *testing.T) {
	t.Parallel()
	var counts []dashboard.Count
	for i := range dashboard.BreakdownMax + 2 {
		counts = append(counts, dashboard.Count{Value: fmt.Sprintf("%03d", i), Users: int64(i + 1)})
	}
	got, err := service(drawn{counts: map[dashboard.Metric][]dashboard.Count{dashboard.ByLanguage: counts}}).
		Breakdown(t.Context(), dashboard.ByLanguage)
	coretest.Must(t, err)
	if len(got.Items) != dashboard.BreakdownMax || got.Items[0].Users != 252 || got.Other != 1+2 || got.Total != 252*253/2 {
		t.Errorf("%d items from %v, %d others of %d", len(got.Items), got.Items[0], got.Other, got.Total)
	}
}

func TestAuthTypes(t *testing.T) {
	t.Parallel()
	got, err := service(some).AuthTypes(t.Context())
	coretest.Must(t, err)
	same(t, "auth types", dashboard.AuthTypes{
		Password: 5, None: 1, SecondFactor: 3, Kinds: []dashboard.Count{{"email", 2}, {"totp", 2}}, AsOf: coretest.Epoch,
	}, got)
}

func TestOverview(t *testing.T) {
	t.Parallel()
	got, err := service(some).Overview(t.Context())
	coretest.Must(t, err)
	same(t, "overview", dashboard.Overview{
		Users: 6, Statuses: []dashboard.Count{{"active", 5}, {"deleted", 1}, {"deactivated", 0}, {"suspended", 0}}, SecondFactor: 3,
		Opened: dashboard.Lately{Day: 2, Week: 3, Month: 4}, SignIns: dashboard.Lately{Day: 1, Week: 2, Month: 2}, AsOf: coretest.Epoch,
	}, got)
}

func TestGrowth(t *testing.T) {
	t.Parallel()
	got, err := service(some).Growth(t.Context(), dashboard.Span{})
	coretest.Must(t, err)
	opened := map[int]int64{}
	for i, bucket := range got.Buckets {
		if bucket.Opened > 0 {
			opened[i] = bucket.Opened
		}
	}
	same(t, "opened", map[int]int64{0: 1, 23: 1, 28: 1, 29: 1}, opened)
	last := got.Buckets[29]
	if got.Timezone != "UTC" || got.Interval != dashboard.Daily || got.Buckets[0].Total != 2 || last.Total != 5 {
		t.Errorf("%s by %s, at first %d, at last %d", got.Timezone, got.Interval, got.Buckets[0].Total, last.Total)
	}
}

// TestRoles tells all roles and groups that there are, and no other.
func TestRoles(t *testing.T) {
	t.Parallel()
	got, err := service(some).Roles(t.Context())
	coretest.Must(t, err)
	same(t, "roles", dashboard.Roles{
		Roles:  []dashboard.Holders{{Name: account.RoleAdmin}, {Name: account.RoleUser, Users: 6}},
		Groups: []dashboard.Holders{{ID: readers.ID, Name: "readers", Users: 2}, {Name: "writers"}}, AsOf: coretest.Epoch,
	}, got)
}

func TestRecentSignInsAreBounded(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int]int{-1: 20, 0: 20, 1: 1, 100: 100, 101: 100} {
		got, err := service(some).RecentSignIns(t.Context(), limit)
		coretest.Must(t, err)
		same(t, fmt.Sprint("limit ", limit), want, len(got.Items))
	}
}

// TestAllIsEach gives at once what each gives by itself.
func TestAllIsEach(t *testing.T) {
	t.Parallel()
	s, ctx := service(some), t.Context()
	got, err := s.All(ctx)
	coretest.Must(t, err)
	want := dashboard.All{AsOf: coretest.Epoch}
	var errs [9]error
	want.Overview, errs[0] = s.Overview(ctx)
	want.Status, errs[1] = s.Breakdown(ctx, dashboard.ByStatus)
	want.Source, errs[2] = s.Breakdown(ctx, dashboard.BySource)
	want.Auth, errs[3] = s.AuthTypes(ctx)
	want.Country, errs[4] = s.Breakdown(ctx, dashboard.ByCountry)
	want.Language, errs[5] = s.Breakdown(ctx, dashboard.ByLanguage)
	want.Growth, errs[6] = s.Growth(ctx, dashboard.Span{})
	want.Roles, errs[7] = s.Roles(ctx)
	want.SignIns, errs[8] = s.RecentSignIns(ctx, 0)
	coretest.Must(t, errors.Join(errs[:]...))
	same(t, "all", want, got)
}

// TestFiguresThatAreAway passes on what the store says.
func TestFiguresThatAreAway(t *testing.T) {
	t.Parallel()
	s := service(drawn{err: core.Unavailable(errors.New("away"))})
	for name, ask := range map[string]func(ctx context.Context) error{
		"overview": func(ctx context.Context) error { _, err := s.Overview(ctx); return err },
		"status":   func(ctx context.Context) error { _, err := s.Breakdown(ctx, dashboard.ByStatus); return err },
		"auth":     func(ctx context.Context) error { _, err := s.AuthTypes(ctx); return err },
		"growth":   func(ctx context.Context) error { _, err := s.Growth(ctx, dashboard.Span{}); return err },
		"roles":    func(ctx context.Context) error { _, err := s.Roles(ctx); return err },
		"sign-ins": func(ctx context.Context) error { _, err := s.RecentSignIns(ctx, 1); return err },
		"all":      func(ctx context.Context) error { _, err := s.All(ctx); return err },
	} {
		if err := ask(t.Context()); core.AsError(err).Kind != core.KindUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// pile is a Folder of so many changes.
type pile struct{ left int }

func (p *pile) Fold(_ context.Context, limit int) (int, error) {
	folded := min(limit, p.left)
	p.left -= folded
	return folded, nil
}

func TestFoldAll(t *testing.T) {
	t.Parallel()
	changes := &pile{left: 2*dashboard.FoldMax + 1}
	coretest.Must(t, dashboard.FoldAll(t.Context(), changes))
	same(t, "left", 0, changes.left)
}
