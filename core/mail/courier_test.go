package mail_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mail/mailtest"
	"github.com/doorward/doorward/core/secret"
)

// peer is a Sender whose answers the test decides.
type peer struct {
	mu     sync.Mutex
	answer func(ctx context.Context, email mail.Email) error
	sent   []mail.Email
}

func (p *peer) Send(ctx context.Context, email mail.Email) error {
	p.mu.Lock()
	answer := p.answer
	p.mu.Unlock()
	if answer != nil {
		if err := answer(ctx, email); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, email)
	return nil
}

func (*peer) Check(context.Context) error { return nil }

func (p *peer) answers(answer func(ctx context.Context, email mail.Email) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func (p *peer) taken() []mail.Email {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]mail.Email(nil), p.sent...)
}

type attempt struct {
	kind    mail.Kind
	outcome mail.Outcome
	age     time.Duration
}

// postOffice is an office, a courier and what they work with.
type postOffice struct {
	clock   *coretest.Clock
	db      *coretest.Database
	outbox  *mailtest.Outbox
	office  *mail.Office
	courier *mail.Courier
	peer    *peer
	log     *bytes.Buffer
	mu      sync.Mutex
	seen    []attempt
}

func (o *postOffice) Attempted(kind mail.Kind, outcome mail.Outcome, age time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen = append(o.seen, attempt{kind, outcome, age})
}

func (o *postOffice) attempts() []attempt {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]attempt(nil), o.seen...)
}

func ring(t testing.TB, id string) *secret.Ring {
	t.Helper()
	made, err := secret.ParseRing(secret.GenerateKey(id))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func openOffice(t *testing.T) *postOffice {
	t.Helper()
	o := &postOffice{clock: coretest.NewClock(), db: coretest.NewDatabase(), peer: &peer{}, log: &bytes.Buffer{}}
	o.outbox = mailtest.NewOutbox(o.db)
	keys := ring(t, "k1")
	o.office = mail.NewOffice(o.outbox, keys, o.clock, core.NewIDs(o.clock))
	o.courier = o.newCourier(t, keys)
	return o
}

func (o *postOffice) newCourier(t *testing.T, keys *secret.Ring) *mail.Courier {
	t.Helper()
	return mail.NewCourier(mail.CourierDeps{
		Outbox: o.outbox, Ring: keys, Renderer: renderer(t, texts(t)), Sender: o.peer, Clock: o.clock,
		Log: slog.New(slog.NewTextHandler(o.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Observer: o,
	})
}

func (o *postOffice) post(t *testing.T, letters ...mail.Letter) {
	t.Helper()
	for _, each := range letters {
		if err := o.office.Post(t.Context(), each); err != nil {
			t.Fatal(err)
		}
	}
}

func (o *postOffice) step(t *testing.T, want int) {
	t.Helper()
	handled, err := o.courier.Step(t.Context())
	if err != nil || handled != want {
		t.Fatalf("a step handled %d, %v; want %d", handled, err, want)
	}
}

func (o *postOffice) only(t *testing.T) mail.Envelope {
	t.Helper()
	all := o.outbox.All()
	if len(all) != 1 {
		t.Fatalf("%d envelopes", len(all))
	}
	return all[0]
}

func TestALetterIsSealedUntilItIsSentAndErasedThen(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.post(t, letter(mail.KindRegistration))
	queued := o.only(t)
	for _, hidden := range []string{"042917", "Zm9yIHRlc3RzIG9ubHk", "Ada", "192.0.2.7"} {
		if bytes.Contains(queued.Payload, []byte(hidden)) {
			t.Errorf("%q is readable in the payload", hidden)
		}
	}
	o.clock.Advance(3 * time.Second)
	o.step(t, 1)
	sent := o.only(t)
	if sent.State != mail.StateSent || sent.Payload != nil || !sent.SentAt.Equal(o.clock.Now()) || sent.Attempts != 1 {
		t.Errorf("after sending: %+v", sent)
	}
	email := o.peer.taken()[0]
	if email.ID != queued.ID || email.To != "ada@example.org" || email.Code != "042917" {
		t.Errorf("the peer got %s to %s", email, email.To)
	}
	want := attempt{mail.KindRegistration, mail.OutcomeSent, 3 * time.Second}
	if seen := o.attempts(); len(seen) != 1 || seen[0] != want {
		t.Errorf("observed %v", seen)
	}
	o.step(t, 0)
}

func TestALetterLeavesOnlyIfTheActCommits(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	failure := errors.New("no")
	err := o.db.InTx(t.Context(), func(ctx context.Context) error {
		return errors.Join(o.office.Post(ctx, letter(mail.KindDeleted)), failure)
	})
	if !errors.Is(err, failure) {
		t.Fatal(err)
	}
	o.step(t, 0)
}

func TestPostRefusesWhatCouldBreakOut(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	for _, to := range []string{
		"", "ada", "@example.org", "ada@", "a@b.example\r\nRCPT TO:<c@d.example>", "a b@c.example", "<a@b.example>",
		"a@b.example,c@d.example", "a@b.example\x00", "a\u202e@b.example", strings.Repeat("a", 250) + "@b.example",
	} {
		sample := letter(mail.KindRegistration)
		sample.To = to
		if err := o.office.Post(t.Context(), sample); core.AsError(err).Kind != core.KindInternal || err == nil {
			t.Errorf("%q: %v", to, err)
		}
	}
	if err := o.office.Post(t.Context(), mail.Letter{Kind: "hologram", To: "a@b.example"}); err == nil {
		t.Error("a kind without a layout was taken")
	}
	o.step(t, 0)
}

func TestBackoffDoublesUpToItsBound(t *testing.T) {
	t.Parallel()
	want := map[int]time.Duration{
		0: 5 * time.Second, 1: 5 * time.Second, 2: 10 * time.Second, 3: 20 * time.Second, 8: 640 * time.Second,
		9: 15 * time.Minute, 1000: 15 * time.Minute,
	}
	for attempt, delay := range want {
		if got := mail.Backoff(attempt); got != delay {
			t.Errorf("after attempt %d: %s, want %s", attempt, got, delay)
		}
	}
}

func TestAPeerThatIsAwayLosesNothing(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	away := errors.New("connection refused")
	o.peer.answers(func(context.Context, mail.Email) error { return core.Unavailable(away) })
	o.post(t, letter(mail.KindPasswordChanged))
	for attempt := 1; attempt <= 12; attempt++ {
		o.step(t, 1)
		row := o.only(t)
		longest := mail.Backoff(attempt)
		if wait := row.NextAt.Sub(o.clock.Now()); wait < longest/2 || wait > longest {
			t.Fatalf("attempt %d waits %s, not between half and all of %s", attempt, wait, longest)
		}
		if row.State != mail.StateQueued || row.LastError != "connection refused" {
			t.Fatalf("attempt %d leaves %s, %q", attempt, row.State, row.LastError)
		}
		o.step(t, 0)
		o.clock.Set(row.NextAt)
	}
	o.peer.answers(nil)
	o.step(t, 1)
	if row := o.only(t); row.State != mail.StateSent || len(o.peer.taken()) != 1 {
		t.Errorf("in the end it is %s", row.State)
	}
}

func TestAMessageIsGivenUpInTheEndAndKept(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.peer.answers(func(context.Context, mail.Email) error { return errors.New("greylisted") })
	o.post(t, letter(mail.KindPasswordChanged))
	start := o.clock.Now()
	for o.only(t).State == mail.StateQueued {
		o.clock.Set(o.only(t).NextAt)
		o.step(t, 1)
	}
	row := o.only(t)
	if age := o.clock.Now().Sub(start); age < mail.GiveUpAfter-15*time.Minute || age > mail.GiveUpAfter {
		t.Errorf("given up after %s", age)
	}
	if row.State != mail.StateFailed || len(row.Payload) == 0 || row.LastError != "greylisted" {
		t.Errorf("it is %s with %d bytes, %q", row.State, len(row.Payload), row.LastError)
	}
}

func TestFailuresAndWhatTheyMean(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		failure error
		outcome mail.Outcome
		noted   string
	}{
		{"refused", mail.Refused(errors.New("550 no such user")), mail.OutcomeFailed, "550 no such user"},
		{"wrapped refusal", fmt.Errorf("send: %w", mail.Refused(errors.New("550 no"))), mail.OutcomeFailed, "550 no"},
		{"away", core.Unavailable(errors.New("timeout")), mail.OutcomeDeferred, "timeout"},
		{"anything else", errors.New("odd"), mail.OutcomeDeferred, "odd"},
		{"secrets repeated", errors.New("bad link ?token=Zm9yIHRlc3RzIG9ubHk for 042917"), mail.OutcomeDeferred, "bad link ?token=[redacted] for [redacted]"},
		{"many lines", errors.New("451 a\r\n451 b\x1b[0m"), mail.OutcomeDeferred, "451 a 451 b [0m"},
		{"endless", errors.New(strings.Repeat("x", 5000)), mail.OutcomeDeferred, strings.Repeat("x", 299) + "…"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t)
			o.peer.answers(func(context.Context, mail.Email) error { return c.failure })
			o.post(t, letter(mail.KindRegistration))
			o.step(t, 1)
			if row := o.only(t); row.LastError != c.noted || row.Payload == nil {
				t.Errorf("noted %q", row.LastError)
			}
			if seen := o.attempts(); seen[0].outcome != c.outcome {
				t.Errorf("outcome is %s", seen[0].outcome)
			}
			for _, hidden := range []string{"042917", "Zm9yIHRlc3RzIG9ubHk"} {
				if strings.Contains(o.log.String(), hidden) {
					t.Errorf("%q is in the log: %s", hidden, o.log)
				}
			}
		})
	}
}

func TestWhatHasExpiredIsNotSent(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.post(t, letter(mail.KindRegistration), letter(mail.KindPasswordChanged))
	o.clock.Advance(25 * time.Hour)
	o.step(t, 2)
	if taken := o.peer.taken(); len(taken) != 1 || taken[0].Kind != mail.KindPasswordChanged {
		t.Errorf("the peer got %v", taken)
	}
	stats, err := o.outbox.Stats(t.Context(), o.clock.Now())
	if err != nil || stats.Failed != 1 || stats.Queued != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
}

func TestAMissingKeyMayComeBack(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.post(t, letter(mail.KindPasswordChanged))
	stranger := o.newCourier(t, ring(t, "k2"))
	if handled, err := stranger.Step(t.Context()); handled != 1 || err != nil {
		t.Fatal(handled, err)
	}
	row := o.only(t)
	if row.State != mail.StateQueued || !strings.Contains(row.LastError, "master key") {
		t.Fatalf("%s, %q", row.State, row.LastError)
	}
	o.clock.Set(row.NextAt)
	o.step(t, 1)
	if len(o.peer.taken()) != 1 {
		t.Error("it was not sent once the key was there")
	}
}

func TestWhatAnotherVersionPostedWaitsForIt(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	keys := ring(t, "k1")
	o.courier = o.newCourier(t, keys)
	id := core.NewIDs(o.clock).New()
	for i, plain := range []string{`{"kind":"hologram","to":"a@b.example","depth":3}`, `{`} {
		id[15] = byte(i)
		put := mail.Envelope{
			ID: id, Kind: "hologram", To: "a@b.example", State: mail.StateQueued, CreatedAt: now, NextAt: now,
			Payload: keys.Seal("outbox/"+id.String(), []byte(plain)),
		}
		if err := o.outbox.Put(t.Context(), put); err != nil {
			t.Fatal(err)
		}
	}
	o.step(t, 2)
	for _, row := range o.outbox.All() {
		if row.State != mail.StateQueued || row.LastError == "" || !row.NextAt.After(now) {
			t.Errorf("%s, %q", row.State, row.LastError)
		}
	}
}

func TestAPanicIsAFailedAttempt(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.peer.answers(func(context.Context, mail.Email) error { panic("a bad message") })
	o.post(t, letter(mail.KindRegistration))
	o.step(t, 1)
	if row := o.only(t); row.State != mail.StateQueued || !strings.Contains(row.LastError, "a bad message") {
		t.Errorf("%s, %q", row.State, row.LastError)
	}
}

// poisoned is an outbox that panics over the first message that it is told the outcome of.
type poisoned struct {
	mail.Outbox
	taken atomic.Bool
}

func (p *poisoned) Sent(ctx context.Context, id core.ID, now time.Time) error {
	if p.taken.CompareAndSwap(false, true) {
		panic("a row that nobody foresaw")
	}
	return p.Outbox.Sent(ctx, id, now)
}

// A panic outside of the sending, too, ends neither the process nor the delivery of the rest.
func TestAPanicStopsNoOtherMessage(t *testing.T) {
	t.Parallel()
	o, keys := openOffice(t), ring(t, "k1")
	office := mail.NewOffice(o.outbox, keys, o.clock, core.NewIDs(o.clock))
	const letters = 3 * mail.Workers
	for range letters {
		if err := office.Post(t.Context(), letter(mail.KindRestored)); err != nil {
			t.Fatal(err)
		}
	}
	courier := mail.NewCourier(mail.CourierDeps{
		Outbox: &poisoned{Outbox: o.outbox}, Ring: keys, Renderer: renderer(t, texts(t)), Sender: o.peer,
		Clock: o.clock, Log: core.Discard(),
	})
	handled, err := courier.Step(t.Context())
	if handled != letters || err == nil || !strings.Contains(err.Error(), "nobody foresaw") {
		t.Errorf("handled %d, %v; want %d and the panic", handled, err, letters)
	}
	o.clock.Advance(time.Hour)
	if handled, err := courier.Step(t.Context()); handled != 1 || err != nil {
		t.Errorf("afterwards handled %d, %v", handled, err)
	}
}

func TestAHangingMessageHoldsUpNobodyAndIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		o.peer.answers(func(ctx context.Context, email mail.Email) error {
			if email.Kind == mail.KindDeleted {
				<-ctx.Done()
				return context.Cause(ctx)
			}
			return nil
		})
		o.post(t, letter(mail.KindDeleted))
		for range 20 {
			o.post(t, letter(mail.KindRestored))
		}
		begun, done := time.Now(), make(chan error, 1)
		go func() {
			_, err := o.courier.Step(t.Context())
			done <- err
		}()
		synctest.Wait()
		if taken := len(o.peer.taken()); taken != 20 {
			t.Errorf("%d messages got past the hanging one", taken)
		}
		if err := <-done; err != nil || time.Since(begun) != mail.SendTimeout {
			t.Errorf("the step ended with %v after %s", err, time.Since(begun))
		}
		if row := o.outbox.All()[0]; row.State != mail.StateQueued || row.LastError == "" {
			t.Errorf("the hanging one is %s, %q", row.State, row.LastError)
		}
	})
}

func TestAStepThatIsEndedFinishesWhatIsOnItsWay(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	ctx, cancel := context.WithCancel(t.Context())
	o.peer.answers(func(ctx context.Context, _ mail.Email) error {
		cancel()
		return ctx.Err()
	})
	for range 3 * mail.Workers {
		o.post(t, letter(mail.KindRestored))
	}
	handled, err := o.courier.Step(ctx)
	if err != nil || handled < 1 || handled > mail.Workers {
		t.Fatalf("handled %d, %v", handled, err)
	}
	stats, err := o.outbox.Stats(t.Context(), o.clock.Now())
	if err != nil || stats.Queued != int64(3*mail.Workers-handled) || len(o.peer.taken()) != handled {
		t.Errorf("%d taken, %+v, %v", len(o.peer.taken()), stats, err)
	}
}

func TestManyCouriersSendEachLetterOnce(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	const letters, couriers = 200, 16
	for range letters {
		o.post(t, letter(mail.KindRestored))
	}
	var wait sync.WaitGroup
	for range couriers {
		wait.Go(func() {
			if _, err := o.courier.Step(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	times := map[core.ID]int{}
	for _, email := range o.peer.taken() {
		times[email.ID]++
	}
	if len(times) != letters || len(o.peer.taken()) != letters {
		t.Errorf("%d sendings of %d letters", len(o.peer.taken()), len(times))
	}
}

func TestTwoThatHoldOneMessageDoNotFallOut(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.peer.answers(func(ctx context.Context, email mail.Email) error {
		o.peer.answers(nil)
		o.clock.Advance(time.Hour) // the lease runs out in mid-send, and another courier takes over
		handled, err := o.newCourier(t, ring(t, "other")).Step(ctx)
		if handled != 1 || err != nil {
			t.Errorf("the other handled %d, %v", handled, err)
		}
		return o.outbox.Sent(ctx, email.ID, o.clock.Now())
	})
	o.post(t, letter(mail.KindRestored))
	o.step(t, 1)
	if row := o.only(t); row.State != mail.StateSent {
		t.Errorf("it is %s", row.State)
	}
}

// broken is an outbox whose database goes away after the claim.
type broken struct {
	mail.Outbox
	failure error
}

func (b broken) Sent(context.Context, core.ID, time.Time) error { return b.failure }

func TestTheOutboxsErrorsAreTheSteps(t *testing.T) {
	t.Parallel()
	o, keys := openOffice(t), ring(t, "k1")
	failure := errors.New("database away")
	courier := mail.NewCourier(mail.CourierDeps{
		Outbox: broken{o.outbox, failure}, Ring: keys, Renderer: renderer(t, texts(t)), Sender: o.peer,
		Clock: o.clock, Log: core.Discard(),
	})
	office := mail.NewOffice(o.outbox, keys, o.clock, core.NewIDs(o.clock))
	if err := office.Post(t.Context(), letter(mail.KindRestored)); err != nil {
		t.Fatal(err)
	}
	if handled, err := courier.Step(t.Context()); handled != 1 || !errors.Is(err, failure) {
		t.Errorf("handled %d, %v", handled, err)
	}
	if row := o.only(t); row.State != mail.StateQueued || row.Payload == nil {
		t.Errorf("what could not be noted is %s", row.State)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := courier.Step(ended); err == nil {
		t.Error("a step whose ctx has ended claimed")
	}
}
