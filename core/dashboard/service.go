package dashboard

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
)

// Deps are what a Service is made of. All are needed.
type Deps struct {
	Figures   Figures
	Catalogue access.Lookup
	Clock     core.Clock
}

// Service is what the dashboards show. Everything is exact as of the instant that it tells: nothing is sampled, estimated
// or kept from an earlier reading.
type Service struct{ deps Deps }

// NewService makes the service.
func NewService(deps Deps) *Service { return &Service{deps} }

// always are the values that are told also where nobody has them.
var always = map[Metric][]string{
	ByStatus: {
		string(account.StatusActive), string(account.StatusSuspended), string(account.StatusDeactivated), string(account.StatusDeleted),
	},
	BySource: {
		string(account.SourceRegistered), string(account.SourceInvited), string(account.SourceCreated),
		string(account.SourceImported), string(account.SourceSeeded),
	},
}

// Breakdown gives the accounts by a metric that every account has one value of: ByStatus, BySource, ByCountry or
// ByLanguage. The errors of Figures.
func (s *Service) Breakdown(ctx context.Context, metric Metric) (Breakdown, error) {
	now := s.deps.Clock.Now()
	counts, err := s.deps.Figures.Counts(ctx, metric)
	if err != nil {
		return Breakdown{}, fmt.Errorf("read counts: %w", err)
	}
	return breakDown(metric, counts[metric], now), nil
}

func breakDown(metric Metric, counts []Count, asOf time.Time) Breakdown {
	broken := Breakdown{Items: withZeros(always[metric], counts), AsOf: asOf}
	for i, item := range broken.Items {
		broken.Total += item.Users
		if i >= BreakdownMax {
			broken.Other += item.Users
		}
	}
	broken.Items = broken.Items[:min(len(broken.Items), BreakdownMax)]
	return broken
}

// withZeros gives the counts, the most first and equal ones by value, and with them the values that nobody has.
func withZeros(values []string, counts []Count) []Count {
	all := slices.Clone(counts)
	for _, value := range values {
		if !slices.ContainsFunc(counts, func(c Count) bool { return c.Value == value }) {
			all = append(all, Count{Value: value})
		}
	}
	slices.SortFunc(all, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Users, a.Users), cmp.Compare(a.Value, b.Value)) })
	return all
}

// AuthTypes gives how accounts can be signed in to. The errors of Figures.
func (s *Service) AuthTypes(ctx context.Context) (AuthTypes, error) {
	now := s.deps.Clock.Now()
	counts, err := s.deps.Figures.Counts(ctx, ByAuth, BySecondFactor)
	if err != nil {
		return AuthTypes{}, fmt.Errorf("read counts: %w", err)
	}
	return authTypes(counts, now), nil
}

func authTypes(counts map[Metric][]Count, asOf time.Time) AuthTypes {
	kinds := slices.DeleteFunc(slices.Clone(counts[BySecondFactor]), func(c Count) bool { return c.Value == AnyFactor })
	return AuthTypes{
		Password: of(counts[ByAuth], AuthPassword), None: of(counts[ByAuth], AuthNone),
		SecondFactor: of(counts[BySecondFactor], AnyFactor), Kinds: withZeros(nil, kinds), AsOf: asOf,
	}
}

// of gives how many have the value.
func of(counts []Count, value string) int64 {
	at := slices.IndexFunc(counts, func(c Count) bool { return c.Value == value })
	if at < 0 {
		return 0
	}
	return counts[at].Users
}

// Overview gives the figures in short. The errors of Figures.
func (s *Service) Overview(ctx context.Context) (Overview, error) {
	now := s.deps.Clock.Now()
	counts, err := s.deps.Figures.Counts(ctx, ByStatus, BySecondFactor)
	if err != nil {
		return Overview{}, fmt.Errorf("read counts: %w", err)
	}
	return s.overview(ctx, counts, now)
}

func (s *Service) overview(ctx context.Context, counts map[Metric][]Count, now time.Time) (Overview, error) {
	broken := breakDown(ByStatus, counts[ByStatus], now)
	overview := Overview{
		Users: broken.Total, Statuses: broken.Items, SecondFactor: of(counts[BySecondFactor], AnyFactor), AsOf: now,
	}
	var err error
	if overview.Opened, err = s.lately(ctx, Opened, now); err == nil {
		overview.SignIns, err = s.lately(ctx, SignIns, now)
	}
	if err != nil {
		return Overview{}, fmt.Errorf("read what happened lately: %w", err)
	}
	return overview, nil
}

// lately counts up to the end of the quarter of an hour that now is in, and back from there.
func (s *Service) lately(ctx context.Context, series Series, now time.Time) (Lately, error) {
	const day = 24 * time.Hour
	ends := now.Truncate(Quarter).Add(Quarter)
	before, err := s.deps.Figures.Before(ctx, series, []time.Time{ends.Add(-30 * day), ends.Add(-7 * day), ends.Add(-day), ends})
	if err != nil {
		return Lately{}, err
	}
	return Lately{Month: before[3] - before[0], Week: before[3] - before[1], Day: before[3] - before[2]}, nil
}

// Roles gives how many have each role and are in each group. The errors of Figures and access.Lookup.
func (s *Service) Roles(ctx context.Context) (Roles, error) {
	now := s.deps.Clock.Now()
	counts, err := s.deps.Figures.Counts(ctx, ByRole, ByGroup)
	if err != nil {
		return Roles{}, fmt.Errorf("read counts: %w", err)
	}
	return s.roles(ctx, counts, now)
}

func (s *Service) roles(ctx context.Context, counts map[Metric][]Count, now time.Time) (Roles, error) {
	catalogue, err := s.deps.Catalogue.Catalogue(ctx)
	if err != nil {
		return Roles{}, fmt.Errorf("read catalogue: %w", err)
	}
	roles := Roles{AsOf: now}
	held := byValue(counts[ByRole])
	for _, role := range catalogue.Roles {
		roles.Roles = append(roles.Roles, Holders{ID: role.ID, Name: role.Name, Users: held[role.Name]})
	}
	held = byValue(counts[ByGroup])
	for _, group := range catalogue.Groups {
		roles.Groups = append(roles.Groups, Holders{ID: group.ID, Name: group.Name, Users: held[group.ID.String()]})
	}
	return roles, nil
}

func byValue(counts []Count) map[string]int64 {
	held := make(map[string]int64, len(counts))
	for _, count := range counts {
		held[count.Value] = count.Users
	}
	return held
}

// RecentSignIns gives the newest sign-ins: SignInsDefault where limit is 0 or less, SignInsMax at the most. The errors of
// Figures.
func (s *Service) RecentSignIns(ctx context.Context, limit int) (RecentSignIns, error) {
	now := s.deps.Clock.Now()
	if limit <= 0 {
		limit = SignInsDefault
	}
	items, err := s.deps.Figures.RecentSignIns(ctx, min(limit, SignInsMax))
	if err != nil {
		return RecentSignIns{}, fmt.Errorf("read sign-ins: %w", err)
	}
	return RecentSignIns{Items: items, AsOf: now}, nil
}

// All gives every dashboard at once, the growth by days in UTC. The errors of Figures and access.Lookup.
func (s *Service) All(ctx context.Context) (all All, err error) {
	now := s.deps.Clock.Now()
	counts, err := s.deps.Figures.Counts(
		ctx, ByStatus, BySource, ByAuth, BySecondFactor, ByCountry, ByLanguage, ByRole, ByGroup)
	if err != nil {
		return All{}, fmt.Errorf("read counts: %w", err)
	}
	all = All{
		Status: breakDown(ByStatus, counts[ByStatus], now), Source: breakDown(BySource, counts[BySource], now),
		Country: breakDown(ByCountry, counts[ByCountry], now), Language: breakDown(ByLanguage, counts[ByLanguage], now),
		Auth: authTypes(counts, now), AsOf: now,
	}
	if all.Overview, err = s.overview(ctx, counts, now); err != nil {
		return All{}, err
	}
	if all.Roles, err = s.roles(ctx, counts, now); err != nil {
		return All{}, err
	}
	if all.Growth, err = s.Growth(ctx, Span{}); err != nil {
		return All{}, err
	}
	all.SignIns, err = s.RecentSignIns(ctx, 0)
	return all, err
}
