package wire

import (
	"go.uber.org/fx"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/signin"
)

// machinesIn are what only tokens and service accounts need.
type machinesIn struct {
	fx.In
	Tokens   apitoken.Tokens
	Machines apitoken.ServiceAccounts
	Keys     apitoken.Keys
	Users    account.Store
	Access   access.Lookup
	Warden   *access.Warden
}

func newTokens(in shared, own machinesIn) *apitoken.Service {
	return apitoken.NewService(apitoken.Deps{
		Tokens: own.Tokens, Accounts: own.Machines, Keys: own.Keys, Users: own.Users, Access: own.Access,
		Warden: own.Warden, Post: in.Post, Trail: in.Trail, Tx: in.Tx, Clock: in.Clock, IDs: in.IDs, Origins: in.Origins,
	}, apitoken.Config{
		MaxTTL: in.Settings.Tokens.PersonalMaxTTL, RecentWindow: in.Settings.Accounts.ReauthenticationTTL,
	})
}

func newMachines(service *apitoken.Service, ways *signin.Service) api.Machines {
	return api.Machines{Tokens: service, Services: service, ServiceKeys: service, Introspector: ways, Impersonator: ways}
}
