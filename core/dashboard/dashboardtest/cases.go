package dashboardtest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/dashboard"
	"github.com/doorward/doorward/core/retention"
)

// sumsQuarters has accounts on both sides of every kind of border, and asks at each.
func sumsQuarters(t *testing.T, s Stores) {
	b := newBench(t, s)
	midnight := coretest.Epoch.Truncate(24 * time.Hour)
	for _, after := range []time.Duration{
		-1, 0, 1, dashboard.Quarter - time.Microsecond, dashboard.Quarter, 12*time.Hour - 1, 12 * time.Hour, 24*time.Hour - time.Microsecond,
		24 * time.Hour, 400 * 24 * time.Hour, -400 * 24 * time.Hour,
	} {
		user := accounttest.Person("")
		user.CreatedAt = midnight.Add(after).Truncate(time.Microsecond)
		coretest.Must(t, s.Users.Create(t.Context(), user))
		b.users[user.ID] = &user
	}
	b.check(t)
	var opened, asked []time.Time
	for _, user := range b.users {
		opened = append(opened, user.CreatedAt)
	}
	for at := midnight.Add(-24 * time.Hour); at.Before(midnight.Add(48 * time.Hour)); at = at.Add(dashboard.Quarter) {
		asked = append(asked, at)
	}
	asked = append(asked, midnight.Add(1000*24*time.Hour))
	before, err := s.Figures.Before(t.Context(), dashboard.Opened, asked)
	coretest.Must(t, err)
	coretest.Equal(t, Before(opened, asked), before)
}

// member creates a user.
func member(t *testing.T, s Stores) account.User {
	t.Helper()
	user := accounttest.Person("")
	coretest.Must(t, s.Users.Create(t.Context(), user))
	return user
}

func keepsSignIns(t *testing.T, s Stores) {
	user := member(t, s)
	for range 3 {
		_, err := s.Sessions.Open(t.Context(), opening(user, coretest.Epoch))
		coretest.Must(t, err)
	}
	removed, err := s.Retention.Sweep(t.Context(), retention.KindSessions, coretest.Epoch.Add(240*time.Hour), 2)
	coretest.Must(t, err)
	coretest.Equal(t, 2, removed)
	user.Status, user.DeletedAt, user.PurgeAt = account.StatusDeleted, coretest.Epoch, coretest.Epoch.Add(time.Hour)
	_, err = s.Users.Save(t.Context(), user)
	coretest.Must(t, err)
	_, err = s.Retention.Sweep(t.Context(), retention.KindAccounts, coretest.Epoch.Add(24*time.Hour), 10)
	coretest.Must(t, err)
	ends := []time.Time{coretest.Epoch.Truncate(dashboard.Quarter).Add(dashboard.Quarter)}
	before, err := s.Figures.Before(t.Context(), dashboard.SignIns, ends)
	coretest.Must(t, err)
	coretest.Equal(t, []int64{3}, before)
	before, err = s.Figures.Before(t.Context(), dashboard.Opened, ends)
	coretest.Must(t, err)
	coretest.Equal(t, []int64{0}, before)
}

func tellsNewest(t *testing.T, s Stores) {
	user := member(t, s)
	var want []dashboard.SignIn
	for i := range 5 {
		opened := opening(user, coretest.Epoch.Add(time.Duration(i)*time.Second))
		opened.Limit = 3 // the oldest end, and are told all the same
		_, err := s.Sessions.Open(t.Context(), opened)
		coretest.Must(t, err)
		want = append([]dashboard.SignIn{told(opened.Session, user)}, want...)
	}
	for limit, want := range map[int][]dashboard.SignIn{1: want[:1], 4: want[:4], 5: want, 100: want} {
		newest, err := s.Figures.RecentSignIns(t.Context(), limit)
		coretest.Must(t, err)
		coretest.Equal(t, want, newest)
	}
}

// racers is how many write, fold and read at once, and rounds how often each does.
const (
	racers = 50
	rounds = 4
)

// exactInARace has many create, change and fold at once, while others read: every reading is of one instant, so that all
// metrics that each account counts once for agree on how many there are, and it never goes back.
func exactInARace(t *testing.T, s Stores) {
	b := newBench(t, s)
	var mu sync.Mutex
	ended, read := make(chan struct{}), make(chan error, 1)
	go func() { read <- b.readUntil(ended) }()
	coretest.Equal(t, racers, coretest.Race(t, racers, nil, func(ctx context.Context, i int) error {
		for round := range rounds {
			user := accounttest.Person("")
			if err := s.Users.Create(ctx, user); err != nil {
				return err
			}
			user.Country = "AT"
			change, err := s.Users.Save(ctx, user)
			if err != nil {
				return err
			}
			user.Rev = change.Rev
			if _, err := s.Folder.Fold(ctx, 1+(i*rounds+round)%100); err != nil {
				return err
			}
			mu.Lock()
			b.users[user.ID] = &user
			mu.Unlock()
		}
		return nil
	}))
	close(ended)
	coretest.Must(t, <-read)
	b.check(t)
	for folded := 1; folded > 0; {
		var err error
		folded, err = s.Folder.Fold(t.Context(), dashboard.FoldMax)
		coretest.Must(t, err)
	}
	b.check(t)
}

// readUntil reads until ended is closed, and tells of the first reading that contradicts itself.
func (b *bench) readUntil(ended chan struct{}) error {
	var last int64
	for {
		counts, err := b.Figures.Counts(b.ctx, dashboard.ByStatus, dashboard.ByAuth, dashboard.ByCountry, dashboard.ByRole)
		if err != nil {
			return err
		}
		sums := map[dashboard.Metric]int64{}
		for metric, list := range counts {
			for _, count := range list {
				sums[metric] += count.Users
			}
		}
		if all := sums[dashboard.ByStatus]; all < last || sums[dashboard.ByAuth] != all || sums[dashboard.ByCountry] != all {
			return fmt.Errorf("a reading says %v, after one of %d accounts", sums, last)
		}
		last = sums[dashboard.ByStatus]
		select {
		case <-ended:
			return nil
		default:
		}
	}
}
