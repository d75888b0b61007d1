package verification_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/verification"
	"github.com/doorward/doorward/core/verification/verificationtest"
)

// office is a desk and a worker over one memory.
type office struct {
	t       *testing.T
	clock   *coretest.Clock
	ids     *core.IDs
	db      *coretest.Database
	intakes *verificationtest.Intakes
	desk    *verification.Desk
	worker  *verification.Worker
	nudges  atomic.Int64
	log     bytes.Buffer
}

func ring(t *testing.T) *secret.Ring {
	t.Helper()
	ring, err := secret.ParseRing(secret.GenerateKey("test"))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func open(t *testing.T, handlers verification.Handlers) *office {
	t.Helper()
	o := &office{t: t, clock: coretest.NewClock(), db: coretest.NewDatabase()}
	o.ids = core.NewIDs(o.clock)
	o.intakes = verificationtest.NewIntakes(o.db)
	o.desk = verification.NewDesk(verification.DeskDeps{
		Intakes: o.intakes, Ring: ring(t), Tx: o.db, Clock: o.clock, IDs: o.ids, Nudge: func() { o.nudges.Add(1) },
	})
	o.worker = verification.NewWorker(verification.WorkerDeps{
		Intakes: o.intakes, Handlers: handlers, Clock: o.clock, Log: slog.New(slog.NewTextHandler(&o.log, nil)),
	})
	return o
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) submit(kind string, requests ...string) {
	o.t.Helper()
	for _, request := range requests {
		_, err := o.desk.Submit(o.t.Context(), kind, request)
		o.must(err)
		o.clock.Advance(time.Millisecond)
	}
}

func (o *office) step(wantHandled int, wantErr error) {
	o.t.Helper()
	handled, err := o.worker.Step(o.t.Context())
	if handled != wantHandled || !errors.Is(err, wantErr) {
		o.t.Errorf("handled %d, %v; want %d, %v", handled, err, wantHandled, wantErr)
	}
}

// notes gives a handler that notes the requests that it resolved, and fails for those called "bad".
// A request called "poison" makes it panic.
func (o *office) notes(into *[]string) verification.Handler {
	return verification.HandlerFunc(func(ctx context.Context, intake verification.Intake) error {
		var request string
		return o.desk.Resolve(ctx, intake, &request, func(context.Context) error {
			switch request {
			case "bad":
				return errBad
			case "poison":
				panic("an intake that nobody foresaw")
			}
			*into = append(*into, request)
			return nil
		})
	})
}

var errBad = errors.New("bad")

func TestReceiptsNameTheVerification(t *testing.T) {
	t.Parallel()
	o := open(t, nil)
	first, err := o.desk.Submit(t.Context(), "note", "x")
	o.must(err)
	again, err := o.desk.SubmitAgain(t.Context(), first.ID, "note", "x")
	o.must(err)
	if first != again || first.Channel != verification.ChannelEmail ||
		!first.ExpiresAt.Equal(o.clock.Now().Add(verification.CodeTTL)) {
		t.Errorf("receipts %+v and %+v", first, again)
	}
	intakes, err := o.intakes.Claim(t.Context(), o.clock.Now(), time.Second, 10)
	o.must(err)
	if len(intakes) != 2 || intakes[0].ID != first.ID || o.nudges.Load() != 2 {
		t.Errorf("%d intakes, %d nudges", len(intakes), o.nudges.Load())
	}
	for _, intake := range intakes {
		if strings.Contains(string(intake.Payload), `"x"`) {
			t.Error("the request is not sealed")
		}
	}
	if _, err := o.desk.Submit(t.Context(), "note", func() {}); core.AsError(err).Kind != core.KindInternal {
		t.Errorf("a request that is no JSON: %v", err)
	}
}

func TestStepResolvesInOrder(t *testing.T) {
	t.Parallel()
	handlers := verification.Handlers{}
	o := open(t, handlers)
	var noted []string
	handlers["note"] = o.notes(&noted)
	o.submit("note", "a", "bad", "b")
	o.step(2, errBad)
	if strings.Join(noted, "") != "ab" {
		t.Errorf("resolved %v", noted)
	}
	o.step(0, nil)
	o.clock.Advance(time.Minute)
	o.step(0, errBad)
}

// A handler that panics hinders no other intake, neither in its step nor in the next.
func TestAPanicIsAFailedIntake(t *testing.T) {
	t.Parallel()
	handlers := verification.Handlers{}
	o := open(t, handlers)
	var noted []string
	handlers["note"] = o.notes(&noted)
	o.submit("note", "a", "poison", "b")
	handled, err := o.worker.Step(t.Context())
	if handled != 2 || err == nil || !strings.Contains(err.Error(), "nobody foresaw") || !strings.Contains(err.Error(), "worker_test.go") {
		t.Errorf("handled %d, %v; want 2 and where it panicked", handled, err)
	}
	o.submit("note", "c")
	o.step(1, nil)
	if strings.Join(noted, "") != "abc" {
		t.Errorf("resolved %v", noted)
	}
}

func TestStepLeavesMoreForTheNext(t *testing.T) {
	t.Parallel()
	handlers := verification.Handlers{}
	o := open(t, handlers)
	var noted []string
	handlers["note"] = o.notes(&noted)
	for range 50 {
		o.submit("note", "x")
	}
	for {
		handled, err := o.worker.Step(t.Context())
		o.must(err)
		if handled == 0 {
			break
		}
	}
	if len(noted) != 50 {
		t.Errorf("%d resolved, want 50", len(noted))
	}
}

func TestStepGivesUpInTheEnd(t *testing.T) {
	t.Parallel()
	for name, intake := range map[string][2]string{
		"failing": {"note", "bad"}, "panicking": {"note", "poison"}, "of no known kind": {"other", "bad"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handlers := verification.Handlers{}
			o := open(t, handlers)
			var noted []string
			handlers["note"] = o.notes(&noted)
			o.submit(intake[0], intake[1])
			attempts := 0
			for ; attempts < 100; attempts++ {
				if _, err := o.worker.Step(t.Context()); err == nil {
					break
				}
				o.clock.Advance(time.Minute)
			}
			if attempts != 19 {
				t.Errorf("failed %d times before it was given up, want 19", attempts)
			}
			if !strings.Contains(o.log.String(), "giving up") || strings.Contains(o.log.String(), `"`+intake[1]+`"`) {
				t.Errorf("the log says %s", o.log.String())
			}
			o.clock.Advance(time.Hour)
			o.step(0, nil)
		})
	}
}

func TestManyWorkersResolveEachIntakeOnce(t *testing.T) {
	t.Parallel()
	handlers := verification.Handlers{}
	o := open(t, handlers)
	var noted []string // guarded by the transaction
	handlers["note"] = o.notes(&noted)
	for range 100 {
		o.submit("note", "x")
	}
	done := make(chan error)
	for range 20 {
		go func() {
			for {
				handled, err := o.worker.Step(t.Context())
				if handled == 0 || err != nil {
					done <- err
					return
				}
			}
		}()
	}
	for range 20 {
		o.must(<-done)
	}
	if len(noted) != 100 {
		t.Errorf("%d resolved, want 100", len(noted))
	}
}

func TestResolveRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	o := open(t, nil)
	o.submit("note", "a", "b")
	intakes, err := o.intakes.Claim(t.Context(), o.clock.Now(), time.Second, 10)
	o.must(err)
	never := func(context.Context) error {
		t.Error("resolved")
		return nil
	}
	var text string
	swapped := intakes[0]
	swapped.Payload = intakes[1].Payload
	if err := o.desk.Resolve(t.Context(), swapped, &text, never); !errors.Is(err, secret.ErrOpen) {
		t.Errorf("the payload of another intake: %v", err)
	}
	var number int
	if err := o.desk.Resolve(t.Context(), intakes[0], &number, never); err == nil {
		t.Error("a payload of another form was read")
	}
}

func TestStepPassesOnThatNothingCanBeClaimed(t *testing.T) {
	t.Parallel()
	o := open(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := o.worker.Step(ctx); core.AsError(err).Kind != core.KindUnavailable {
		t.Errorf("got %v", err)
	}
}
