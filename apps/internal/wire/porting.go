package wire

import (
	"go.uber.org/fx"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/portability"
	"github.com/doorward/doorward/core/verification"
)

// portingIn is what moving accounts is made of, beside what is shared.
type portingIn struct {
	fx.In
	Store       portability.Store
	Holdings    portability.Holdings
	Hashes      portability.Hashes
	Users       account.Store
	Memberships access.Memberships
	Sessions    account.SessionEnder
	Warden      *access.Warden
	Factors     *mfa.Service
	Prover      *verification.Prover
	History     audit.History
}

func newPortability(in shared, own portingIn) api.Portability {
	window := in.Settings.Accounts.ReauthenticationTTL
	return api.Portability{
		Porting: portability.NewService(portability.Deps{
			Store: own.Store, Users: own.Users, Memberships: own.Memberships, Sessions: own.Sessions, Warden: own.Warden,
			Obligations: own.Factors, Secrets: own.Prover, Hashes: own.Hashes, Tx: in.Tx, Announcer: in.Announcer, Trail: in.Trail, Clock: in.Clock, IDs: in.IDs,
		}, portability.Config{RecentWindow: window}),
		Personal: portability.NewRecords(portability.PersonalDeps{
			Users: own.Users, Warden: own.Warden, Holdings: own.Holdings, History: own.History, Post: in.Post, Origins: in.Origins, Tx: in.Tx,
			Trail: in.Trail, Clock: in.Clock,
		}, window),
	}
}
