package idempotency_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/idempotency"
	"github.com/doorward/doorward/core/idempotency/idempotencytest"
	"github.com/doorward/doorward/core/secret"
)

// callTimeout is longer than the lease of a guard that knows nothing of it.
const callTimeout = 5 * time.Minute

// gate is a guard over memory.
type gate struct {
	*idempotency.Guard
	store idempotency.Store
	clock *coretest.Clock
	told  bytes.Buffer
}

func ring(t *testing.T, keys ...string) *secret.Ring {
	t.Helper()
	made, err := secret.ParseRing(strings.Join(keys, ","))
	coretest.Must(t, err)
	return made
}

func open(t *testing.T) *gate { return openWith(t, ring(t, secret.GenerateKey("test"))) }

func openWith(t *testing.T, ring *secret.Ring) *gate {
	t.Helper()
	g := &gate{store: idempotencytest.NewMemory(coretest.NewDatabase()), clock: coretest.NewClock()}
	g.Guard = g.with(ring)
	return g
}

// with is another guard over the same memory: another replica, or the same after a restart.
func (g *gate) with(ring *secret.Ring) *idempotency.Guard {
	return idempotency.NewGuard(idempotency.Deps{
		Store: g.store, Ring: ring, Clock: g.clock, IDs: core.NewIDs(g.clock),
		Log: slog.New(slog.NewTextHandler(&g.told, nil)),
	}, idempotency.Config{CallTimeout: callTimeout})
}

var (
	call = idempotency.Call{
		Caller: core.Principal{UserID: core.ID{1}}, Key: "k", Operation: "createRole", Body: []byte(`{"name":"A"}`),
	}
	reply = idempotency.Reply{Status: 201, ContentType: "application/json", Body: []byte(`{"id":1}`)}
)

// first begins the first call.
func (g *gate) first(t *testing.T) idempotency.Run {
	t.Helper()
	run, earlier, err := g.Begin(t.Context(), call)
	coretest.Must(t, err)
	coretest.Equal(t, nil, earlier)
	return run
}

func TestARepetitionGetsTheFirstReply(t *testing.T) {
	t.Parallel()
	g := open(t)
	g.Finish(t.Context(), g.first(t), &reply)
	for range 2 {
		g.clock.Advance(11 * time.Hour)
		_, earlier, err := g.Begin(t.Context(), call)
		coretest.Must(t, err)
		coretest.Equal(t, &reply, earlier)
	}
	g.clock.Advance(2 * time.Hour) // a day after the first
	g.first(t)
}

func TestAKeyIsBoundToItsCall(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*idempotency.Call)
		want   error
	}{
		"another body":      {func(c *idempotency.Call) { c.Body = []byte(`{"name":"B"}`) }, idempotency.ErrReused},
		"another spelling":  {func(c *idempotency.Call) { c.Body = []byte(`{"name": "A"}`) }, idempotency.ErrReused},
		"another operation": {func(c *idempotency.Call) { c.Operation = "createGroup" }, idempotency.ErrReused},
		"shifted":           {func(c *idempotency.Call) { c.Operation, c.Body = "createRole\n{", []byte(`"name":"A"}`) }, idempotency.ErrReused},
		"another key":       {func(c *idempotency.Call) { c.Key = "K" }, nil},
		"another caller":    {func(c *idempotency.Call) { c.Caller.UserID = core.ID{2} }, nil},
		"another means":     {func(c *idempotency.Call) { c.Caller.Means = core.ByToken }, nil},
		"a machine": {func(c *idempotency.Call) {
			c.Caller = core.Principal{Means: core.ByService, ServiceID: core.ID{1}}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := open(t)
			g.Finish(t.Context(), g.first(t), &reply)
			other := call
			test.change(&other)
			_, earlier, err := g.Begin(t.Context(), other)
			coretest.Equal(t, nil, earlier)
			coretest.Refused(t, err, test.want)
		})
	}
}

func TestWhatCameBefore(t *testing.T) {
	t.Parallel()
	const lease = callTimeout + idempotency.LeaseMargin
	large := reply
	large.Body = make([]byte, idempotency.ReplyMax+1)
	for name, test := range map[string]struct {
		before func(t *testing.T, g *gate)
		want   error
	}{
		"is under way":           {func(t *testing.T, g *gate) { g.first(t) }, idempotency.ErrBusy},
		"held a secret":          {func(t *testing.T, g *gate) { g.Finish(t.Context(), g.first(t), nil) }, idempotency.ErrSpent},
		"is too large":           {func(t *testing.T, g *gate) { g.Finish(t.Context(), g.first(t), &large) }, idempotency.ErrSpent},
		"came to nothing":        {func(t *testing.T, g *gate) { g.Abandon(t.Context(), g.first(t)) }, nil},
		"crashed":                {func(t *testing.T, g *gate) { g.first(t); g.clock.Advance(lease) }, nil},
		"crashed a moment later": {func(t *testing.T, g *gate) { g.first(t); g.clock.Advance(lease - 1000) }, idempotency.ErrBusy},
		"ended for one who left": {func(t *testing.T, g *gate) {
			ctx, cancel := context.WithCancel(t.Context())
			run, _, err := g.Begin(ctx, call)
			coretest.Must(t, err)
			cancel()
			g.Finish(ctx, run, nil)
		}, idempotency.ErrSpent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := open(t)
			test.before(t, g)
			_, _, err := g.Begin(t.Context(), call)
			coretest.Refused(t, err, test.want)
		})
	}
	if idempotency.ErrBusy.RetryAfter <= 0 {
		t.Error("who comes too early is not told when to come again")
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	g := open(t)
	for key, good := range map[string]bool{
		"": false, " ": true, "~": true, "8e03978e-40d5-43dd-bc93-6894a57f9324": true, "\t": false, "\x7f": false, "ü": false,
		strings.Repeat("x", idempotency.KeyMax): true, strings.Repeat("x", idempotency.KeyMax+1): false,
	} {
		with := call
		with.Key = key
		_, _, err := g.Begin(t.Context(), with)
		if good != (err == nil) || err != nil && core.AsError(err).Kind != core.KindInvalid {
			t.Errorf("%q: %v", key, err)
		}
	}
}

// A key of the ring may be replaced within the day.
func TestReplacedMasterKeys(t *testing.T) {
	t.Parallel()
	older, newer := secret.GenerateKey("older"), secret.GenerateKey("newer")
	g := openWith(t, ring(t, older))
	g.Finish(t.Context(), g.first(t), &reply)
	_, earlier, err := g.with(ring(t, newer, older)).Begin(t.Context(), call)
	coretest.Must(t, err)
	coretest.Equal(t, &reply, earlier)
	_, _, err = g.with(ring(t, newer)).Begin(t.Context(), call)
	coretest.Refused(t, err, idempotency.ErrReused)
}

func TestOfManyCallsOneRuns(t *testing.T) {
	t.Parallel()
	g := open(t)
	var ran atomic.Int64
	coretest.Race(t, 32, idempotency.ErrBusy, func(ctx context.Context, _ int) error {
		run, earlier, err := g.Begin(ctx, call)
		if err == nil && earlier == nil {
			ran.Add(1)
			g.Finish(ctx, run, &reply)
		}
		return err
	})
	coretest.Equal(t, 1, ran.Load())
}

// away is a store that cannot be asked.
type away struct{ idempotency.Store }

func (away) Begin(context.Context, idempotency.Record) (idempotency.Record, error) {
	return idempotency.Record{}, core.Unavailable(context.DeadlineExceeded)
}

// slipping is a store whose key is freed whenever it is looked at, for so long.
type slipping struct {
	idempotency.Store
	left *atomic.Int64
}

func (s slipping) Begin(ctx context.Context, record idempotency.Record) (idempotency.Record, error) {
	if s.left.Add(-1) >= 0 {
		return idempotency.Record{}, core.ErrNotFound
	}
	return s.Store.Begin(ctx, record)
}

func TestStoresThatDoNotAnswer(t *testing.T) {
	t.Parallel()
	g := open(t)
	begin := func(store idempotency.Store) error {
		guard := idempotency.NewGuard(idempotency.Deps{
			Store: store, Ring: ring(t, secret.GenerateKey("k")), Clock: g.clock, IDs: core.NewIDs(g.clock), Log: core.Discard(),
		}, idempotency.Config{})
		_, _, err := guard.Begin(t.Context(), call)
		return err
	}
	coretest.Equal(t, core.KindUnavailable, core.AsError(begin(away{})).Kind)
	for times, want := range map[int64]error{1: nil, 3: idempotency.ErrBusy} {
		left := new(atomic.Int64)
		left.Store(times)
		coretest.Refused(t, begin(slipping{idempotencytest.NewMemory(coretest.NewDatabase()), left}), want)
	}
}

// What cannot be written down is told to the operator, without the call.
func TestFaultsOfTheEnd(t *testing.T) {
	t.Parallel()
	g := open(t)
	run := g.first(t)
	g.Abandon(t.Context(), run)
	g.Abandon(t.Context(), run)
	g.Finish(t.Context(), run, &reply)
	told := g.told.String()
	if !strings.Contains(told, "level=WARN") || !strings.Contains(told, "level=ERROR") || strings.Contains(told, "createRole") {
		t.Errorf("told %s", told)
	}
}
