package wire

import (
	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/portability"
)

func newWarden(
	catalogues access.Catalogues, users account.Store, machines apitoken.ServiceAccounts, admissions access.Admissions, clock core.Clock,
) *access.Warden {
	return access.NewWarden(catalogues, users, machines, admissions, clock)
}

func newAccess(
	in shared, lookup access.Lookup, catalogues access.Catalogues, memberships access.Memberships, users account.Store,
	warden *access.Warden, machines apitoken.ServiceAccounts, factors *mfa.Service, imports portability.Store,
) *access.Service {
	return access.NewService(access.Deps{
		Lookup: lookup, Catalogues: catalogues, Memberships: memberships, Users: users, Obligations: factors, Imports: imports,
		Grants: apitoken.Grants{Accounts: machines}, Warden: warden, Post: in.Post, Origins: in.Origins, Trail: in.Trail, Tx: in.Tx, Announcer: in.Announcer,
		Clock: in.Clock, IDs: in.IDs,
	})
}

func newAccessControl(service *access.Service) api.AccessControl {
	return api.AccessControl{Roles: service, Groups: service, Permissions: service, Assignments: service}
}
