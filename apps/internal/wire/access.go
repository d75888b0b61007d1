package wire

import (
	"context"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
)

// noServices stands where service accounts will.
type noServices struct{}

// Scopes implements access.Services.
func (noServices) Scopes(context.Context, core.ID) ([]string, error) { return nil, core.ErrNotFound }

// Granted implements access.Grants.
func (noServices) Granted(context.Context, string) (bool, error) { return false, nil }

func newWarden(catalogues access.Catalogues, users account.Store) *access.Warden {
	return access.NewWarden(catalogues, users, noServices{})
}

func newAccess(
	in shared, lookup access.Lookup, catalogues access.Catalogues, memberships access.Memberships, users account.Store,
	warden *access.Warden,
) *access.Service {
	return access.NewService(access.Deps{
		Lookup: lookup, Catalogues: catalogues, Memberships: memberships, Users: users, Grants: noServices{},
		Warden: warden, Post: in.Post, Origins: in.Origins, Trail: in.Trail, Tx: in.Tx, Announcer: in.Announcer,
		Clock: in.Clock, IDs: in.IDs,
	})
}

func newAccessControl(service *access.Service) api.AccessControl {
	return api.AccessControl{Roles: service, Groups: service, Permissions: service, Assignments: service}
}
