package users

import (
	"cmp"
	"context"
	"slices"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/directory"
)

// ListUsers lists or searches users, or reads those that are named.
func (h Handlers) ListUsers(ctx context.Context, request oapi.ListUsersRequestObject) (oapi.ListUsersResponseObject, error) {
	if len(request.Params.Ids) > 0 {
		return h.many(ctx, request.Params)
	}
	asked, limit := listOf(request.Params), request.Params.Limit
	if asked.Search == "" {
		asked.Sort = cmp.Or(asked.Sort, directory.NewestFirst)
	}
	after, err := asked.place(request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	var page directory.Page
	switch {
	case asked.Search == "":
		page, err = h.Finder.List(ctx, directory.Listing{Filter: asked.Filter, Sort: asked.Sort, After: after, Limit: limit})
	case asked.Sort != "":
		err = core.InvalidField("sort", core.CodeNotAllowed, "A search has an order of its own.")
	default:
		page, err = h.Finder.Search(ctx, asked.Search, directory.Search{Filter: asked.Filter, After: after, Limit: limit})
	}
	if err != nil {
		return nil, err
	}
	return oapi.ListUsers200JSONResponse{Items: form.Each(page.Users, encode), NextCursor: asked.cursor(page.Next)}, nil
}

// many reads the users that are named.
func (h Handlers) many(ctx context.Context, params oapi.ListUsersParams) (oapi.ListUsersResponseObject, error) {
	ids := slices.Clone(params.Ids)
	if params.Ids = nil; !alone(params) {
		return nil, core.InvalidField("ids", core.CodeNotAllowed, "ids goes with no other parameter.")
	}
	found, err := h.Finder.Many(ctx, ids)
	return oapi.ListUsers200JSONResponse{Items: form.Each(found, encode), NextCursor: form.Null}, err
}

// alone reports whether none of the parameters is given.
func alone(params oapi.ListUsersParams) bool {
	return listOf(params) == list{} && params.Limit == 0 && params.Cursor == ""
}

func listOf(params oapi.ListUsersParams) list {
	filter := directory.Filter{
		Status: account.Status(params.Status), Role: params.Role, Source: account.Source(params.Source), Country: params.Country,
		EmailVerified: params.EmailVerified, SecondFactor: params.SecondFactor,
		CreatedFrom: params.CreatedFrom.UTC(), CreatedTo: params.CreatedTo.UTC(),
	}
	if params.Group != nil {
		filter.Group = *params.Group
	}
	return list{Sort: directory.Sort(params.Sort), Search: params.Search, Filter: filter}
}

// GetUser reads one user.
func (h Handlers) GetUser(ctx context.Context, request oapi.GetUserRequestObject) (oapi.GetUserResponseObject, error) {
	user, err := h.Finder.Find(ctx, request.ID)
	return oapi.GetUser200JSONResponse{ManagedUserJSONResponse: reply(user)}, err
}

// GetProfile shows a profile to whoever may see it.
func (h Handlers) GetProfile(
	ctx context.Context, request oapi.GetProfileRequestObject,
) (oapi.GetProfileResponseObject, error) {
	who, _ := caller.From(ctx) // strangers have no rights
	user, err := h.Finder.Profile(ctx, who.Rights, request.ID)
	return oapi.GetProfile200JSONResponse{
		ID: user.ID, Username: form.Optional(user.Username), Name: user.Profile.Name, Bio: form.Optional(user.Profile.Bio),
		ImageURL: form.Optional(user.Profile.ImageURL), CreatedAt: user.CreatedAt,
	}, err
}

func reply(user account.User) oapi.ManagedUserJSONResponse {
	return oapi.ManagedUserJSONResponse(encode(user))
}

// encode writes an account as administrators see it: what is not set is null.
func encode(user account.User) oapi.ManagedUser {
	encoded := oapi.ManagedUser{
		ID: user.ID, Email: user.Email, EmailVerified: user.EmailVerified, Username: form.Optional(user.Username),
		Name: user.Profile.Name, Bio: form.Optional(user.Profile.Bio), ImageURL: form.Optional(user.Profile.ImageURL),
		Locale: form.Optional(user.Profile.Locale), Phone: form.Optional(user.Profile.Phone),
		Status: oapi.UserStatus(user.Status), Roles: form.List(user.Roles), Groups: user.Groups,
		Source: oapi.UserSource(user.Source), ExternalID: form.Optional(user.ExternalID), Country: form.Optional(user.Country),
		SecondFactors: make([]oapi.FactorKind, 0, len(user.Protection.SecondFactors)), SecondFactorRequired: user.Protection.Required,
		PasswordResetRequired: user.MustReset, CreatedAt: user.CreatedAt, UpdatedAt: user.UpdatedAt,
		DeletedAt: form.Time(user.DeletedAt), PurgeAt: form.Time(user.PurgeAt),
	}
	if encoded.Groups == nil {
		encoded.Groups = []core.ID{}
	}
	for _, kind := range user.Protection.SecondFactors {
		encoded.SecondFactors = append(encoded.SecondFactors, oapi.FactorKind(kind))
	}
	return encoded
}
