package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/idempotency"
)

// Repetitions tells the repetitions of a call from calls of their own. *idempotency.Guard does.
type Repetitions interface {
	Begin(ctx context.Context, call idempotency.Call) (run idempotency.Run, earlier *idempotency.Reply, err error)
	Finish(ctx context.Context, run idempotency.Run, reply *idempotency.Reply)
	Abandon(ctx context.Context, run idempotency.Run)
}

// repeated is what becomes of a call that is made again with the same Idempotency-Key.
type repeated uint8

const (
	// runsAgain is for operations that take no key: they are harmless to repeat, or guard themselves.
	runsAgain repeated = iota
	// isReplayed gives the first reply again.
	isReplayed
	// isSpent tells that it was done: the first reply held a secret, which is not kept.
	isSpent
)

// The fields of draft-ietf-httpapi-idempotency-key-header-07, and the mark of a reply that is given again.
const (
	idempotencyField = "Idempotency-Key"
	replayedField    = "Idempotency-Replayed"
)

// lasting are the refusals that the same call would get again: they are about what it says, and the state it meets. Of
// others, such as a limit or a database that is away, the next try may fare better.
var lasting = []int{http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusGone}

// once runs an operation, unless a call with the same key has done so already. Where that cannot be known nothing is
// done. It comes behind every other check, so that a reply is given again to those alone who might get it anew.
func (s *server) once(c *fiber.Ctx, described *operation) error {
	given := c.Request().Header.PeekAll(idempotencyField)
	if described.rule.repeated == runsAgain || len(given) == 0 {
		return c.Next()
	}
	ctx := c.UserContext()
	who, err := caller.Of(ctx)
	if err != nil {
		return err
	}
	run, earlier, err := s.deps.Repetitions.Begin(ctx, idempotency.Call{
		Caller: who.Principal, Key: keyOf(given), Operation: described.id + " " + c.OriginalURL(), Body: c.Request().Body(),
	})
	switch {
	case err != nil:
		return err
	case earlier != nil:
		return replay(c, earlier)
	}
	return s.runOnce(c, described, run)
}

// keyOf gives the key of a call; of several none, which is no key.
func keyOf(given [][]byte) string {
	if len(given) > 1 {
		return ""
	}
	return string(given[0])
}

// runOnce runs an operation for the first time and keeps its reply. A call that comes to nothing, be it by a panic, frees
// its key.
func (s *server) runOnce(c *fiber.Ctx, described *operation, run idempotency.Run) error {
	ctx, kept := c.UserContext(), false
	defer func() {
		if !kept {
			s.deps.Repetitions.Abandon(ctx, run)
		}
	}()
	if err := c.Next(); err != nil {
		failed := declared(c, classify(err))
		if !slices.Contains(lasting, failed.status) {
			return err
		}
		if err := writeProblem(c, failed, core.ClientFrom(ctx).RequestID); err != nil {
			return err
		}
		c.Locals(failureLocal, failed)
	}
	reply := &idempotency.Reply{
		Status: c.Response().StatusCode(), ContentType: string(c.Response().Header.ContentType()), Body: c.Response().Body(),
	}
	if described.rule.repeated == isSpent && reply.Status < http.StatusBadRequest {
		reply = nil
	}
	s.deps.Repetitions.Finish(ctx, run, reply)
	kept = true
	return nil
}

// replay gives a reply again. A problem names the request that it is told to, which is this one.
func replay(c *fiber.Ctx, earlier *idempotency.Reply) error {
	c.Set(replayedField, "true")
	body := earlier.Body
	if earlier.Status >= http.StatusBadRequest {
		var problem oapi.Problem
		if err := json.Unmarshal(body, &problem); err != nil {
			return core.Internal(err)
		}
		problem.RequestID = core.ClientFrom(c.UserContext()).RequestID
		rewritten, err := json.Marshal(problem)
		if err != nil {
			return core.Internal(err)
		}
		c.Set(fiber.HeaderContentLanguage, "en")
		body = rewritten
	}
	c.Set(fiber.HeaderContentType, earlier.ContentType)
	return c.Status(earlier.Status).Send(body)
}
