// Package dashboardtest holds the contract suite of the kept counts and the in-memory fake of them.
package dashboardtest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/dashboard"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/session/sessiontest"
)

// Memory is a dashboard.Figures and dashboard.Folder that counts anew what two other fakes hold, at every call.
type Memory struct {
	db       *coretest.Database
	users    *accounttest.Store
	sessions *sessiontest.Memory
}

// NewMemory makes the figures of fakes that live in the database.
func NewMemory(db *coretest.Database, users *accounttest.Store, sessions *sessiontest.Memory) *Memory {
	return &Memory{db: db, users: users, sessions: sessions}
}

// Counts implements dashboard.Figures.
func (m *Memory) Counts(ctx context.Context, metrics ...dashboard.Metric) (map[dashboard.Metric][]dashboard.Count, error) {
	users, err := m.users.All(ctx)
	counts := make(map[dashboard.Metric][]dashboard.Count)
	for _, metric := range metrics {
		counted := make(map[string]int64)
		for _, user := range users {
			for _, value := range Values(metric, user) {
				counted[value]++
			}
		}
		for value, users := range counted {
			counts[metric] = append(counts[metric], dashboard.Count{Value: value, Users: users})
		}
	}
	return counts, err
}

// Values are what a user counts as by a metric.
func Values(metric dashboard.Metric, user account.User) (values []string) {
	switch metric {
	case dashboard.ByStatus:
		return []string{string(user.Status)}
	case dashboard.BySource:
		return []string{string(user.Source)}
	case dashboard.ByAuth:
		if user.Password == "" {
			return []string{dashboard.AuthNone}
		}
		return []string{dashboard.AuthPassword}
	case dashboard.BySecondFactor:
		if values = slices.Clone(user.Protection.SecondFactors); len(values) > 0 {
			values = append(values, dashboard.AnyFactor)
		}
	case dashboard.ByCountry:
		return []string{user.Country}
	case dashboard.ByLanguage:
		language, _, _ := strings.Cut(strings.ToLower(user.Profile.Locale), "-")
		return []string{language}
	case dashboard.ByRole:
		return user.Roles
	case dashboard.ByGroup:
		for _, group := range user.Groups {
			values = append(values, group.String())
		}
	}
	return values
}

// Before implements dashboard.Figures.
func (m *Memory) Before(ctx context.Context, series dashboard.Series, instants []time.Time) ([]int64, error) {
	var happened []time.Time
	users, err := m.users.All(ctx)
	if err != nil {
		return nil, err
	}
	for _, user := range users {
		happened = append(happened, user.CreatedAt)
	}
	if series == dashboard.SignIns {
		err = m.db.Do(ctx, func() error {
			happened = m.sessions.Opened()
			return nil
		})
	}
	return Before(happened, instants), err
}

// Before counts what happened before each of the instants.
func Before(happened, instants []time.Time) []int64 {
	before := make([]int64, len(instants))
	for i, instant := range instants {
		for _, at := range happened {
			if at.Before(instant) {
				before[i]++
			}
		}
	}
	return before
}

// RecentSignIns implements dashboard.Figures.
func (m *Memory) RecentSignIns(ctx context.Context, limit int) (newest []dashboard.SignIn, err error) {
	var kept []session.Session
	err = m.db.Do(ctx, func() error {
		kept = m.sessions.Kept()
		return nil
	})
	slices.SortFunc(kept, func(a, b session.Session) int { return coretest.CompareIDs(b.ID, a.ID) })
	for _, opened := range kept[:min(limit, len(kept))] {
		owner, err := m.users.Find(ctx, opened.UserID)
		if err != nil {
			return nil, err
		}
		newest = append(newest, told(opened, owner))
	}
	return newest, err
}

func told(opened session.Session, owner account.User) dashboard.SignIn {
	return dashboard.SignIn{
		Session: opened.ID, User: owner.ID, Name: owner.Profile.Name, Kind: opened.Device.Kind, Browser: opened.Device.Browser,
		OS: opened.Device.OS, IP: opened.Device.IP, Place: opened.Device.Location, At: opened.CreatedAt,
	}
}

// Fold implements dashboard.Folder: there is nothing to fold.
func (m *Memory) Fold(context.Context, int) (int, error) { return 0, nil }
