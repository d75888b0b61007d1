package verificationtest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/verification"
)

// TestIntakes is the contract of verification.Intakes.
func TestIntakes(t *testing.T, open Open) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"hands out the oldest first":              claimsOldest,
		"hides what is leased":                    leaseHides,
		"many claimers share":                     claimRace,
		"done once":                               doneOnce,
		"is put and done with its transaction":    intakeIsUndone,
		"a second resolution waits for the first": doneRace,
	})
}

const lease = 30 * time.Second

func (s Stores) intake(t *testing.T, created time.Time) verification.Intake {
	t.Helper()
	intake := verification.Intake{
		ID: accounttest.NewID(), Kind: "register", Payload: []byte{0, 1, 255}, CreatedAt: created,
	}
	coretest.Must(t, s.Intakes.Put(t.Context(), intake))
	return intake
}

func (s Stores) claim(t *testing.T, now time.Time, limit int) []verification.Intake {
	t.Helper()
	claimed, err := s.Intakes.Claim(t.Context(), now, lease, limit)
	coretest.Must(t, err)
	return claimed
}

func claimsOldest(t *testing.T, s Stores) {
	third, first, second := s.intake(t, at(2*time.Second)), s.intake(t, at(0)), s.intake(t, at(time.Second))
	future := s.intake(t, at(time.Hour))
	for _, intake := range []*verification.Intake{&first, &second, &third, &future} {
		intake.Attempts = 1
	}
	now := at(3 * time.Second)
	coretest.Equal(t, []verification.Intake{first, second}, s.claim(t, now, 2))
	coretest.Equal(t, []verification.Intake{third}, s.claim(t, now, 2))
	coretest.Equal(t, nil, s.claim(t, now, 2))
}

func leaseHides(t *testing.T, s Stores) {
	intake := s.intake(t, at(0))
	s.claim(t, at(0), 1)
	coretest.Equal(t, 0, len(s.claim(t, at(lease-time.Microsecond), 1)))
	intake.Attempts = 2
	coretest.Equal(t, []verification.Intake{intake}, s.claim(t, at(lease), 1))
}

func claimRace(t *testing.T, s Stores) {
	for range racers {
		s.intake(t, at(0))
	}
	var mu sync.Mutex
	seen := map[core.ID]int{}
	coretest.Race(t, racers, nil, func(ctx context.Context, _ int) error {
		claimed, err := s.Intakes.Claim(ctx, at(0), lease, 3)
		mu.Lock()
		defer mu.Unlock()
		for _, intake := range claimed {
			seen[intake.ID]++
		}
		return err
	})
	for len(seen) < racers { // a claimer that met others' locks may have come away with less
		claimed := s.claim(t, at(0), racers)
		if len(claimed) == 0 {
			break
		}
		for _, intake := range claimed {
			seen[intake.ID]++
		}
	}
	coretest.Equal(t, racers, len(seen))
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s was handed out %d times", id, times)
		}
	}
}

func doneOnce(t *testing.T, s Stores) {
	intake := s.intake(t, at(0))
	successes := coretest.Race(t, racers, core.ErrNotFound, func(ctx context.Context, _ int) error {
		return s.Intakes.Done(ctx, intake.ID)
	})
	coretest.Equal(t, 1, successes)
	coretest.Equal(t, 0, len(s.claim(t, at(time.Hour), 1)))
}

func intakeIsUndone(t *testing.T, s Stores) {
	intake := s.intake(t, at(0))
	s.undone(t, func(ctx context.Context) error {
		undone := intake
		undone.ID = accounttest.NewID()
		coretest.Must(t, s.Intakes.Put(ctx, undone))
		return s.Intakes.Done(ctx, intake.ID)
	})
	intake.Attempts = 1
	coretest.Equal(t, []verification.Intake{intake}, s.claim(t, at(0), 10))
}

func doneRace(t *testing.T, s Stores) {
	intake := s.intake(t, at(0))
	successes := coretest.Race(t, racers, core.ErrNotFound, func(ctx context.Context, _ int) error {
		return s.Tx.InTx(ctx, func(ctx context.Context) error {
			if err := s.Intakes.Done(ctx, intake.ID); err != nil {
				return err
			}
			return s.Flows.Start(ctx, decoy("nobody@example.com"))
		})
	})
	coretest.Equal(t, 1, successes)
}
