// Package operations answers the tag operations: the running of the deployment.
package operations

import (
	"context"
	"time"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mail"
)

// Post looks after messages. *mail.Postmaster does.
type Post interface {
	Browse(ctx context.Context, query mail.LedgerQuery, page core.Page) (messages []mail.Envelope, next core.Position, err error)
	Retry(ctx context.Context, caller core.Principal, id core.ID) (mail.Envelope, error)
}

// Handlers answer the operations. All of its members are needed.
type Handlers struct{ Post Post }

// states are the states of messages as they are written.
var states = map[mail.State]oapi.OutboxState{
	mail.StateQueued: oapi.OutboxStatePending, mail.StateSent: oapi.OutboxStateSent, mail.StateFailed: oapi.OutboxStateFailed,
}

// ListOutbox lists messages and their delivery.
func (h Handlers) ListOutbox(ctx context.Context, request oapi.ListOutboxRequestObject) (oapi.ListOutboxResponseObject, error) {
	page, err := form.Page(request.Params.Limit, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	query := mail.LedgerQuery{Kind: mail.Kind(request.Params.Kind)}
	for state, written := range states {
		if written == request.Params.State {
			query.State = state
		}
	}
	messages, next, err := h.Post.Browse(ctx, query, page)
	return oapi.ListOutbox200JSONResponse{Items: form.Each(messages, encode), NextCursor: form.Next(next)}, err
}

// RetryOutboxMessage has a message sent again that was given up.
func (h Handlers) RetryOutboxMessage(
	ctx context.Context, request oapi.RetryOutboxMessageRequestObject,
) (oapi.RetryOutboxMessageResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	retried, err := h.Post.Retry(ctx, who.Principal, request.ID)
	return oapi.RetryOutboxMessage200JSONResponse(encode(retried)), err
}

func encode(message mail.Envelope) oapi.OutboxMessage {
	due := message.NextAt
	if message.State != mail.StateQueued {
		due = time.Time{}
	}
	return oapi.OutboxMessage{
		ID: message.ID, Kind: string(message.Kind), Channel: oapi.OutboxMessageChannelEmail, Recipient: message.To,
		State: states[message.State], Tries: message.Attempts, LastError: form.Optional(message.LastError),
		CreatedAt: message.CreatedAt, NextTryAt: form.Time(due), SentAt: form.Time(message.SentAt),
	}
}
