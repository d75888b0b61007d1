package wire

import (
	"go.uber.org/fx"

	"github.com/doorward/doorward/adapters/password"
	"github.com/doorward/doorward/adapters/postgres"
	"github.com/doorward/doorward/adapters/qrcode"
	"github.com/doorward/doorward/adapters/sqlite"
	"github.com/doorward/doorward/adapters/useragent"
	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/dashboard"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/idempotency"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/portability"
	"github.com/doorward/doorward/core/retention"
	"github.com/doorward/doorward/core/sealed"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/token"
	"github.com/doorward/doorward/core/verification"
)

// The hexagon on one screen: first the ports that the database stands behind, in either engine; then the
// ports that other adapters, or other parts of the domain, stand behind; last the ports of the HTTP edge.
// More adapters are chosen by a setting where they are made: cache.go, mail.go, origin.go,
// passwords.go.

// stores are the ports of the database.
type stores struct {
	fx.Out
	Tx            core.Transactor
	Users         account.Store
	Registrations account.Registrations
	Sessions      session.Store
	Ender         session.Ender
	Primary       session.Lookup `name:"primary"`
	Journal       session.Journal
	Intakes       verification.Intakes
	Flows         verification.Flows
	Links         verification.Links
	Outbox        mail.Outbox
	Ledger        mail.Ledger
	Mailbox       mail.Mailbox
	Keys          token.KeyStore
	Sealed        sealed.Store
	Census        sealed.Census
	Devices       device.Store
	Factors       mfa.Store
	Codes         mfa.RecoveryCodes
	Tries         lockout.Tries
	Log           audit.Log
	History       audit.History
	Idempotency   idempotency.Store
	Retention     retention.Store
	Figures       dashboard.Figures
	Folder        dashboard.Folder
	Lock          retention.Lock
	Access        access.Lookup `name:"primary"`
	Catalogues    access.Catalogues
	Admissions    access.Admissions
	Memberships   access.Memberships
	Porting       portability.Store
	Holdings      portability.Holdings
	Index         directory.Index
	Keyer         directory.Keyer
	Tokens        apitoken.Tokens
	Machines      apitoken.ServiceAccounts
	MachineKeys   apitoken.Keys
}

func postgresStores(db *postgres.Database) stores {
	return stores{
		Tx:            db,
		Users:         db.Accounts(),
		Registrations: db.Registrations(),
		Sessions:      db.Sessions(),
		Ender:         db.Sessions(),
		Primary:       db.Sessions(),
		Journal:       db.Sessions(),
		Intakes:       db.Intakes(),
		Flows:         db.Flows(),
		Links:         db.Links(),
		Outbox:        db.Outbox(),
		Ledger:        db.Outbox(),
		Mailbox:       db.Mailbox(),
		Keys:          db.Keys(),
		Sealed:        db.Sealed(),
		Census:        db.Sealed(),
		Devices:       db.Devices(),
		Factors:       db.Factors(),
		Codes:         db.RecoveryCodes(),
		Tries:         db.Tries(),
		Log:           db.Audit(),
		History:       db.Audit(),
		Idempotency:   db.Idempotency(),
		Retention:     db.Retention(),
		Figures:       db.Figures(),
		Folder:        db.Figures(),
		Lock:          db.Locks(),
		Access:        db.Access(),
		Catalogues:    db.Access(),
		Admissions:    db.Admissions(),
		Memberships:   db.Access(),
		Porting:       db.Portability(),
		Holdings:      db.Holdings(),
		Index:         db.Directory(),
		Keyer:         db.Directory(),
		Tokens:        db.PersonalTokens(),
		Machines:      db.ServiceAccounts(),
		MachineKeys:   db.ServiceKeys(),
	}
}

func sqliteStores(db *sqlite.Database) stores {
	return stores{
		Tx:            db,
		Users:         db.Accounts(),
		Registrations: db.Registrations(),
		Sessions:      db.Sessions(),
		Ender:         db.Sessions(),
		Primary:       db.Sessions(),
		Journal:       db.Sessions(),
		Intakes:       db.Intakes(),
		Flows:         db.Flows(),
		Links:         db.Links(),
		Outbox:        db.Outbox(),
		Ledger:        db.Outbox(),
		Mailbox:       db.Mailbox(),
		Keys:          db.Keys(),
		Sealed:        db.Sealed(),
		Census:        db.Sealed(),
		Devices:       db.Devices(),
		Factors:       db.Factors(),
		Codes:         db.RecoveryCodes(),
		Tries:         db.Tries(),
		Log:           db.Audit(),
		History:       db.Audit(),
		Idempotency:   db.Idempotency(),
		Retention:     db.Retention(),
		Figures:       db.Figures(),
		Folder:        db.Figures(),
		Lock:          db.Locks(),
		Access:        db.Access(),
		Catalogues:    db.Access(),
		Admissions:    db.Admissions(),
		Memberships:   db.Access(),
		Porting:       db.Portability(),
		Holdings:      db.Holdings(),
		Index:         db.Directory(),
		Keyer:         db.Directory(),
		Tokens:        db.PersonalTokens(),
		Machines:      db.ServiceAccounts(),
		MachineKeys:   db.ServiceKeys(),
	}
}

var bindingsModule = fx.Module("bindings", fx.Provide(
	func(hasher *password.Hasher) credential.Hasher { return hasher },
	func(hasher *password.Hasher) portability.Hashes { return hasher },
	func() origin.Recognizer { return useragent.Recognizer{} },
	func(users account.Store) session.Owners { return users },
	func(sessions *session.Service) account.SessionEnder { return sessions },
	func(factors *mfa.Service) account.FactorRemover { return factors },
	func() mfa.Painter { return qrcode.Painter{} },
	func(announcer *session.Announcer) core.Announcer { return announcer },
	func(signer *token.VerifiedMemory) token.Signer { return signer },
	func(signer *token.VerifiedMemory) signin.Verifier { return signer },
	func(office *mail.Office) mail.Post { return office },
	func(office *mail.Office) mail.Sealer { return office },

	func(ways *signin.Service) api.Authenticator { return ways },
	func(ways *signin.Service) api.Registrar { return ways },
	func(ways *signin.Service) api.Doorman { return ways },
	func(ways *signin.Service) api.SecondSteps { return ways },
	func(factors *mfa.Service) api.Factors { return factors },
	func(credentials *credential.Service) api.Passwords { return credentials },
	func(appraiser *credential.Appraiser) api.Appraiser { return appraiser },
	func(accounts *account.Service) api.Accounts { return accounts },
	func(accounts *account.Service) api.Settings { return accounts },
	func(sessions *session.Service) api.Sessions { return sessions },
	func(devices *device.Service) api.Devices { return devices },
	func(ways *signin.Service) api.Unlocker { return ways },
	func(bindings *session.Bindings) api.Bindings { return bindings },
	func(signer token.Signer) api.Keys { return signer },
	func(trail *audit.Trail) api.Audit { return trail },
))
