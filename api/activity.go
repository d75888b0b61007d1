package api

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/oapi-codegen/nullable"

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
	after, err := form.Position(request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	events, next, err := h.deps.Audit.Search(ctx, audit.Query{
		Subject: who.Principal.UserID, Action: audit.Action(request.Params.Action),
		Outcome: audit.Outcome(request.Params.Outcome), From: request.Params.From, Until: request.Params.To,
	}, core.Page{Limit: request.Params.Limit, After: after})
	list := oapi.ActivityList{Items: make([]oapi.Activity, 0, len(events)), NextCursor: form.Next(next)}
	for _, each := range events {
		list.Items = append(list.Items, encodeEvent(each))
	}
	return oapi.ListActivity200JSONResponse(list), err
}

// encodeEvent writes an event as its subject sees it. Who administers is not named, nor where they were: what they did
// is the subject's business, and the rest is theirs.
func encodeEvent(event audit.Event) oapi.Activity {
	encoded := oapi.Activity{
		ID: event.ID, At: event.At, Action: string(event.Action), Outcome: oapi.ActivityOutcome(event.Outcome),
		Reason: form.Optional(event.Reason), Actor: actorOf(event), Location: form.Null,
		SessionID: nullable.NewNullNullable[core.ID](), Metadata: map[string]string{},
	}
	own := encoded.Actor == oapi.ActivityActorSelf || encoded.Actor == oapi.ActivityActorStranger
	if own {
		encoded.IP, encoded.Device, encoded.Location = event.IP, event.Device, form.Optional(event.Location)
	}
	for key, value := range event.Metadata {
		if own || key != audit.MetaToken {
			encoded.Metadata[key] = value
		}
	}
	// What others do to a session names the subject's, everything else that from which they did it.
	if !event.SessionID.IsZero() && (own || strings.HasPrefix(string(event.Action), "session.")) {
		encoded.SessionID.Set(event.SessionID)
	}
	return encoded
}

// actorOf tells an event's subject who did it.
func actorOf(event audit.Event) oapi.ActivityActor {
	switch event.ActorKind {
	case audit.Person:
		if event.Actor == event.Subject {
			return oapi.ActivityActorSelf
		}
		return oapi.ActivityActorAdministrator
	case audit.Service:
		return oapi.ActivityActorService
	case audit.System, audit.Operator:
		return oapi.ActivityActorServer
	case audit.Stranger:
	}
	return oapi.ActivityActorStranger
}

// denied writes down that a rule of the edge has kept a request from its operation: a sign-in that is not recent, a
// second factor that is not enrolled, a page of another site. What a use case refuses it writes down itself, calls
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
