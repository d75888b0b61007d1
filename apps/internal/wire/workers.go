package wire

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.uber.org/fx"

	"github.com/doorward/doorward/apps/internal/background"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/core/dashboard"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/retention"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/token"
	"github.com/doorward/doorward/core/verification"
)

// The pauses of the loops. Those that are nudged look by themselves too, for what other replicas and those
// that died have left.
const (
	intakeEvery = time.Second
	outboxEvery = time.Second
	keysEvery   = 30 * time.Second
	rotateEvery = time.Hour
	// foldEvery bounds how many changes a reading of the dashboards adds up: those of so long.
	foldEvery = 5 * time.Second
	// namesEvery is how long a name that an older release writes is searched by a guess at most.
	namesEvery = time.Minute
)

// intakeSettle keeps the work for requests that must not tell whom they name away from the answers of those
// that follow at once: what is done for a known address would slow them down. Nobody waits for a mail so
// impatiently.
const intakeSettle = 100 * time.Millisecond

// couriers is how many loops deliver mail, so that one slow message does not hold up the next letter.
const couriers = 2

// workersIn are what works beside the requests.
type workersIn struct {
	fx.In
	Settings  config.Settings
	Intakes   *verification.Worker
	Nudge     intakeNudge
	Courier   *mail.Courier
	Announcer *session.Announcer
	Keys      *token.Ring
	Lock      retention.Lock
	Sweeper   *retention.Sweeper
	Folder    dashboard.Folder
	Keyer     directory.Keyer
	Peer      *mailPeer
	Log       *slog.Logger
}

// newWorkers makes the loops. They run from before the first request until after the last.
func newWorkers(in workersIn) *background.Runner {
	posted := background.NewNudge()
	loops := []background.Loop{
		{Name: "intakes", Every: intakeEvery, Nudge: in.Nudge.Nudge, Settle: intakeSettle, Step: in.resolve(posted)},
		{Name: "journal", Every: session.RepublishInterval, Step: some(in.Announcer.Republish)},
		{Name: "signing keys", Every: keysEvery, Nudge: in.Keys.Missed(), Step: none(in.Keys.Reload)},
		{Name: "figures", Every: foldEvery, Step: in.fold},
		{Name: "names", Every: namesEvery, Step: in.keyNames},
		{Name: "key rotation", Every: rotateEvery, Step: none(in.rotate)},
		in.Peer.loop(),
		newMemoryLoop(in.Settings),
	}
	for range couriers {
		loops = append(loops, background.Loop{Name: "outbox", Every: outboxEvery, Nudge: posted, Step: some(in.Courier.Step)})
	}
	if every := in.Settings.Cleanup.Interval; every > 0 {
		loops = append(loops, background.Loop{Name: "cleanup", Every: every, Step: none(in.sweep)})
	}
	return background.NewRunner(in.Log, loops...)
}

// some makes a loop's step of one that tells how much it did: while it does something more may wait.
func some(step func(ctx context.Context) (int, error)) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		handled, err := step(ctx)
		return handled > 0, err
	}
}

// none makes a loop's step of one that leaves nothing to do.
func none(step func(ctx context.Context) error) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) { return false, step(ctx) }
}

// resolve resolves intakes and wakes those who deliver what that posted.
func (in workersIn) resolve(posted background.Nudge) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		handled, err := in.Intakes.Step(ctx)
		if handled > 0 {
			posted.Now()
		}
		return handled > 0, err
	}
}

// rotate makes a new signing key when the newest is old; of several replicas one does.
func (in workersIn) rotate(ctx context.Context) error {
	release, held, err := in.Lock.TryLock(ctx, "signing-keys")
	if err != nil || !held {
		return err
	}
	defer release()
	_, err = in.Keys.RotateDue(ctx)
	return err
}

// keyNames makes right what older releases have written of names.
func (in workersIn) keyNames(ctx context.Context) (bool, error) {
	keyed, err := in.Keyer.KeyNames(ctx, directory.KeyNamesMax)
	return keyed >= directory.KeyNamesMax, err
}

// sweep removes what has expired, unless another process is at it.
func (in workersIn) sweep(ctx context.Context) error {
	_, err := in.Sweeper.Run(ctx, retention.Options{BatchSize: in.Settings.Cleanup.BatchSize})
	if errors.Is(err, retention.ErrRunning) {
		return nil
	}
	return err
}

var workersModule = fx.Module("workers", fx.Provide(newWorkers))
