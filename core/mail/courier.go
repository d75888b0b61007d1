package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
)

// The pace of delivery.
const (
	// Workers is how many messages one Step sends at once, so that a slow one does not hold up the rest.
	Workers = 4
	// SendTimeout bounds one attempt. A submission server answers in seconds; RFC 5321 §4.5.3.2 lets a
	// relay take minutes, and such a message is simply tried again.
	SendTimeout = 30 * time.Second
	// settleTimeout bounds the note of an attempt's outcome.
	settleTimeout = 10 * time.Second
	// lease is how long a claimed message is hidden from other replicas: the longest an attempt and its
	// note can take, with room for a machine that stalls.
	lease = 2 * (SendTimeout + settleTimeout)
)

// Outcome is what became of one attempt.
type Outcome string

// The outcomes.
const (
	OutcomeSent     Outcome = "sent"
	OutcomeDeferred Outcome = "deferred" // to be tried again
	OutcomeFailed   Outcome = "failed"   // refused for good, or given up
	OutcomeExpired  Outcome = "expired"  // failed because its code and link were past
)

// Observer is told of every attempt, for metrics. It must not block.
type Observer interface {
	// Attempted reports one attempt and the message's age since it was posted.
	Attempted(kind Kind, outcome Outcome, age time.Duration)
}

// CourierDeps are what a Courier is made of. All but the observer are needed.
type CourierDeps struct {
	Outbox   Outbox
	Ring     *secret.Ring
	Renderer *Renderer
	Sender   Sender
	Clock    core.Clock
	Log      *slog.Logger
	Observer Observer
}

// Courier delivers what is in the outbox. Each message is claimed, opened, rendered as it is true now,
// and handed to the Sender; Backoff tells when a failed attempt is repeated, and GiveUpAfter when no
// more. What is sent is erased. A process that dies between the peer's acceptance and its note sends
// that one message again, under the same Message-ID; nothing else is ever sent twice, and nothing is
// lost. Safe for concurrent use, in one process and over many.
type Courier struct{ deps CourierDeps }

// NewCourier makes a courier.
func NewCourier(deps CourierDeps) *Courier {
	if deps.Observer == nil {
		deps.Observer = silent{}
	}
	return &Courier{deps: deps}
}

type silent struct{}

// Attempted implements Observer.
func (silent) Attempted(Kind, Outcome, time.Duration) {}

// Step sends what is due, Workers messages at a time, until nothing is due or ctx ends, and tells how
// many attempts it made. Messages that are on their way when ctx ends are brought to their end, which
// takes no longer than SendTimeout: cutting them off could double them. The error is the outbox's; what
// a peer does wrong is noted in the message instead. It lasts as long as its slowest message: run two
// loops of Steps where a letter that is posted meanwhile should not wait for that.
func (c *Courier) Step(ctx context.Context) (handled int, err error) {
	claimed, err := c.deps.Outbox.Claim(ctx, c.deps.Clock.Now(), lease, Workers)
	if err != nil {
		return 0, err
	}
	var (
		wait  sync.WaitGroup
		count atomic.Int64
		errs  = make([]error, len(claimed))
	)
	for i, envelope := range claimed {
		wait.Go(func() { errs[i] = c.deliverFrom(ctx, envelope, &count) })
	}
	wait.Wait()
	return int(count.Load()), errors.Join(errs...)
}

// deliverFrom delivers the envelope and then, one by one, whatever else is due. It has a goroutine of its own,
// where a panic would end the process: it is an error like any other instead.
func (c *Courier) deliverFrom(ctx context.Context, envelope Envelope, count *atomic.Int64) (err error) {
	defer recovered(&err)
	for {
		count.Add(1)
		if err := c.deliver(ctx, envelope); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		default:
		}
		next, err := c.deps.Outbox.Claim(ctx, c.deps.Clock.Now(), lease, 1)
		if err != nil || len(next) == 0 {
			return err
		}
		envelope = next[0]
	}
}

// deliver makes one attempt and notes its outcome. It is shielded from the end of ctx.
func (c *Courier) deliver(ctx context.Context, envelope Envelope) error {
	ctx = context.WithoutCancel(ctx)
	letter, failure := c.attempt(ctx, envelope)
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	now := c.deps.Clock.Now()
	outcome, err := c.settle(ctx, envelope, now, failure, letter)
	switch {
	case err == nil:
		c.deps.Observer.Attempted(envelope.Kind, outcome, now.Sub(envelope.CreatedAt))
	case !errors.Is(err, core.ErrNotFound): // else the lease ran out, and the next holder has settled it
		return fmt.Errorf("mail: note that message %s is %s: %w", envelope.ID, outcome, err)
	}
	return nil
}

// attempt opens, renders and hands over. A panic in there, whatever the message did to cause it, counts as a
// failed attempt: the message is deferred and given up in time like any other.
func (c *Courier) attempt(ctx context.Context, envelope Envelope) (letter Letter, err error) {
	defer recovered(&err)
	letter, err = open(c.deps.Ring, envelope)
	if err != nil {
		return letter, err
	}
	email, err := c.deps.Renderer.Render(envelope.ID, letter, c.deps.Clock.Now())
	if err != nil {
		return letter, err
	}
	ctx, cancel := context.WithTimeout(ctx, SendTimeout)
	defer cancel()
	return letter, c.deps.Sender.Send(ctx, email)
}

// recovered makes an error of a panic. It is deferred.
func recovered(err *error) {
	if cause := recover(); cause != nil {
		*err = fmt.Errorf("mail: delivery panicked: %v", cause)
	}
}

// settle decides on and notes the outcome.
func (c *Courier) settle(
	ctx context.Context, envelope Envelope, now time.Time, failure error, letter Letter,
) (Outcome, error) {
	log := c.deps.Log.With("mail", envelope.ID.String(), "kind", string(envelope.Kind), "attempt", envelope.Attempts)
	if failure == nil {
		log.DebugContext(ctx, "mail sent")
		return OutcomeSent, c.deps.Outbox.Sent(ctx, envelope.ID, now)
	}
	why := reason(failure, letter)
	next := now.Add(jittered(Backoff(envelope.Attempts)))
	outcome := verdict(failure, next.Sub(envelope.CreatedAt))
	if outcome == OutcomeDeferred {
		log.WarnContext(ctx, "mail deferred", "reason", why, "next", next)
		return outcome, c.deps.Outbox.Defer(ctx, envelope.ID, why, next)
	}
	log.ErrorContext(ctx, "mail failed", "reason", why)
	return outcome, c.deps.Outbox.Fail(ctx, envelope.ID, why)
}

// verdict tells what a failure means for a message that would have the given age at its next attempt.
// Letters that do not open or have no layout here are tried again too: the missing key may come back,
// and another replica may know the layout.
func verdict(failure error, ageAtNext time.Duration) Outcome {
	var refused *core.Error
	switch {
	case errors.Is(failure, ErrExpired):
		return OutcomeExpired
	case errors.As(failure, &refused) && refused.Kind == core.KindInvalid, ageAtNext > GiveUpAfter:
		return OutcomeFailed
	}
	return OutcomeDeferred
}
