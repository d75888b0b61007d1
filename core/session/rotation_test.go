package session_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/session"
)

// The chain that the cases present to: generation 5, two branches, the newer handed out at the epoch.
var (
	current  = session.Nonce{5}
	previous = session.Nonce{4}
	next     = session.Nonce{6}
	midway   = session.Chain{
		Generation: 5, Nonce: current, Branches: 2, RotatedAt: coretest.Epoch, UsedNonce: previous, UsedBranch: 1,
	}
	// branched is midway after its previous token was presented a window late.
	branched = session.Chain{
		Generation: 5, Nonce: current, Branches: 3, RotatedAt: coretest.Epoch.Add(grace),
		UsedNonce: previous, UsedBranch: 1,
	}
	newborn = session.Chain{Nonce: current, Branches: 1, RotatedAt: coretest.Epoch}
)

const grace = 10 * time.Second

// rotated is the chain after a branch of from's generation was used.
func rotated(from session.Chain, branch int64, at time.Time) session.Chain {
	return session.Chain{
		Generation: from.Generation + 1, Nonce: next, Branches: 1, RotatedAt: at, UsedNonce: from.Nonce, UsedBranch: branch,
	}
}

var presentations = map[string]struct {
	chain   session.Chain
	token   session.Presented
	age     time.Duration
	want    session.Chain
	outcome session.Outcome
}{
	"newest, old enough": {
		midway,
		session.Presented{Generation: 5, Branch: 1, Nonce: current},
		grace,
		rotated(midway, 1, coretest.Epoch.Add(grace)), session.OutcomeRotated,
	},
	"newest, young": {
		midway,
		session.Presented{Generation: 5, Branch: 1, Nonce: current},
		grace - time.Microsecond,
		midway, session.OutcomeSame,
	},
	"newest, clock set back": {
		midway,
		session.Presented{Generation: 5, Branch: 1, Nonce: current},
		-time.Hour,
		midway, session.OutcomeSame,
	},
	"older branch": {
		midway,
		session.Presented{Generation: 5, Branch: 0, Nonce: current},
		0,
		rotated(midway, 0, coretest.Epoch), session.OutcomeRotated,
	},
	"older branch, clock set back": {
		midway,
		session.Presented{Generation: 5, Branch: 0, Nonce: current},
		-time.Hour,
		rotated(midway, 0, coretest.Epoch), session.OutcomeRotated,
	},
	"first, young": {
		newborn,
		session.Presented{Nonce: current},
		0,
		rotated(newborn, 0, coretest.Epoch), session.OutcomeRotated,
	},
	"previous within the window": {
		midway,
		session.Presented{Generation: 4, Branch: 1, Nonce: previous},
		grace - time.Microsecond,
		midway, session.OutcomeRepeated,
	},
	"previous, clock set back": {
		midway,
		session.Presented{Generation: 4, Branch: 1, Nonce: previous},
		-time.Hour,
		midway, session.OutcomeRepeated,
	},
	"previous after the window": {
		midway,
		session.Presented{Generation: 4, Branch: 1, Nonce: previous},
		grace,
		branched, session.OutcomeBranched,
	},
	"losing sibling": {
		midway,
		session.Presented{Generation: 4, Branch: 0, Nonce: previous},
		0,
		midway, session.OutcomeStolen,
	},
	"older than the previous": {
		midway,
		session.Presented{Generation: 3, Branch: 1, Nonce: previous},
		0,
		midway, session.OutcomeStolen,
	},
	"branch never handed out": {
		midway,
		session.Presented{Generation: 5, Branch: 2, Nonce: current},
		0,
		midway, session.OutcomeStateLost,
	},
	"current, other nonce": {
		midway,
		session.Presented{Generation: 5, Branch: 1, Nonce: next},
		0,
		midway, session.OutcomeStateLost,
	},
	"previous, other nonce": {
		midway,
		session.Presented{Generation: 4, Branch: 1, Nonce: next},
		0,
		midway, session.OutcomeStateLost,
	},
	"generation ahead": {
		midway,
		session.Presented{Generation: 6, Nonce: next},
		0,
		midway, session.OutcomeStateLost,
	},
}

func TestPresent(t *testing.T) {
	t.Parallel()
	for name, c := range presentations {
		got, outcome := c.chain.Present(c.token, session.Rotation{
			Now: coretest.Epoch.Add(c.age), Window: grace, Nonce: next,
		})
		if diff := cmp.Diff(c.want, got); outcome != c.outcome || diff != "" {
			t.Errorf("%s: %s, want %s (-want +got):\n%s", name, outcome, c.outcome, diff)
		}
	}
}
