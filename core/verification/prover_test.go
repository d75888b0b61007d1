package verification_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/verification"
	"github.com/doorward/doorward/core/verification/verificationtest"
)

// bench is a prover over memory.
type bench struct {
	t      *testing.T
	clock  *coretest.Clock
	ids    *core.IDs
	flows  *verificationtest.Flows
	prover *verification.Prover
}

func newBench(t *testing.T) *bench {
	t.Helper()
	clock, db := coretest.NewClock(), coretest.NewDatabase()
	b := &bench{t: t, clock: clock, ids: core.NewIDs(clock), flows: verificationtest.NewFlows(db)}
	b.prover = verification.NewProver(verification.ProverDeps{
		Flows: b.flows, Links: verificationtest.NewLinks(db), Ring: ring(t), Clock: clock,
	})
	return b
}

func (b *bench) refused(err, want error) {
	b.t.Helper()
	if !errors.Is(err, want) {
		b.t.Errorf("got %v, want %v", err, want)
	}
}

// flow starts a flow for a user and gives it with its code.
func (b *bench) flow(user core.ID) (verification.Flow, string) {
	b.t.Helper()
	flow := verification.Flow{
		ID: b.ids.New(), Purpose: verification.PurposePasswordReset, Subject: user.String(), User: user,
	}
	code, expiresAt, err := b.prover.Code(b.t.Context(), flow)
	b.refused(err, nil)
	if !expiresAt.Equal(b.clock.Now().Add(verification.CodeTTL)) || len(code) != 6 {
		b.t.Errorf("the code %q is good until %v", code, expiresAt)
	}
	return flow, code
}

func (b *bench) try(id core.ID, purpose verification.Purpose, code string) error {
	_, err := b.prover.Try(b.t.Context(), id, purpose, code)
	return err
}

func TestACodeFitsItsFlowAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	flow, code := b.flow(b.ids.New())
	other, otherCode := b.flow(b.ids.New())
	b.refused(b.try(flow.ID, verification.PurposeRegistration, code), verification.ErrCode)
	b.refused(b.try(b.ids.New(), flow.Purpose, code), verification.ErrCode)
	if code != otherCode {
		b.refused(b.try(other.ID, flow.Purpose, code), verification.ErrCode)
	}
	b.refused(b.try(flow.ID, flow.Purpose, code), nil)
	found, err := b.prover.Flow(t.Context(), flow.ID)
	b.refused(err, nil)
	if found.Tries != 1 || found.User != flow.User {
		t.Errorf("found %+v", found)
	}
}

func TestADecoyIsLikeAFlowButFitsNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	genuine, _ := b.flow(b.ids.New())
	decoy := b.ids.New()
	b.refused(b.prover.Decoy(t.Context(), decoy, genuine.Purpose, "somebody"), nil)
	for _, id := range []core.ID{genuine.ID, decoy} {
		for range verification.MaxTries + 1 {
			b.refused(b.try(id, genuine.Purpose, "nothing"), verification.ErrCode)
		}
	}
	one, _ := b.prover.Flow(t.Context(), genuine.ID)
	two, _ := b.prover.Flow(t.Context(), decoy)
	if one.Tries != two.Tries || !one.ExpiresAt.Equal(two.ExpiresAt) || len(one.Digest) != len(two.Digest) {
		t.Errorf("a flow %+v and a decoy %+v", one, two)
	}
}

// A digest that happens to fit does not make a decoy good.
func TestADecoyIsRefusedEvenWithItsDigest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	flow := verification.Flow{ID: b.ids.New(), Purpose: verification.PurposePasswordReset, Subject: "x"}
	code, _, err := b.prover.Code(t.Context(), flow)
	b.refused(err, nil)
	b.refused(b.try(flow.ID, flow.Purpose, code), verification.ErrCode)
}

func TestRenewingKeepsTheTries(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	flow, first := b.flow(b.ids.New())
	b.refused(b.try(flow.ID, flow.Purpose, "nothing"), verification.ErrCode)
	second, _, err := b.prover.Code(t.Context(), flow)
	b.refused(err, nil)
	if first != second {
		b.refused(b.try(flow.ID, flow.Purpose, first), verification.ErrCode)
	}
	b.refused(b.try(flow.ID, flow.Purpose, second), nil)
	if found, _ := b.prover.Flow(t.Context(), flow.ID); found.Tries < 2 {
		t.Errorf("%d tries are left of at least two", found.Tries)
	}
}

func TestOnlyTheNewestFlowsLive(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	user := b.ids.New()
	oldest, code := b.flow(user)
	for range verification.MaxLive {
		b.clock.Advance(time.Second)
		b.flow(user)
	}
	b.refused(b.try(oldest.ID, oldest.Purpose, code), verification.ErrCode)
}

// race runs act twenty times at once and wants one success, all others refused.
func race(t *testing.T, refusal error, act func() error) {
	t.Helper()
	var group sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		group.Go(func() { errs[i] = act() })
	}
	group.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, refusal) {
			t.Errorf("got %v, want %v", err, refusal)
		}
	}
	if won != 1 {
		t.Errorf("%d succeeded, want one", won)
	}
}

func TestFlowAndLinkAreSpentOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	flow, _ := b.flow(b.ids.New())
	race(t, verification.ErrCode, func() error { return b.prover.Spend(t.Context(), flow) })
	_, err := b.prover.Flow(t.Context(), flow.ID)
	b.refused(err, verification.ErrCode)

	token, expiresAt, err := b.prover.Link(t.Context(), verification.Link{Purpose: verification.PurposeRestore}, time.Hour)
	b.refused(err, nil)
	if !expiresAt.Equal(b.clock.Now().Add(time.Hour)) {
		t.Errorf("the link is good until %v", expiresAt)
	}
	_, err = b.prover.Peek(t.Context(), token, verification.PurposeEmailUndo)
	b.refused(err, verification.ErrLink)
	_, err = b.prover.Peek(t.Context(), token, verification.PurposeRestore)
	b.refused(err, nil)
	race(t, verification.ErrLink, func() error {
		_, gone := b.prover.Follow(t.Context(), token, verification.PurposeRestore)
		return gone
	})
	_, err = b.prover.Peek(t.Context(), token, verification.PurposeRestore)
	b.refused(err, verification.ErrLink)
}

func TestKillingSecretsSparesTheWaysBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	user, other := b.ids.New(), b.ids.New()
	tokens := map[verification.Purpose]string{}
	for _, purpose := range []verification.Purpose{
		verification.PurposeConfirmation, verification.PurposePasswordReset, verification.PurposeEmailChange,
		verification.PurposeEmailUndo, verification.PurposeRestore,
	} {
		token, _, err := b.prover.Link(t.Context(), verification.Link{Purpose: purpose, User: user}, time.Hour)
		b.refused(err, nil)
		tokens[purpose] = token
	}
	mine, code := b.flow(user)
	others, othersCode := b.flow(other)
	b.refused(b.prover.KillSecrets(t.Context(), user), nil)
	for purpose, token := range tokens {
		want := error(verification.ErrLink)
		if purpose == verification.PurposeEmailUndo || purpose == verification.PurposeRestore {
			want = nil
		}
		_, err := b.prover.Peek(t.Context(), token, purpose)
		b.refused(err, want)
	}
	b.refused(b.try(mine.ID, mine.Purpose, code), verification.ErrCode)
	b.refused(b.try(others.ID, others.Purpose, othersCode), nil)
}

func TestKillSinceSparesWhatIsOlder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	user, tokens := b.ids.New(), make([]string, 3)
	for i := range tokens {
		var err error
		tokens[i], _, err = b.prover.Link(t.Context(), verification.Link{Purpose: verification.PurposeEmailUndo, User: user}, time.Hour)
		b.refused(err, nil)
		b.clock.Advance(time.Second)
	}
	used, err := b.prover.Follow(t.Context(), tokens[1], verification.PurposeEmailUndo)
	b.refused(err, nil)
	b.refused(b.prover.KillSince(t.Context(), used), nil)
	for i, want := range []error{nil, verification.ErrLink, verification.ErrLink} {
		_, err := b.prover.Peek(t.Context(), tokens[i], verification.PurposeEmailUndo)
		b.refused(err, want)
	}
}

// A detail is plain to whoever may have it, and sealed where it lies: for its own flow or link, and no other.
func TestDetailsAreSealedForTheirPlace(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, secretive := t.Context(), []byte("ada@example.com")
	start := func(id core.ID, purpose verification.Purpose) {
		_, _, err := b.prover.Code(ctx, verification.Flow{
			ID: id, Purpose: purpose, Subject: id.String(), User: id, Detail: secretive,
		})
		b.refused(err, nil)
	}
	first, second := b.ids.New(), b.ids.New()
	start(first, verification.PurposeEmailChange)
	start(second, verification.PurposeEmailChange)
	found, err := b.prover.Flow(ctx, first)
	b.refused(err, nil)
	coretest.Equal(t, secretive, found.Detail)

	stored, err := b.flows.Find(ctx, first)
	b.refused(err, nil)
	if bytes.Contains(stored.Detail, secretive) {
		t.Error("the detail can be read in the store")
	}
	stored.ID = second
	b.refused(b.flows.Start(ctx, stored), nil)
	if _, err := b.prover.Flow(ctx, second); core.AsError(err).Kind != core.KindInternal {
		t.Errorf("the detail of one flow opens in another: %v", err)
	}
}

// A flow that waits has no code until it is given one, each replaces the last, and none makes it last longer.
func TestFlowsThatWait(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, id := t.Context(), b.ids.New()
	until, err := b.prover.Wait(ctx, verification.Flow{
		ID: id, Purpose: verification.PurposeSecondFactor, Subject: "ada", User: id, Detail: []byte("detail"),
	}, time.Hour)
	b.refused(err, nil)
	waiting, err := b.prover.Flow(ctx, id)
	b.refused(err, nil)
	coretest.Equal(t, until, waiting.ExpiresAt)
	first, good, err := b.prover.Recode(ctx, waiting)
	b.refused(err, nil)
	coretest.Equal(t, b.clock.Now().Add(verification.CodeTTL), good)
	b.clock.Advance(time.Minute)
	second, _, err := b.prover.Recode(ctx, waiting)
	b.refused(err, nil)
	flow, err := b.prover.Reserve(ctx, id, verification.PurposeSecondFactor)
	b.refused(err, nil)
	coretest.Equal(t, until, flow.ExpiresAt)
	coretest.Equal(t, "detail", string(flow.Detail))
	coretest.Equal(t, 1, flow.Tries)
	coretest.Equal(t, true, b.prover.Fits(flow, second))
	coretest.Equal(t, first == second, b.prover.Fits(flow, first))
	b.clock.Advance(verification.CodeTTL)
	coretest.Equal(t, false, b.prover.Fits(flow, second))
	b.clock.Set(until)
	_, _, err = b.prover.Recode(ctx, flow)
	b.refused(err, verification.ErrCode)
	_, err = b.prover.Reserve(ctx, id, verification.PurposeSecondFactor)
	b.refused(err, verification.ErrCode)
}

// What somebody has typed is nowhere to be read, and still counts as one subject.
func TestSubjectsAreVeiled(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const typed = "unknown/my password, by mistake"
	var subjects []string
	for _, subject := range []string{typed, typed, typed + "!"} {
		id := b.ids.New()
		b.refused(b.prover.Decoy(t.Context(), id, verification.PurposePasswordReset, subject), nil)
		stored, err := b.flows.Find(t.Context(), id)
		b.refused(err, nil)
		subjects = append(subjects, stored.Subject)
	}
	if subjects[0] != subjects[1] || subjects[0] == subjects[2] || strings.Contains(subjects[0], "password") {
		t.Errorf("stored %q", subjects)
	}
	user := b.ids.New()
	flow, _ := b.flow(user)
	stored, err := b.flows.Find(t.Context(), flow.ID)
	b.refused(err, nil)
	coretest.Equal(t, user.String(), stored.Subject)
}
