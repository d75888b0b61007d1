package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/oapi-codegen/nullable"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/signin"
)

// meHandlers answer the tag me.
type meHandlers struct{ deps Deps }

// meReply tells of the caller: an oapi.Me whose nulls cost no memory, as every client asks for it all the time.
type meReply struct {
	user oapi.User
	// session is there unless sessionless.
	session     oapi.Session
	sessionless bool
	// impersonatedBy is zero where nobody does.
	impersonatedBy core.ID
	enrolBy        nullable.Nullable[time.Time]
}

func (r *meReply) send(c *fiber.Ctx) error {
	return make(document, 0, meSize).me(r).send(c, http.StatusOK)
}

// VisitGetMeResponse writes the reply.
func (r *meReply) VisitGetMeResponse(c *fiber.Ctx) error { return r.send(c) }

// VisitUpdateMeResponse writes the reply.
func (r *meReply) VisitUpdateMeResponse(c *fiber.Ctx) error { return r.send(c) }

// VisitVerifyEmailChangeResponse writes the reply.
func (r *meReply) VisitVerifyEmailChangeResponse(c *fiber.Ctx) error { return r.send(c) }

// GetMe tells who is signed in. The lookup that admitted the caller has read everything already.
func (meHandlers) GetMe(ctx context.Context, _ oapi.GetMeRequestObject) (oapi.GetMeResponseObject, error) {
	who, err := caller.Of(ctx)
	return encodeMe(who, who.User), err
}

// UpdateMe changes the caller's profile.
func (h meHandlers) UpdateMe(ctx context.Context, request oapi.UpdateMeRequestObject) (oapi.UpdateMeResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	change := account.ProfileChange{
		Username: changed(request.Body.Username), Bio: changed(request.Body.Bio),
		ImageURL: changed(request.Body.ImageURL), Locale: changed(request.Body.Locale), Phone: changed(request.Body.Phone),
	}
	if name := request.Body.Name; name != "" {
		change.Name = &name
	}
	user, err := h.deps.Accounts.UpdateProfile(ctx, who.Principal, change)
	return encodeMe(who, user), err
}

// changed reads a member of a partial update: nil when it is absent, the empty text when it is null.
func changed(member nullable.Nullable[string]) *string {
	if !member.IsSpecified() {
		return nil
	}
	value, _ := member.Get()
	return &value
}

// DeleteMe deletes the caller's account.
func (h meHandlers) DeleteMe(ctx context.Context, _ oapi.DeleteMeRequestObject) (oapi.DeleteMeResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	deleted, err := h.deps.Accounts.Delete(ctx, who.Principal)
	return oapi.DeleteMe200JSONResponse{PurgeAt: deleted.PurgeAt}, err
}

// DeactivateMe puts the caller's account to rest.
func (h meHandlers) DeactivateMe(
	ctx context.Context, _ oapi.DeactivateMeRequestObject,
) (oapi.DeactivateMeResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	return oapi.DeactivateMe204Response{}, h.deps.Accounts.Deactivate(ctx, who.Principal)
}

// ChangeEmail begins a change of address.
func (h meHandlers) ChangeEmail(
	ctx context.Context, request oapi.ChangeEmailRequestObject,
) (oapi.ChangeEmailResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	receipt, err := h.deps.Accounts.RequestEmailChange(ctx, who.Principal, request.Body.Email)
	return oapi.ChangeEmail202JSONResponse{VerificationStartedJSONResponse: encodeReceipt(receipt)}, err
}

// VerifyEmailChange proves the new address.
func (h meHandlers) VerifyEmailChange(
	ctx context.Context, request oapi.VerifyEmailChangeRequestObject,
) (oapi.VerifyEmailChangeResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	user, err := h.deps.Accounts.ConfirmEmailChange(ctx, who.Principal, request.Body.VerificationID, request.Body.Code)
	return encodeMe(who, user), err
}

// Reauthenticate makes the caller's sign-in recent again.
func (h meHandlers) Reauthenticate(
	ctx context.Context, request oapi.ReauthenticateRequestObject,
) (oapi.ReauthenticateResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	with := signin.Confirmation{
		Password: request.Body.Password, Factor: mfa.Kind(request.Body.Factor), Code: request.Body.Code,
	}
	if err = checkConfirmation(with); err != nil {
		return nil, err
	}
	signedIn, err := h.deps.Doorman.Reauthenticate(ctx, who.Principal, with)
	return h.deps.signedIn(http.StatusOK, signedIn), err
}

// checkConfirmation wants one proof, whole.
func checkConfirmation(with signin.Confirmation) error {
	switch byFactor := with.Factor != "" || with.Code != ""; {
	case byFactor && with.Password != "":
		return core.InvalidField("factor", core.CodeNotAllowed, "Give one proof at a time.")
	case byFactor && with.Factor == "":
		return core.InvalidField("factor", core.CodeRequired, "Say which factor the code is of.")
	case byFactor && with.Code == "":
		return core.InvalidField("code", core.CodeRequired, "A code is needed.")
	case !byFactor && with.Password == "":
		return core.InvalidField("password", core.CodeRequired, "A password is needed, or a factor and its code.")
	}
	return nil
}

// ListSessions lists the caller's live sessions.
func (h meHandlers) ListSessions(
	ctx context.Context, request oapi.ListSessionsRequestObject,
) (oapi.ListSessionsResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	page, err := form.Page(request.Params.Limit, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	sessions, next, err := h.deps.Sessions.List(ctx, who.Principal.UserID, page)
	list := oapi.SessionList{Items: make([]oapi.Session, 0, len(sessions)), NextCursor: form.Next(next)}
	for _, each := range sessions {
		list.Items = append(list.Items, form.Session(each, who.Session.ID))
	}
	return oapi.ListSessions200JSONResponse(list), err
}

// EndSession ends one of the caller's sessions.
func (h meHandlers) EndSession(ctx context.Context, request oapi.EndSessionRequestObject) (oapi.EndSessionResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	return oapi.EndSession204Response{}, h.deps.Sessions.End(ctx, who.Principal, request.ID)
}

// EndOtherSessions ends all of the caller's sessions but the one that calls.
func (h meHandlers) EndOtherSessions(
	ctx context.Context, _ oapi.EndOtherSessionsRequestObject,
) (oapi.EndOtherSessionsResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	_, err = h.deps.Sessions.EndOthers(ctx, who.Principal)
	return oapi.EndOtherSessions204Response{}, err
}
