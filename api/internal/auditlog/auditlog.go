// Package auditlog answers the operations of the tag audit: what happened, for administrators, and events that
// applications report.
package auditlog

import (
	"context"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// Trail is the audit log. *audit.Trail is one.
type Trail interface {
	Search(ctx context.Context, query audit.Query, page core.Page) (events []audit.Event, next core.Position, err error)
	Find(ctx context.Context, id core.ID) (audit.Event, error)
	Post(ctx context.Context, caller core.Principal, posting audit.Posting) (audit.Event, error)
}

// Handlers answer the operations. All of its members are needed.
type Handlers struct{ Trail Trail }

// ListAuditLogs lists what happened.
func (h Handlers) ListAuditLogs(
	ctx context.Context, request oapi.ListAuditLogsRequestObject,
) (oapi.ListAuditLogsResponseObject, error) {
	asked := request.Params
	list, err := h.list(ctx, audit.Query{
		Actor: asked.Actor, Subject: asked.Subject, Action: audit.Action(asked.Action), Outcome: audit.Outcome(asked.Outcome),
		IP: asked.IP, From: asked.From, Until: asked.To,
	}, asked.Limit, asked.Cursor)
	return oapi.ListAuditLogs200JSONResponse(list), err
}

// ListLoginAttempts lists tries to prove who one is.
func (h Handlers) ListLoginAttempts(
	ctx context.Context, request oapi.ListLoginAttemptsRequestObject,
) (oapi.ListLoginAttemptsResponseObject, error) {
	asked := request.Params
	list, err := h.list(ctx, audit.Query{
		Attempts: true, Actor: asked.Actor, Subject: asked.Subject, Action: audit.Action(asked.Action),
		Outcome: audit.Outcome(asked.Outcome), IP: asked.IP, From: asked.From, Until: asked.To,
	}, asked.Limit, asked.Cursor)
	return oapi.ListLoginAttempts200JSONResponse(list), err
}

func (h Handlers) list(ctx context.Context, query audit.Query, limit int, cursor string) (oapi.AuditEventList, error) {
	page, err := form.Page(limit, cursor)
	if err != nil {
		return oapi.AuditEventList{}, err
	}
	events, next, err := h.Trail.Search(ctx, query, page)
	return oapi.AuditEventList{Items: form.Each(events, encode), NextCursor: form.Next(next)}, err
}

// GetAuditLog tells of one event.
func (h Handlers) GetAuditLog(ctx context.Context, request oapi.GetAuditLogRequestObject) (oapi.GetAuditLogResponseObject, error) {
	event, err := h.Trail.Find(ctx, request.ID)
	return oapi.GetAuditLog200JSONResponse(encode(event)), err
}

// PostAuditLog takes an event of an application, whose actor is the caller.
func (h Handlers) PostAuditLog(ctx context.Context, request oapi.PostAuditLogRequestObject) (oapi.PostAuditLogResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	event, err := h.Trail.Post(ctx, who.Principal, audit.Posting{
		Action: audit.Action(request.Body.Action), Subject: request.Body.Subject,
		Outcome: audit.Outcome(request.Body.Outcome), Reason: request.Body.Reason, Metadata: request.Body.Metadata,
	})
	return oapi.PostAuditLog201JSONResponse(encode(event)), err
}

func encode(event audit.Event) oapi.AuditEvent {
	encoded := oapi.AuditEvent{
		ID: event.ID, At: event.At, Action: string(event.Action), Outcome: oapi.AuditOutcome(event.Outcome),
		Reason: form.Optional(event.Reason), ActorKind: oapi.AuditEventActorKind(event.ActorKind), Actor: form.ID(event.Actor),
		Subject: form.ID(event.Subject), SessionID: form.ID(event.SessionID), RequestID: form.Optional(event.RequestID),
		IP: form.Optional(event.IP), UserAgent: form.Optional(event.UserAgent), Device: form.Optional(event.Device),
		Location: form.Optional(event.Location), Metadata: event.Metadata, KeepUntil: event.KeepUntil,
	}
	if encoded.Metadata == nil {
		encoded.Metadata = map[string]string{}
	}
	return encoded
}
