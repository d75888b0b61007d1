// Package porting answers the operations that move accounts in and out, and what a person is told of themselves.
package porting

import (
	"context"
	"encoding/json"
	"io"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/streaming"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/portability"
)

// Accounts moves accounts. *portability.Service is one.
type Accounts interface {
	Import(caller core.Principal, body io.Reader) *portability.Import
	Export(caller core.Principal, hashes bool) *portability.Export
}

// Records tells people what is held about them. *portability.Records is one.
type Records interface {
	Personal(caller core.Principal) *portability.Personal
}

// Handlers answer the operations. All of its members are needed.
type Handlers struct {
	Porting   Accounts
	Personal  Records
	Transport streaming.Transport
}

// ImportUsers takes lines and tells what became of them.
func (h Handlers) ImportUsers(
	ctx context.Context, request oapi.ImportUsersRequestObject,
) (oapi.ImportUsersResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	source := &importing{work: h.Porting.Import(who.Principal, request.Body), ctx: ctx}
	return reply{h.Transport, streaming.Lines, source}, nil
}

// ImportStream is ImportUsers for a body that is read as it comes.
func (h Handlers) ImportStream(c *fiber.Ctx) error {
	response, err := h.ImportUsers(c.UserContext(), oapi.ImportUsersRequestObject{Body: h.Transport.Body(c)})
	if err != nil {
		return err
	}
	return response.VisitImportUsersResponse(c)
}

// ExportUsers gives lines.
func (h Handlers) ExportUsers(
	ctx context.Context, request oapi.ExportUsersRequestObject,
) (oapi.ExportUsersResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	source := &exporting{work: h.Porting.Export(who.Principal, request.Params.PasswordHashes), ctx: ctx}
	return reply{h.Transport, streaming.Lines, source}, nil
}

// ExportMe gives the document of the caller.
func (h Handlers) ExportMe(ctx context.Context, _ oapi.ExportMeRequestObject) (oapi.ExportMeResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	return reply{h.Transport, streaming.JSON, personal{h.Personal.Personal(who.Principal)}}, nil
}

// reply is an answer that is made as it is written.
type reply struct {
	transport streaming.Transport
	media     string
	source    streaming.Source
}

// VisitImportUsersResponse writes the reply.
func (r reply) VisitImportUsersResponse(c *fiber.Ctx) error {
	return r.transport.Send(c, r.media, r.source)
}

// VisitExportUsersResponse writes the reply.
func (r reply) VisitExportUsersResponse(c *fiber.Ctx) error {
	return r.transport.Send(c, r.media, r.source)
}

// VisitExportMeResponse writes the reply.
func (r reply) VisitExportMeResponse(c *fiber.Ctx) error {
	return r.transport.Send(c, r.media, r.source)
}

// importing writes the outcomes of an import.
type importing struct {
	work *portability.Import
	ctx  context.Context //nolint:containedctx // that of the request, for what is written down behind its end
	text []byte
}

// outcome is portability.Outcome on the wire.
type outcome struct {
	Line       int                `json:"line"`
	ExternalID string             `json:"external_id"`
	Status     portability.Status `json:"status"`
	ID         *core.ID           `json:"id,omitempty"`
	Code       core.Code          `json:"code,omitempty"`
	Field      string             `json:"field,omitempty"`
}

// Next implements streaming.Source.
func (i *importing) Next(ctx context.Context) ([]byte, error) {
	outcomes, err := i.work.Next(ctx)
	i.text = i.text[:0]
	for _, each := range outcomes {
		told := outcome{
			Line: each.Line, ExternalID: each.ExternalID, Status: each.Status, Code: each.Code, Field: each.Field,
		}
		if !each.ID.IsZero() {
			told.ID = &each.ID
		}
		line, err := json.Marshal(told)
		if err != nil {
			return nil, core.Internal(err)
		}
		i.text = append(append(i.text, line...), '\n')
	}
	return i.text, err
}

// Close implements streaming.Source.
func (i *importing) Close(whole bool) error { i.work.Close(i.ctx, whole); return nil }

// exporting writes the lines of an export.
type exporting struct {
	work *portability.Export
	ctx  context.Context //nolint:containedctx // see importing
	text []byte
}

// Next implements streaming.Source.
func (e *exporting) Next(ctx context.Context) ([]byte, error) {
	lines, err := e.work.Next(ctx)
	e.text = e.text[:0]
	for _, line := range lines {
		e.text = portability.AppendLine(e.text, line)
	}
	return e.text, err
}

// Close implements streaming.Source.
func (e *exporting) Close(whole bool) error { e.work.Close(e.ctx, whole); return nil }

// personal writes a document. What was asked for is written down when it begins.
type personal struct{ *portability.Personal }

// Close implements streaming.Source.
func (personal) Close(bool) error { return nil }
