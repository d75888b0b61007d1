package api

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// ListActivity lists what happened to the caller's account.
func (h meHandlers) ListActivity(
	ctx context.Context, request oapi.ListActivityRequestObject,
) (oapi.ListActivityResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	page, err := form.Page(request.Params.Limit, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	events, next, err := h.deps.Audit.Search(ctx, audit.Query{
		Subject: who.Principal.UserID, Action: audit.Action(request.Params.Action),
		Outcome: audit.Outcome(request.Params.Outcome), From: request.Params.From, Until: request.Params.To,
	}, page)
	return oapi.ListActivity200JSONResponse{Items: form.Each(events, encodeEvent), NextCursor: form.Next(next)}, err
}

// encodeEvent writes an event as its subject sees it.
func encodeEvent(event audit.Event) oapi.Activity {
	seen := event.Seen()
	encoded := oapi.Activity{
		ID: seen.ID, At: seen.At, Action: string(seen.Action), Outcome: oapi.ActivityOutcome(seen.Outcome),
		Reason: form.Optional(seen.Reason), Actor: oapi.ActivityActor(event.Doer()), IP: seen.IP, Device: seen.Device,
		Location: form.Optional(seen.Location), SessionID: form.ID(seen.SessionID), Metadata: seen.Metadata,
	}
	if encoded.Metadata == nil {
		encoded.Metadata = map[string]string{}
	}
	return encoded
}

// denied writes down that a rule of the edge has kept a request from its operation: a permission that is missing, a sign-in
// that is not recent, a second factor that is not enrolled, a page of another site. What a use case refuses it writes down itself, calls
// beyond a limit are in the figures, and who is nobody yet has nothing to be refused. It gives err back.
func (s *server) denied(c *fiber.Ctx, described *operation, err error) error {
	refusal := core.AsError(err)
	if refusal.Kind != core.KindForbidden {
		return err
	}
	ctx := c.UserContext()
	event := audit.Event{
		Action: audit.ActionDenied, Outcome: audit.Refused, Reason: string(refusal.Code),
		Metadata: map[string]string{"operation": described.id},
	}
	if who, ok := caller.From(ctx); ok {
		event.Subject = who.Principal.UserID
		event = event.By(who.Principal)
	} else if held := visitFrom(ctx).disbelieved; !held.ID.IsZero() {
		event.Subject, event.SessionID = held.UserID, held.ID
	}
	s.deps.Audit.Note(ctx, event)
	return err
}
