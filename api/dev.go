package api

import (
	"context"

	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core/mail"
)

// devHandlers answer the tag dev. The policy has made sure that there is a mailbox.
type devHandlers struct{ mailbox Mailbox }

// ListCaughtMessages lists what the development mailbox caught.
func (h devHandlers) ListCaughtMessages(
	ctx context.Context, request oapi.ListCaughtMessagesRequestObject,
) (oapi.ListCaughtMessagesResponseObject, error) {
	messages, err := h.mailbox.List(ctx, request.Params.To, mail.Kind(request.Params.Kind), 0)
	if err != nil {
		return nil, err
	}
	list := oapi.CaughtMessageList{Items: make([]oapi.CaughtMessage, 0, len(messages))}
	for _, message := range messages {
		list.Items = append(list.Items, oapi.CaughtMessage{
			ID: message.ID, To: message.To, Channel: message.Channel, Kind: string(message.Kind),
			Subject: message.Subject, Text: message.Text, HTML: message.HTML,
			Code: message.Code, Link: message.Link, SentAt: message.SentAt,
		})
	}
	return oapi.ListCaughtMessages200JSONResponse(list), nil
}

// ClearCaughtMessages empties the development mailbox.
func (h devHandlers) ClearCaughtMessages(
	ctx context.Context, _ oapi.ClearCaughtMessagesRequestObject,
) (oapi.ClearCaughtMessagesResponseObject, error) {
	return oapi.ClearCaughtMessages204Response{}, h.mailbox.Empty(ctx)
}
