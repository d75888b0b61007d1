package wire

import (
	"context"
	"log/slog"
	"maps"
	"net/url"
	"time"

	"go.uber.org/fx"

	"github.com/doorward/doorward/apps/internal/background"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/metrics"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/limit"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/retention"
	"github.com/doorward/doorward/core/sealed"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/token"
	"github.com/doorward/doorward/core/verification"
)

// basics are the parts that need no other use case.
type basics struct {
	fx.In
	Tx    core.Transactor
	Clock core.Clock
	IDs   *core.IDs
	Ring  *secret.Ring
	Log   *slog.Logger
}

// shared are the parts that most use cases need.
type shared struct {
	fx.In
	Settings  config.Settings
	Tx        core.Transactor
	Clock     core.Clock
	IDs       *core.IDs
	Ring      *secret.Ring
	Announcer core.Announcer
	Post      mail.Post
	Origins   *origin.Reader
	Trail     *audit.Trail
	Log       *slog.Logger
}

// intakeNudge wakes the loop that resolves intakes.
type intakeNudge struct{ background.Nudge }

func newIntakeNudge() intakeNudge { return intakeNudge{background.NewNudge()} }

func newDesk(in basics, intakes verification.Intakes, sending limit.Gate, nudge intakeNudge) *verification.Desk {
	return verification.NewDesk(verification.DeskDeps{
		Intakes: intakes, Ring: in.Ring, Tx: in.Tx, Clock: in.Clock, IDs: in.IDs, Sending: sending, Nudge: nudge.Now,
	})
}

func newProver(in basics, flows verification.Flows, links verification.Links) *verification.Prover {
	return verification.NewProver(verification.ProverDeps{Flows: flows, Links: links, Ring: in.Ring, Clock: in.Clock})
}

func newAnnouncer(
	in basics, publisher session.Publisher, journal session.Journal, meters *metrics.Meters,
) *session.Announcer {
	return session.NewAnnouncer(publisher, journal, in.Clock, meters, in.Log)
}

// newTrail writes down what happens.
func newTrail(
	in basics, settings config.Settings, log audit.Log, history audit.History, origins *origin.Reader,
) *audit.Trail {
	return audit.NewTrail(audit.Deps{
		Log: log, History: history, Origins: origins, Clock: in.Clock, IDs: in.IDs, Logger: in.Log,
	}, audit.Config{Retention: settings.Cleanup.Audit, AttemptRetention: settings.Cleanup.LoginAttempts})
}

// sessionsIn are what only sessions need.
type sessionsIn struct {
	fx.In
	Store      session.Store
	Ender      session.Ender
	Lookup     session.Lookup
	Owners     session.Owners
	References *session.References
	Sealer     mail.Sealer
	Meters     *metrics.Meters
}

func newSessions(in shared, own sessionsIn) *session.Service {
	accounts := in.Settings.Accounts
	return session.NewService(session.Deps{
		Store: own.Store, Ender: own.Ender, Lookup: own.Lookup, Owners: own.Owners, Tx: in.Tx,
		Announcer: in.Announcer, Post: in.Post, Sealer: own.Sealer, Trail: in.Trail, Origins: in.Origins,
		References: own.References, Clock: in.Clock, IDs: in.IDs, Observer: own.Meters, Log: in.Log,
	}, session.Config{
		IdleTTL: accounts.SessionIdleTTL, MaxTTL: accounts.SessionMaxTTL,
		Limit: accounts.SessionLimit, Grace: accounts.RefreshGrace,
	})
}

func newAccounts(
	in shared, users account.Store, sessions account.SessionEnder, devices device.Store, tokens apitoken.Tokens, factors account.FactorRemover,
	desk *verification.Desk, prover *verification.Prover,
) *account.Service {
	return account.NewService(account.Deps{
		Users: users, Sessions: sessions, Devices: devices, Tokens: tokens, Factors: factors, Desk: desk, Prover: prover, Post: in.Post,
		Tx: in.Tx, Announcer: in.Announcer, Clock: in.Clock, Origins: in.Origins, Trail: in.Trail,
	}, account.Config{
		RecentWindow: in.Settings.Accounts.ReauthenticationTTL, DeletionGrace: in.Settings.Accounts.DeletionGrace,
	})
}

// newPolicy judges new passwords. What everybody may guess of this site counts as common too.
func newPolicy(settings config.Settings, blocklist credential.Blocklist) *credential.Policy {
	words := []string{settings.Mail.ProductName}
	for _, base := range []string{settings.Server.AppURL, settings.Server.FrontendURL} {
		if parsed, err := url.Parse(base); err == nil {
			words = append(words, parsed.Hostname())
		}
	}
	return credential.NewPolicy(blocklist, credential.PolicyConfig{
		MinLength: settings.Password.MinLength, ContextWords: words,
	})
}

// credentialsIn are what only passwords need.
type credentialsIn struct {
	fx.In
	Users    account.Store
	Sessions account.SessionEnder
	Devices  device.Store
	Tokens   apitoken.Tokens
	Tries    lockout.Tries
	Hasher   credential.Hasher
	Policy   *credential.Policy
	Desk     *verification.Desk
	Prover   *verification.Prover
}

func newCredentials(in shared, own credentialsIn) *credential.Service {
	return credential.NewService(credential.Deps{
		Users: own.Users, Sessions: own.Sessions, Devices: own.Devices, Tokens: own.Tokens, Tries: own.Tries, Hasher: own.Hasher,
		Policy: own.Policy, Desk: own.Desk, Prover: own.Prover, Post: in.Post, Tx: in.Tx, Announcer: in.Announcer, Clock: in.Clock,
		Origins: in.Origins, Trail: in.Trail, Subjects: lockout.NewSubjects(in.Ring),
	}, credential.Config{
		ResetLinkTTL: in.Settings.Accounts.ResetLinkTTL,
		Lockout:      lockout.Rules{Tries: in.Settings.Lockout.Tries, Duration: in.Settings.Lockout.Duration},
	})
}

func newDevices(in shared, store device.Store) *device.Service {
	return device.NewService(device.Deps{
		Store: store, Tx: in.Tx, Origins: in.Origins, Trail: in.Trail, Clock: in.Clock, IDs: in.IDs,
	}, device.Config{TTL: in.Settings.Lockout.DeviceTTL, TrustTTL: in.Settings.Lockout.TrustedDeviceTTL})
}

// factorsIn are what only second factors need.
type factorsIn struct {
	fx.In
	Factors  mfa.Store
	Codes    mfa.RecoveryCodes
	Users    account.Store
	Sessions account.SessionEnder
	Access   access.Lookup
	Prover   *verification.Prover
	Painter  mfa.Painter
}

func newFactors(in shared, own factorsIn) *mfa.Service {
	settings := in.Settings.Factors
	return mfa.NewService(mfa.Deps{
		Factors: own.Factors, Codes: own.Codes, Users: own.Users, Sessions: own.Sessions,
		Roles: access.Demands{Lookup: own.Access}, Prover: own.Prover, Ring: in.Ring, Painter: own.Painter,
		Post: in.Post, Trail: in.Trail, Tx: in.Tx, Announcer: in.Announcer,
		Clock: in.Clock, IDs: in.IDs, Origins: in.Origins,
	}, mfa.Config{
		Issuer: in.Settings.Mail.ProductName, RefuseEmail: !settings.Email, RequireAll: settings.Require == config.RequireAll,
		Grace: settings.Grace, RecentWindow: in.Settings.Accounts.ReauthenticationTTL,
	})
}

// signinIn are what only signing in needs.
type signinIn struct {
	fx.In
	Users         account.Store
	Registrations account.Registrations
	Desk          *verification.Desk
	Prover        *verification.Prover
	Hasher        credential.Hasher
	Policy        *credential.Policy
	Sessions      *session.Service
	Devices       *device.Service
	Factors       *mfa.Service
	Tries         lockout.Tries
	References    *session.References
	Issuer        *token.Issuer
	Verifier      signin.Verifier
	Access        access.Lookup
	Warden        *access.Warden
	Tokens        apitoken.Tokens
	MachineKeys   apitoken.Keys
}

func newSignIn(in shared, own signinIn) *signin.Service {
	accounts, guard := in.Settings.Accounts, in.Settings.Lockout
	return signin.NewService(signin.Deps{
		Users: own.Users, Registrations: own.Registrations, Desk: own.Desk, Prover: own.Prover,
		Hasher: own.Hasher, Policy: own.Policy, Sessions: own.Sessions, Devices: own.Devices, Factors: own.Factors, Tries: own.Tries,
		Subjects: lockout.NewSubjects(in.Ring), Trail: in.Trail, References: own.References,
		Issuer: own.Issuer, Verifier: own.Verifier, Access: own.Access, Post: in.Post, Tx: in.Tx, Announcer: in.Announcer,
		Clock: in.Clock, IDs: in.IDs, Origins: in.Origins, Log: in.Log, Warden: own.Warden,
		Presented: apitoken.NewPresented(own.Tokens, own.MachineKeys, in.Clock),
	}, signin.Config{
		RequireVerification: accounts.RequireVerification, HideAddresses: accounts.HideExistence,
		RegistrationTTL: accounts.RegistrationTTL,
		Lockout:         lockout.Rules{Tries: guard.Tries, Duration: guard.Duration},
		TellAttempts:    guard.TellAttempts, UnlockLinkTTL: guard.UnlockLinkTTL,
		Impersonation: signin.ImpersonationConfig{TTL: in.Settings.Tokens.ImpersonationTTL, RecentWindow: accounts.ReauthenticationTTL},
	})
}

func newIntakeWorker(
	in basics, intakes verification.Intakes, accounts *account.Service, credentials *credential.Service, ways *signin.Service,
) *verification.Worker {
	handlers := verification.Handlers{}
	for _, each := range []verification.Handlers{accounts.Handlers(), credentials.Handlers(), ways.Handlers()} {
		maps.Copy(handlers, each)
	}
	return verification.NewWorker(verification.WorkerDeps{
		Intakes: intakes, Handlers: handlers, Clock: in.Clock, Log: in.Log,
	})
}

// newSweeper removes what has expired: the cleanup command and the timer of the server run the same one.
func newSweeper(
	settings config.Settings, store retention.Store, lock retention.Lock, clock core.Clock, log *slog.Logger,
) *retention.Sweeper {
	return retention.NewSweeper(
		retention.Deps{Store: store, Lock: lock, Clock: clock, Pause: pause, Log: log},
		retention.Config{
			retention.KindSessions: settings.Cleanup.Sessions,
			retention.KindMail:     settings.Cleanup.Mail,
			retention.KindMailbox:  settings.Cleanup.Mailbox,
		})
}

// newKeeper looks after what is sealed: the commands for master keys run it.
func newKeeper(in basics, store sealed.Store, census sealed.Census) *sealed.Keeper {
	return sealed.NewKeeper(sealed.Deps{
		Store: store, Census: census, Ring: in.Ring, Clock: in.Clock, Pause: pause, Log: in.Log,
	})
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var usecasesModule = fx.Module("usecases", fx.Provide(
	newIntakeNudge, newDesk, newProver, newAnnouncer, newLocator, origin.NewReader, newTrail, newSessions, newDevices, newFactors, newAccounts, newPolicy,
	newCredentials, newSignIn, newIntakeWorker, newSweeper, newKeeper, newDirectory, newUsers, newTokens, newMachines, newWarden, newAccess, newAccessControl, newDashboard, newPortability, newPostmaster, newRepetitions, newAuditLog, newOperations,
))
