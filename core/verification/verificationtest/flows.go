package verificationtest

import (
	"context"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/verification"
)

// TestFlows is the contract of verification.Flows.
func TestFlows(t *testing.T, open Open) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"gives back what was started":          flowIsFound,
		"a restart keeps tries and owner":      restartKeepsTries,
		"a restart revives no used flow":       restartKeepsUsed,
		"the newest flows of a subject live":   newestLive,
		"many starts leave the newest alive":   startRace,
		"counts tries":                         triesAreCounted,
		"many tries are no more than five":     tryRace,
		"refuses other purposes and expired":   tryRefuses,
		"decoys count like others":             decoysCount,
		"a subject has a budget over all":      budgetEnds,
		"second steps have no budget":          secondStepsGoOn,
		"many tries keep within the budget":    budgetRace,
		"a use forgets the failures":           useForgets,
		"forgives one subject":                 forgives,
		"one of many uses wins":                useRace,
		"a use that kills the rest is no trap": useAmongTries,
		"a use needs a live flow":              useRefuses,
		"a use is undone with its transaction": useIsUndone,
		"tries refuse transactions":            tryOutside,
		"kills by user and purpose":            killsFlows,
		"goes with its owner":                  flowsGoWithOwner,
	})
}

func flowIsFound(t *testing.T, s Stores) {
	registration := s.registration(t)
	of := verification.Flow{
		ID: accounttest.NewID(), Purpose: verification.PurposeRegistration, Subject: registration.EmailKey,
		Registration: registration.ID, Digest: secret.Random(32), CreatedAt: at(0), ExpiresAt: at(time.Minute),
	}
	for _, flow := range []verification.Flow{of, reset(s.user(t), at(0)), decoy("nobody@example.com")} {
		s.start(t, flow)
		found, err := s.Flows.Find(t.Context(), flow.ID)
		coretest.Must(t, err)
		coretest.Equal(t, flow, found)
	}
	_, err := s.Flows.Find(t.Context(), accounttest.NewID())
	coretest.Refused(t, err, core.ErrNotFound)
}

func restartKeepsTries(t *testing.T, s Stores) {
	user := s.user(t)
	flow := s.start(t, reset(user, at(0)))
	coretest.Must(t, s.try(t, flow, at(0)))
	again := reset(s.user(t), at(10*time.Minute))
	again.ID, again.Purpose, again.Detail = flow.ID, verification.PurposeRestore, nil
	s.start(t, again)

	found, err := s.Flows.Find(t.Context(), flow.ID)
	coretest.Must(t, err)
	want := again
	want.Purpose, want.Subject, want.User, want.Tries = flow.Purpose, flow.Subject, user, 1
	coretest.Equal(t, want, found)
	coretest.Must(t, s.try(t, flow, at(11*time.Minute)))
}

func restartKeepsUsed(t *testing.T, s Stores) {
	flow := s.start(t, reset(s.user(t), at(0)))
	coretest.Must(t, s.Flows.Use(t.Context(), flow.ID, at(0)))
	s.start(t, flow)
	coretest.Refused(t, s.try(t, flow, at(0)), core.ErrNotFound)
	_, err := s.Flows.Find(t.Context(), flow.ID)
	coretest.Refused(t, err, core.ErrNotFound)
}

func newestLive(t *testing.T, s Stores) {
	user := s.user(t)
	other := s.start(t, reset(s.user(t), at(0)))
	otherPurpose := reset(user, at(0))
	otherPurpose.Purpose = verification.PurposeRestore
	s.start(t, otherPurpose)
	var flows []verification.Flow
	for i := range 5 {
		flows = append(flows, s.start(t, reset(user, at(time.Duration(i)*time.Second))))
	}
	now := at(5 * time.Second)
	for i, flow := range flows {
		err := s.try(t, flow, now)
		coretest.Equal(t, i >= 5-verification.MaxLive, err == nil)
	}
	coretest.Must(t, s.try(t, other, now))
	coretest.Must(t, s.try(t, otherPurpose, now))

	// A code that is sent again makes its flow the newest.
	first := flows[0]
	first.CreatedAt, first.ExpiresAt = now, now.Add(verification.CodeTTL)
	s.start(t, first)
	coretest.Must(t, s.try(t, first, now))
	coretest.Refused(t, s.try(t, flows[2], now), core.ErrNotFound)
}

func startRace(t *testing.T, s Stores) {
	user := s.user(t)
	flows := make([]verification.Flow, racers)
	for i := range flows {
		flows[i] = reset(user, at(0))
	}
	successes := coretest.Race(t, racers, nil, func(ctx context.Context, i int) error {
		return s.Tx.InTx(ctx, func(ctx context.Context) error { return s.Flows.Start(ctx, flows[i]) })
	})
	coretest.Equal(t, racers, successes)
	live := 0
	for _, flow := range flows {
		if s.try(t, flow, at(time.Second)) == nil {
			live++
		}
	}
	coretest.Equal(t, verification.MaxLive, live)
}

func triesAreCounted(t *testing.T, s Stores) {
	flow := s.start(t, reset(s.user(t), at(0)))
	for i := range verification.MaxTries {
		tried, err := s.Flows.Try(t.Context(), flow.ID, flow.Purpose, at(time.Second))
		coretest.Must(t, err)
		flow.Tries = i + 1
		coretest.Equal(t, flow, tried)
	}
	coretest.Refused(t, s.try(t, flow, at(time.Second)), core.ErrNotFound)
	// The fifth code may be the right one.
	coretest.Must(t, s.Flows.Use(t.Context(), flow.ID, at(time.Second)))
}

func tryRace(t *testing.T, s Stores) {
	flow := s.start(t, reset(s.user(t), at(0)))
	successes := coretest.Race(t, racers, core.ErrNotFound, func(ctx context.Context, _ int) error {
		_, err := s.Flows.Try(ctx, flow.ID, flow.Purpose, at(0))
		return err
	})
	coretest.Equal(t, verification.MaxTries, successes)
}

func tryRefuses(t *testing.T, s Stores) {
	flow := s.start(t, reset(s.user(t), at(0)))
	_, err := s.Flows.Try(t.Context(), flow.ID, verification.PurposeEmailChange, at(0))
	coretest.Refused(t, err, core.ErrNotFound)
	coretest.Refused(t, s.try(t, flow, flow.ExpiresAt), core.ErrNotFound)
	_, err = s.Flows.Try(t.Context(), accounttest.NewID(), flow.Purpose, at(0))
	coretest.Refused(t, err, core.ErrNotFound)
	found, err := s.Flows.Find(t.Context(), flow.ID)
	coretest.Must(t, err)
	coretest.Equal(t, 0, found.Tries)
}

func decoysCount(t *testing.T, s Stores) {
	flow := s.start(t, decoy("nobody@example.com"))
	for range verification.MaxTries {
		coretest.Must(t, s.try(t, flow, at(0)))
	}
	coretest.Refused(t, s.try(t, flow, at(0)), core.ErrNotFound)
}

// spend fails n codes for the subject, over as many flows as that takes.
func (s Stores) spend(t *testing.T, user core.ID, n int) {
	t.Helper()
	for spent := 0; spent < n; {
		flow := s.start(t, reset(user, at(0)))
		for range min(verification.MaxTries, n-spent) {
			coretest.Must(t, s.try(t, flow, at(0)))
			spent++
		}
	}
}

func budgetEnds(t *testing.T, s Stores) {
	user := s.user(t)
	s.spend(t, user, verification.MaxFailures)
	last := s.start(t, reset(user, at(time.Second)))
	coretest.Refused(t, s.try(t, last, at(time.Second)), core.ErrNotFound)
	found, err := s.Flows.Find(t.Context(), last.ID)
	coretest.Must(t, err)
	coretest.Equal(t, 0, found.Tries)
	coretest.Must(t, s.try(t, s.start(t, reset(s.user(t), at(0))), at(0)))
}

func secondStepsGoOn(t *testing.T, s Stores) {
	user := s.user(t)
	s.spend(t, user, verification.MaxFailures)
	flow := reset(user, at(0))
	flow.Purpose = verification.PurposeSecondFactor
	s.start(t, flow)
	for range verification.MaxTries {
		coretest.Must(t, s.try(t, flow, at(0)))
	}
	coretest.Refused(t, s.try(t, flow, at(0)), core.ErrNotFound)
}

func budgetRace(t *testing.T, s Stores) {
	user := s.user(t)
	s.spend(t, user, verification.MaxFailures-2)
	flows := []verification.Flow{
		s.start(t, reset(user, at(time.Second))), s.start(t, reset(user, at(time.Second))),
		s.start(t, reset(user, at(time.Second))),
	}
	successes := coretest.Race(t, racers, core.ErrNotFound, func(ctx context.Context, i int) error {
		flow := flows[i%len(flows)]
		_, err := s.Flows.Try(ctx, flow.ID, flow.Purpose, at(time.Second))
		return err
	})
	coretest.Equal(t, 2, successes)
}

func useForgets(t *testing.T, s Stores) {
	user := s.user(t)
	s.spend(t, user, verification.MaxFailures-1)
	right := s.start(t, reset(user, at(time.Second)))
	coretest.Must(t, s.try(t, right, at(time.Second)))
	coretest.Must(t, s.Flows.Use(t.Context(), right.ID, at(time.Second)))
	coretest.Must(t, s.try(t, s.start(t, reset(user, at(time.Minute))), at(time.Minute)))
}

func forgives(t *testing.T, s Stores) {
	user, other := s.user(t), s.user(t)
	s.spend(t, user, verification.MaxFailures)
	s.spend(t, other, verification.MaxFailures)
	coretest.Must(t, s.Flows.Forgive(t.Context(), user.String()))
	coretest.Must(t, s.Flows.Forgive(t.Context(), user.String()))
	coretest.Must(t, s.try(t, s.start(t, reset(user, at(time.Minute))), at(time.Minute)))
	coretest.Refused(t, s.try(t, s.start(t, reset(other, at(time.Minute))), at(time.Minute)), core.ErrNotFound)
}

func useRace(t *testing.T, s Stores) {
	flow := s.start(t, reset(s.user(t), at(0)))
	coretest.Must(t, s.try(t, flow, at(0)))
	successes := coretest.Race(t, racers, core.ErrNotFound, func(ctx context.Context, i int) error {
		if i%2 == 0 {
			return s.Flows.Use(ctx, flow.ID, at(0))
		}
		return s.Tx.InTx(ctx, func(ctx context.Context) error { return s.Flows.Use(ctx, flow.ID, at(0)) })
	})
	coretest.Equal(t, 1, successes)
	coretest.Refused(t, s.try(t, flow, at(0)), core.ErrNotFound)
}

func useRefuses(t *testing.T, s Stores) {
	flow := s.start(t, reset(s.user(t), at(0)))
	coretest.Refused(t, s.Flows.Use(t.Context(), flow.ID, flow.ExpiresAt), core.ErrNotFound)
	coretest.Refused(t, s.Flows.Use(t.Context(), accounttest.NewID(), at(0)), core.ErrNotFound)
	coretest.Must(t, s.Flows.Use(t.Context(), flow.ID, flow.ExpiresAt.Add(-time.Microsecond)))
}

func useIsUndone(t *testing.T, s Stores) {
	flow := s.start(t, reset(s.user(t), at(0)))
	s.undone(t, func(ctx context.Context) error { return s.Flows.Use(ctx, flow.ID, at(0)) })
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Refused(t, s.Flows.Use(ctx, accounttest.NewID(), at(0)), core.ErrNotFound)
		return s.Flows.Use(ctx, flow.ID, at(0))
	}))
}

func tryOutside(t *testing.T, s Stores) {
	flow := s.start(t, reset(s.user(t), at(0)))
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		_, err := s.Flows.Try(ctx, flow.ID, flow.Purpose, at(0))
		coretest.Equal(t, core.KindInternal, core.AsError(err).Kind)
		return nil
	}))
}

func killsFlows(t *testing.T, s Stores) {
	user := s.user(t)
	killed, spared, other := reset(user, at(0)), reset(user, at(0)), reset(s.user(t), at(0))
	spared.Purpose = verification.PurposeEmailChange
	for _, flow := range []verification.Flow{killed, spared, other} {
		s.start(t, flow)
	}
	purposes := []verification.Purpose{verification.PurposePasswordReset, verification.PurposeRestore}
	coretest.Must(t, s.Flows.KillUser(t.Context(), user, purposes...))
	s.start(t, killed)
	coretest.Refused(t, s.try(t, killed, at(0)), core.ErrNotFound)
	_, err := s.Flows.Find(t.Context(), killed.ID)
	coretest.Refused(t, err, core.ErrNotFound)
	coretest.Must(t, s.try(t, spared, at(0)))
	coretest.Must(t, s.try(t, other, at(0)))
}

func flowsGoWithOwner(t *testing.T, s Stores) {
	registration := s.registration(t)
	flow := decoy(registration.EmailKey)
	flow.Registration = registration.ID
	s.start(t, flow)
	coretest.Must(t, s.Registrations.Settle(t.Context(), registration.EmailKey))
	_, err := s.Flows.Find(t.Context(), flow.ID)
	coretest.Refused(t, err, core.ErrNotFound)
}

// useAmongTries uses one flow and kills the others of its user while all of them are being tried: nobody may
// end up waiting for each other.
func useAmongTries(t *testing.T, s Stores) {
	for range 10 {
		user := s.user(t)
		var flows []verification.Flow
		for i := range verification.MaxLive {
			flows = append(flows, s.start(t, reset(user, at(time.Duration(i)))))
		}
		coretest.Race(t, racers, core.ErrNotFound, func(ctx context.Context, i int) error {
			flow := flows[i%len(flows)]
			if i < racers/2 {
				_, err := s.Flows.Try(ctx, flow.ID, flow.Purpose, at(time.Second))
				return err
			}
			return s.Tx.InTx(ctx, func(ctx context.Context) error {
				if err := s.Flows.Use(ctx, flow.ID, at(time.Second)); err != nil {
					return err
				}
				return s.Flows.KillUser(ctx, user, flow.Purpose)
			})
		})
	}
}
