package sessiontest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/session"
)

var refreshCases = map[string]func(b *bench){
	"gives the session and its user":            refreshGives,
	"answers every living branch by the rule":   refreshByRule,
	"changes nothing for a dead token":          refreshDead,
	"refuses a session not live":                refreshNotLive,
	"refuses while the user is not active":      refreshSuspended,
	"keeps within the absolute limit":           refreshAbsolute,
	"takes part in transactions":                refreshInTransaction,
	"has one successor for racing first tokens": refreshRaceFirst,
	"has one successor for racing late tokens":  refreshRaceLate,
	"has one winner of racing siblings":         refreshRaceSiblings,
	"loses to an end":                           refreshAgainstEnd,
}

// refreshed presents the token and checks the answer, and what is stored, against the rule.
func (b *bench) refreshed(held session.Session, token session.Presented, want session.Outcome) session.Session {
	b.Helper()
	rotation := b.rotation()
	expected, outcome := held.Present(token, rotation)
	if outcome != want {
		b.Fatalf("the case is wrong: the rule says %s, want %s", outcome, want)
	}
	got, _, err := b.Store.Refresh(b.Context(), token, rotation)
	b.must(err)
	b.same(want.String(), got, expected)
	b.stored(want.String(), expected)
	return expected
}

func refreshGives(b *bench) {
	user := b.user()
	held := b.opened(user)
	b.clock.Advance(time.Hour)
	_, owner, err := b.Store.Refresh(b.Context(), held.Current(), b.rotation())
	b.must(err)
	owner.Password, user.Password = "", "" // whether it is read is the store's affair
	b.same("owner", owner, user)
	b.same("journal", b.pending(), []core.Change(nil))
}

func refreshByRule(b *bench) {
	held := b.opened(b.user())
	first := held.Current()
	held = b.refreshed(held, first, session.OutcomeRotated) // at once: a first token is never too young
	b.clock.Advance(window - time.Microsecond)
	held = b.refreshed(held, first, session.OutcomeRepeated)
	held = b.refreshed(held, held.Current(), session.OutcomeSame)
	b.clock.Advance(time.Microsecond)
	older := held.Current()
	held = b.refreshed(held, first, session.OutcomeBranched)
	held = b.refreshed(held, first, session.OutcomeRepeated)
	b.clock.Advance(-time.Hour) // a clock set back: still within the window, and nothing moves back
	held = b.refreshed(held, first, session.OutcomeRepeated)
	held = b.refreshed(held, held.Current(), session.OutcomeSame)
	b.clock.Advance(time.Hour)
	held = b.refreshed(held, older, session.OutcomeRotated) // not the newest branch, so never too young
	b.clock.Advance(window)
	b.refreshed(held, held.Current(), session.OutcomeRotated)
}

// chained is a session in its third generation, with every token that it ever had: the last is the newest,
// the first three are dead, and the second of these is a sibling that lost.
func (b *bench) chained(user account.User) (held session.Session, tokens []session.Presented) {
	b.Helper()
	held = b.opened(user)
	first := held.Current()
	held = b.refreshed(held, first, session.OutcomeRotated)
	loser := held.Current()
	b.clock.Advance(window)
	held = b.refreshed(held, first, session.OutcomeBranched)
	used := held.Current()
	b.clock.Advance(window)
	held = b.refreshed(held, used, session.OutcomeRotated)
	return held, []session.Presented{first, loser, used, held.Current()}
}

func refreshDead(b *bench) {
	user := b.user()
	held, tokens := b.chained(user)
	elsewhere := b.opened(user)
	altered := func(base session.Presented, alter func(*session.Presented)) session.Presented {
		alter(&base)
		return base
	}
	used, newest := tokens[2], tokens[3]
	for name, token := range map[string]session.Presented{
		"older than the previous":   tokens[0],
		"sibling that lost":         tokens[1],
		"generation ahead":          altered(newest, func(p *session.Presented) { p.Generation++ }),
		"branch never handed out":   altered(newest, func(p *session.Presented) { p.Branch++ }),
		"current with other nonce":  altered(newest, func(p *session.Presented) { p.Nonce[15] ^= 1 }),
		"previous with other nonce": altered(used, func(p *session.Presented) { p.Nonce[0] ^= 1 }),
		"another session's":         altered(newest, func(p *session.Presented) { p.SessionID = elsewhere.ID }),
		"unknown session's":         altered(newest, func(p *session.Presented) { p.SessionID = b.ids.New() }),
	} {
		_, _, err := b.Store.Refresh(b.Context(), token, b.rotation())
		b.refused(name, err, core.ErrNotFound)
	}
	b.stored("after dead tokens", held)
	b.stored("after dead tokens, elsewhere", elsewhere)
	b.same("journal", b.pending(), []core.Change(nil))
}

func refreshNotLive(b *bench) {
	user := b.user()
	held := b.opened(user)
	rotation := b.rotation()
	rotation.Now = held.IdleExpiresAt
	_, _, err := b.Store.Refresh(b.Context(), held.Current(), rotation)
	b.refused("idle session", err, core.ErrNotFound)
	rotation.Now = rotation.Now.Add(-time.Microsecond)
	held, _, err = b.Store.Refresh(b.Context(), held.Current(), rotation)
	b.must(err)
	rotation.Now = held.ExpiresAt
	_, _, err = b.Store.Refresh(b.Context(), held.Current(), rotation)
	b.refused("expired session", err, core.ErrNotFound)
	_, err = b.Ender.End(b.Context(), user.ID, held.ID, session.EndSignedOut, b.clock.Now())
	b.must(err)
	_, _, err = b.Store.Refresh(b.Context(), held.Current(), b.rotation())
	b.refused("ended session", err, core.ErrNotFound)
}

func refreshSuspended(b *bench) {
	user := b.user()
	held := b.opened(user)
	user = b.suspend(user)
	_, _, err := b.Store.Refresh(b.Context(), held.Current(), b.rotation())
	b.refused("suspended user", err, core.ErrNotFound)
	b.stored("suspended user's session", held)
	user.Status = account.StatusActive
	_, err = b.Accounts.Save(b.Context(), user)
	b.must(err)
	b.refreshed(held, held.Current(), session.OutcomeRotated)
}

func refreshAbsolute(b *bench) {
	user := b.user()
	held := b.opened(user)
	for range 6 { // each time an hour before it runs idle
		b.clock.Advance(idleTTL - time.Hour)
		rotation := b.rotation()
		next, _, err := b.Store.Refresh(b.Context(), held.Current(), rotation)
		if !held.Live(rotation.Now) {
			b.refused("beyond the absolute limit", err, core.ErrNotFound)
			return
		}
		b.must(err)
		if next.IdleExpiresAt.After(held.ExpiresAt) || !next.ExpiresAt.Equal(held.ExpiresAt) {
			b.Fatalf("limits %v and %v pass %v", next.IdleExpiresAt, next.ExpiresAt, held.ExpiresAt)
		}
		held = next
	}
	b.Error("refreshing extended the session beyond its absolute limit")
}

func refreshInTransaction(b *bench) {
	held := b.opened(b.user())
	b.undone(func(ctx context.Context) error {
		_, _, err := b.Store.Refresh(ctx, held.Current(), b.rotation())
		return err
	})
	b.stored("refresh rolled back", held)
}

// raced presents the tokens at once, many times each, and gives the answers; nil for a refusal.
func (b *bench) raced(tokens ...session.Presented) []*session.Presented {
	answers := make([]*session.Presented, racers)
	race(racers, func(i int) {
		got, _, err := b.Store.Refresh(b.Context(), tokens[i%len(tokens)], b.rotation())
		switch {
		case err == nil:
			current := got.Current()
			answers[i] = &current
		case !errors.Is(err, core.ErrNotFound):
			b.Errorf("racer %d: %v", i, err)
		}
	})
	return answers
}

// oneSuccessor checks that every racer with the token was answered with the one stored successor.
func (b *bench) oneSuccessor(held session.Session, token session.Presented, generation, branches int64) {
	b.Helper()
	answers := b.raced(token)
	stored, err := b.Store.Find(b.Context(), held.ID)
	b.must(err)
	if stored.Chain.Generation != generation || stored.Chain.Branches != branches {
		b.Errorf("the race led to generation %d with %d branches, want %d with %d",
			stored.Chain.Generation, stored.Chain.Branches, generation, branches)
	}
	for i, answer := range answers {
		if answer == nil || *answer != stored.Current() {
			b.Errorf("racer %d was answered %v, want the one successor %v", i, answer, stored.Current())
		}
	}
}

func refreshRaceFirst(b *bench) {
	held := b.opened(b.user())
	b.oneSuccessor(held, held.Current(), 1, 1)
}

func refreshRaceLate(b *bench) {
	held := b.opened(b.user())
	first := held.Current()
	b.refreshed(held, first, session.OutcomeRotated)
	b.clock.Advance(window)
	b.oneSuccessor(held, first, 1, 2)
}

// refreshRaceSiblings lets two branches of one generation race: those of one are all answered alike, those
// of the other are all refused.
func refreshRaceSiblings(b *bench) {
	held := b.opened(b.user())
	first := held.Current()
	held = b.refreshed(held, first, session.OutcomeRotated)
	older := held.Current()
	b.clock.Advance(window)
	held = b.refreshed(held, first, session.OutcomeBranched)
	b.clock.Advance(window)
	answers := b.raced(older, held.Current())
	stored, err := b.Store.Find(b.Context(), held.ID)
	b.must(err)
	if stored.Chain.Generation != 2 || stored.Chain.Branches != 1 {
		b.Errorf("the race led to %+v", stored.Chain)
	}
	winner := int(stored.Chain.UsedBranch)
	for i, answer := range answers {
		won := i%2 == winner
		if won != (answer != nil) || won && *answer != stored.Current() {
			b.Errorf("racer %d with branch %d was answered %v; branch %d won", i, i%2, answer, winner)
		}
	}
}

func refreshAgainstEnd(b *bench) {
	user := b.user()
	held := b.opened(user)
	var mu sync.Mutex
	after := held
	race(20, func(i int) {
		if i == 10 {
			if _, err := b.Ender.End(b.Context(), user.ID, held.ID, session.EndSignedOut, b.clock.Now()); err != nil {
				b.Errorf("end: %v", err)
			}
			return
		}
		got, _, err := b.Store.Refresh(b.Context(), held.Current(), b.rotation())
		if err != nil {
			b.refused("refresh against an end", err, core.ErrNotFound)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		after = got
	})
	after.EndedAt, after.EndReason, after.Rev = b.clock.Now(), session.EndSignedOut, 2
	b.stored("ended session", after)
}
