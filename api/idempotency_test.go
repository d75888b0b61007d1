package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/idempotency"
	"github.com/doorward/doorward/core/idempotency/idempotencytest"
	"github.com/doorward/doorward/core/secret"
)

// repetitions is the real guard over memory.
func (w *world) repetitions(clock core.Clock) api.Repetitions {
	ring, err := secret.ParseRing(secret.GenerateKey("test"))
	if err != nil {
		panic(err) // a fresh key can be read
	}
	w.keys = idempotencytest.NewMemory(coretest.NewDatabase())
	return idempotency.NewGuard(idempotency.Deps{
		Store: faulty{w}, Ring: ring, Clock: clock, IDs: core.NewIDs(clock), Log: core.Discard(),
	}, idempotency.Config{})
}

// faulty is the store of a world, which may be away.
type faulty struct{ *world }

func (f faulty) Begin(ctx context.Context, record idempotency.Record) (idempotency.Record, error) {
	if f.keysAway {
		return idempotency.Record{}, core.Unavailable(errors.New("no database"))
	}
	return f.keys.Begin(ctx, record)
}

func (f faulty) Finish(ctx context.Context, digest idempotency.Digest, run core.ID, reply []byte, at time.Time) error {
	return f.keys.Finish(ctx, digest, run, reply, at)
}

func (f faulty) Abandon(ctx context.Context, digest idempotency.Digest, run core.ID) error {
	return f.keys.Abandon(ctx, digest, run)
}

const posted = `{"action":"app.x"}`

// keyed is the header of a caller with a key.
func keyed(key string) []string { return append(as("good"), "Idempotency-Key", key) }

func (c *client) post(key, body string) reply {
	return c.do("POST", "/v1/audit-logs", body, keyed(key)...)
}

func openAdministration(t *testing.T) (*client, *world) {
	t.Helper()
	c, w := open(t, api.Options{})
	w.holds = []access.Bit{access.AuditWrite, access.AuditRead}
	return c, w
}

func TestARepeatedCallIsDoneOnce(t *testing.T) {
	t.Parallel()
	c, w := openAdministration(t)
	first := c.post("k", posted)
	again := c.post("k", posted)
	if first.StatusCode != http.StatusCreated || again.StatusCode != http.StatusCreated || !bytes.Equal(first.body, again.body) {
		t.Errorf("%d %s, then %d %s", first.StatusCode, first.body, again.StatusCode, again.body)
	}
	if first.Header.Get("Idempotency-Replayed") != "" || again.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("marked %q, then %q", first.Header.Get("Idempotency-Replayed"), again.Header.Get("Idempotency-Replayed"))
	}
	for _, field := range []string{"Content-Type", "Cache-Control"} {
		if first.Header.Get(field) != again.Header.Get(field) {
			t.Errorf("%s: %q, then %q", field, first.Header.Get(field), again.Header.Get(field))
		}
	}
	if calls := w.said(); strings.Count(calls, "post") != 1 {
		t.Errorf("done: %s", calls)
	}
	if other := c.post("K", posted); other.Header.Get("Idempotency-Replayed") != "" || w.said() == "" {
		t.Error("another key was taken for the same")
	}
	if without := c.do("POST", "/v1/audit-logs", posted, as("good")...); without.StatusCode != http.StatusCreated || w.said() == "" {
		t.Error("a call without a key was not done")
	}
}

// TestWhatARefusalLeaves tells which refusals are kept, and which leave the key to the next try.
func TestWhatARefusalLeaves(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err    error
		status int
		kept   bool
	}{
		"input":    {core.InvalidField("action", core.CodeInvalidFormat, "?"), 400, true},
		"conflict": {core.ErrConflict, 409, true},
		"rights":   {access.ErrExceeds, 403, false},
		"sign-in":  {core.NewError(core.KindUnauthenticated, core.CodeSessionEnded, "?"), 401, false},
		"fault":    {errors.New("?"), 500, false},
		"outage":   {core.Unavailable(errors.New("?")), 503, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := openAdministration(t)
			w.err = test.err
			first := c.post("k", posted)
			w.err = nil
			again := c.post("k", posted)
			if first.StatusCode != test.status {
				t.Errorf("%d %s", first.StatusCode, first.body)
			}
			if kept := again.StatusCode == test.status && again.problem(t).Code == first.problem(t).Code; kept != test.kept {
				t.Errorf("then %d %s", again.StatusCode, again.body)
			}
			if calls := strings.Count(w.said(), "post"); calls == 1 != test.kept {
				t.Errorf("%d calls", calls)
			}
		})
	}
}

func TestAKeyOfAnotherCall(t *testing.T) {
	t.Parallel()
	c, w := openAdministration(t)
	c.post("k", posted)
	w.said()
	for name, got := range map[string]reply{
		"another body": c.post("k", `{"action":"app.y"}`), "another spelling": c.post("k", posted+" "),
	} {
		if problem := got.problem(t); got.StatusCode != http.StatusUnprocessableEntity || core.Code(problem.Code) != core.CodeIdempotencyReused {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	if calls := w.said(); calls != "" {
		t.Errorf("reached %q", calls)
	}
}

func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	c, w := openAdministration(t)
	for name, key := range map[string]string{"empty": "", "long": strings.Repeat("x", 256), "not ASCII": "\u00fc"} {
		if got := c.post(key, posted); got.StatusCode != http.StatusBadRequest || !strings.HasPrefix(got.flaws(t), "Idempotency-Key:") {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	if calls := w.said(); calls != "" {
		t.Errorf("reached %q", calls)
	}
}

// TestWithoutTheStoreNothingIsDone would rather refuse a call than do it twice.
func TestWithoutTheStoreNothingIsDone(t *testing.T) {
	t.Parallel()
	c, w := openAdministration(t)
	w.keysAway = true
	if got := c.post("k", posted); got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	if calls := w.said(); calls != "" {
		t.Errorf("reached %q", calls)
	}
}

// TestKeptRepliesAreForWhoMayHaveThem takes the right away between two calls.
func TestKeptRepliesAreForWhoMayHaveThem(t *testing.T) {
	t.Parallel()
	c, w := openAdministration(t)
	c.post("k", posted)
	w.holds = nil
	if got := c.post("k", posted); got.StatusCode != http.StatusForbidden {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// TestAPanicFreesTheKey lets the next try run.
func TestAPanicFreesTheKey(t *testing.T) {
	t.Parallel()
	c, w := openAdministration(t)
	w.hold = func(context.Context) error { panic("boom") }
	if got := c.post("k", posted); got.StatusCode != http.StatusInternalServerError {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	w.hold = nothing
	if got := c.post("k", posted); got.StatusCode != http.StatusCreated {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// TestManyCallsWithOneKey holds the first call until all others are answered.
func TestManyCallsWithOneKey(t *testing.T) {
	t.Parallel()
	const calls = 32
	c, w := openAdministration(t)
	entered, leave := make(chan struct{}, calls), make(chan struct{})
	w.hold = func(context.Context) error {
		entered <- struct{}{}
		<-leave
		return nil
	}
	replies := make([]reply, calls)
	var calling, refused sync.WaitGroup
	refused.Add(calls - 1)
	for i := range calls {
		calling.Go(func() {
			replies[i] = c.post("k", posted)
			if replies[i].StatusCode == http.StatusConflict {
				refused.Done()
			}
		})
	}
	refused.Wait()
	close(leave)
	calling.Wait()
	if len(entered) != 1 {
		t.Errorf("done %d times", len(entered))
	}
	for _, got := range replies {
		busy := got.StatusCode == http.StatusConflict
		if busy && (core.Code(got.problem(t).Code) != core.CodeIdempotencyBusy || got.Header.Get("Retry-After") != "1") {
			t.Errorf("%d %s %v", got.StatusCode, got.body, got.Header)
		}
	}
	if got := c.post("k", posted); got.StatusCode != http.StatusCreated || got.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("afterwards %d %s", got.StatusCode, got.body)
	}
}

// TestEveryCreationCanBeRepeated holds the policy against the contract: each operation of the administration that makes
// something takes a key; and of no reply that holds a secret more is kept than that it was given.
func TestEveryCreationCanBeRepeated(t *testing.T) {
	t.Parallel()
	administration := []string{"users", "access", "audit", "dashboard", "operations"}
	got, marked := api.Repeated(), map[string]any{}
	for path, item := range contract(t).Paths.Map() {
		for method, operation := range item.Operations() {
			if mark, known := operation.Extensions["x-idempotent"]; known {
				marked[operation.OperationID] = mark
			}
			creates := method == http.MethodPost && operation.Responses.Status(http.StatusCreated) != nil
			if creates && slices.Contains(administration, operation.Tags[0]) && got[operation.OperationID] == nil {
				t.Errorf("POST %s creates something and takes no key", path)
			}
			if secret := slices.Contains(api.SecretOperations(), operation.OperationID); secret && got[operation.OperationID] == true {
				t.Errorf("the reply of %s holds a secret and would be kept", operation.OperationID)
			}
		}
	}
	if !maps.Equal(got, marked) {
		t.Errorf("the policy says %v, the contract %v", fmt.Sprint(got), fmt.Sprint(marked))
	}
}
