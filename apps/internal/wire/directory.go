package wire

import (
	"go.uber.org/fx"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/verification"
)

// directoryIn are what only the administration of users needs.
type directoryIn struct {
	fx.In
	Index       directory.Index
	Users       account.Store
	Memberships access.Memberships
	Warden      *access.Warden
	Sessions    *session.Service
	Devices     device.Store
	Tokens      apitoken.Tokens
	Factors     *mfa.Service
	Tries       lockout.Tries
	Prover      *verification.Prover
}

func newDirectory(in shared, own directoryIn) *directory.Service {
	accounts := in.Settings.Accounts
	return directory.NewService(directory.Deps{
		Index: own.Index, Users: own.Users, Memberships: own.Memberships, Warden: own.Warden, Sessions: own.Sessions,
		Devices: own.Devices, Tokens: own.Tokens, Factors: own.Factors, Tries: own.Tries, Prover: own.Prover,
		Post: in.Post, Trail: in.Trail, Tx: in.Tx, Announcer: in.Announcer, Clock: in.Clock, IDs: in.IDs,
	}, directory.Config{InvitationTTL: accounts.InvitationTTL, DeletionGrace: accounts.DeletionGrace})
}

func newUsers(service *directory.Service) api.Users {
	return api.Users{Finder: service, Keeper: service, Helper: service}
}
