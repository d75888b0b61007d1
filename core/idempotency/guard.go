package idempotency

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
)

const (
	// Kept is how long a key is remembered: long enough for a client that goes on in the morning.
	Kept = 24 * time.Hour
	// DefaultCallTimeout is for a Config that names none.
	DefaultCallTimeout = 15 * time.Second
	// LeaseMargin is how much longer than its deadline a call has the key: it may be late in heeding the deadline, takes
	// up to noteTimeout to note its end, and the clock of the replica that its repetition comes to may be ahead.
	LeaseMargin = 45 * time.Second
	// KeyMax is the length of the longest key in bytes.
	KeyMax = 255
	// ReplyMax is the size of the largest body that is kept.
	ReplyMax = 64 << 10
	// busyWait is after how long a client that came too early is to ask again.
	busyWait = time.Second
	// noteTimeout bounds the note of how a call ended.
	noteTimeout = 2 * time.Second
)

// The refusals.
var (
	// ErrReused refuses a key that was given with another call.
	ErrReused = core.NewError(core.KindConflict, core.CodeIdempotencyReused, "This key was given with another call before.")
	// ErrBusy refuses a call whose first one is not answered yet.
	ErrBusy = &core.Error{
		Kind: core.KindConflict, Code: core.CodeIdempotencyBusy, RetryAfter: busyWait,
		Message: "The first call with this key is not answered yet.",
	}
	// ErrSpent refuses a call that was done, and whose reply is not kept.
	ErrSpent = core.NewError(core.KindConflict, core.CodeIdempotencySpent,
		"This was done with this key already. Its reply held a secret, and is not kept.")
	errKey = core.InvalidField("Idempotency-Key", core.CodeInvalidFormat, "A key has 1 to 255 printable characters of ASCII.")
)

// Call is a call with a key.
type Call struct {
	Caller core.Principal
	Key    string
	// Operation is everything that tells the call from others beside who calls and the body: the operation, and what
	// stands in the path and the query.
	Operation string
	Body      []byte
}

// Reply is what a call was answered.
type Reply struct {
	Status      int    `json:"status"`
	ContentType string `json:"content_type"`
	Body        []byte `json:"body"`
}

// Deps are what a Guard is made of. All are needed.
type Deps struct {
	Store Store
	Ring  *secret.Ring
	Clock core.Clock
	IDs   *core.IDs
	Log   *slog.Logger
}

// Config is how long calls take.
type Config struct {
	// CallTimeout is the deadline of a call; DefaultCallTimeout when zero (REQUEST_TIMEOUT). One that has not ended
	// LeaseMargin after it counts as crashed: were that sooner, its repetition would run beside it.
	CallTimeout time.Duration
}

// Guard sees to it that a call is done once. Safe for concurrent use.
type Guard struct {
	deps  Deps
	lease time.Duration
}

// NewGuard makes a guard.
func NewGuard(deps Deps, config Config) *Guard {
	return &Guard{deps: deps, lease: cmp.Or(config.CallTimeout, DefaultCallTimeout) + LeaseMargin}
}

// Run is a call that has its key. It ends with Finish or Abandon.
type Run struct {
	digest Digest
	id     core.ID
}

// Begin lets a call run, or gives what an earlier one was answered. KindInvalid for a text that is no key; ErrReused,
// ErrBusy, ErrSpent; KindUnavailable when it cannot be known whether there was an earlier one.
func (g *Guard) Begin(ctx context.Context, call Call) (run Run, earlier *Reply, err error) {
	if !validKey(call.Key) {
		return Run{}, nil, errKey
	}
	now, digest := g.deps.Clock.Now(), digestOf(call)
	record := Record{
		Digest: digest, Run: g.deps.IDs.New(), Fingerprint: g.deps.Ring.TaggedDigest(digest.context(), call.text()),
		CreatedAt: now, LeasedUntil: now.Add(g.lease), ExpiresAt: now.Add(Kept),
	}
	standing, err := g.take(ctx, record)
	switch {
	case err != nil:
		return Run{}, nil, err
	case standing.Run == record.Run:
		return Run{digest, record.Run}, nil, nil
	case !g.deps.Ring.Matches(standing.Fingerprint, digest.context(), call.text()):
		return Run{}, nil, ErrReused
	case standing.FinishedAt.IsZero():
		return Run{}, nil, ErrBusy
	}
	earlier, err = g.open(standing)
	return Run{}, earlier, err
}

// takes is how often a key that is freed while it is looked at is asked for: whoever it slips from so often has company.
const takes = 3

func (g *Guard) take(ctx context.Context, record Record) (standing Record, err error) {
	for range takes {
		if standing, err = g.deps.Store.Begin(ctx, record); !errors.Is(err, core.ErrNotFound) {
			return standing, err
		}
	}
	return Record{}, ErrBusy
}

// Finish keeps the reply of a run for those who repeat it; nil for one that holds a secret, or is too large: then it is
// kept that it was given. A reply that cannot be kept is told to the operator alone: the work is done, and its caller
// is answered. A client that hangs up does not keep it from being kept.
func (g *Guard) Finish(ctx context.Context, run Run, reply *Reply) {
	var sealed []byte
	if reply != nil && len(reply.Body) <= ReplyMax {
		plain, _ := json.Marshal(reply) // numbers, texts and bytes always encode
		sealed = g.deps.Ring.Seal(run.digest.context(), plain)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	if err := g.deps.Store.Finish(ctx, run.digest, run.id, sealed, g.deps.Clock.Now()); err != nil {
		g.deps.Log.ErrorContext(ctx, "reply not kept for its repetitions", "error", err)
	}
}

// Abandon frees the key of a run that came to nothing, so that it can be tried again. Where that fails, the end of the
// lease frees it.
func (g *Guard) Abandon(ctx context.Context, run Run) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	if err := g.deps.Store.Abandon(ctx, run.digest, run.id); err != nil {
		g.deps.Log.WarnContext(ctx, "key of a call that failed not freed", "error", err)
	}
}

// open gives the kept reply. One whose master key is gone is as good as not kept.
func (g *Guard) open(standing Record) (*Reply, error) {
	if standing.Reply == nil {
		return nil, ErrSpent
	}
	plain, err := g.deps.Ring.Open(standing.Digest.context(), standing.Reply)
	if err != nil {
		return nil, ErrSpent.Because(err)
	}
	var reply Reply
	if err := json.Unmarshal(plain, &reply); err != nil {
		return nil, core.Internal(err)
	}
	return &reply, nil
}

// validKey reports whether a text is made of 1 to KeyMax printable characters of ASCII.
func validKey(key string) bool {
	return key != "" && len(key) <= KeyMax && !strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' })
}

func digestOf(call Call) Digest {
	who := call.Caller.ID().String() + "/" + strconv.Itoa(int(call.Caller.Means)) + "/"
	return sha256.Sum256([]byte(who + call.Key))
}

// context binds what is made for a record to it.
func (d Digest) context() string { return secret.PlaceReplies.Of(hex.EncodeToString(d[:])) }

func (c Call) text() string { return c.Operation + "\n" + string(c.Body) }
