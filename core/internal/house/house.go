// Package house assembles the use cases of the domain over in-memory stores, so that tests exercise them
// together as a deployment does. Everything but the stores, the hashing, the signatures and the post is
// the real thing.
package house

import (
	"context"
	"net/netip"
	"sync"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/access/accesstest"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/apitoken/apitokentest"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/device/devicetest"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/lockout/lockouttest"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/mfa/mfatest"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/portability/portabilitytest"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/session/sessiontest"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/token"
	"github.com/doorward/doorward/core/verification"
	"github.com/doorward/doorward/core/verification/verificationtest"
)

// House is the domain with its stores open to view.
type House struct {
	t       *testing.T
	meeting meeting
	// Ctx carries the client of a request.
	Ctx context.Context

	DB    *coretest.Database
	Clock *coretest.Clock
	IDs   *core.IDs
	Ring  *secret.Ring

	Origins *origin.Reader

	Users         *accounttest.Store
	Access        *accesstest.Memory
	Imported      *portabilitytest.Memory
	Machines      *apitokentest.ServiceAccounts
	TokenRows     *apitokentest.Tokens
	Admissions    apitokentest.Admissions
	Registrations *accounttest.Registrations
	Intakes       *verificationtest.Intakes
	Flows         *verificationtest.Flows
	Links         *verificationtest.Links
	SessionRows   *sessiontest.Memory
	DeviceRows    *devicetest.Memory
	Tries         *lockouttest.Memory
	FactorRows    *mfatest.Factors
	CodeRows      *mfatest.RecoveryCodes
	Log           *audittest.Log
	Hasher        *Hasher
	Signer        *Signer
	Post          *Post
	Announced     *Announced
	Sending       *Sending

	Desk      *verification.Desk
	Prover    *verification.Prover
	Worker    *verification.Worker
	Trail     *audit.Trail
	Devices   *device.Service
	Factors   *mfa.Service
	Sessions  *session.Service
	SignIn    *signin.Service
	Password  *credential.Service
	Account   *account.Service
	Directory *directory.Service
	Warden    *access.Warden
	Roles     *access.Service
	Tokens    *apitoken.Service
}

// Client is the client of the requests that a house is asked.
var Client = core.Client{IP: netip.MustParseAddr("192.0.2.7"), UserAgent: "Firefox", RequestID: "test"}

// Open opens a house whose accounts must prove their mailboxes and whose addresses are not told.
func Open(t *testing.T) *House {
	return OpenWith(t, signin.Config{RequireVerification: true, HideAddresses: true})
}

// OpenWith opens a house with other settings.
func OpenWith(t *testing.T, config signin.Config) *House {
	t.Helper()
	return OpenFactors(t, config, mfa.Config{Grace: mfa.DefaultGrace})
}

// OpenFactors opens a house with other settings, also of second factors.
func OpenFactors(t *testing.T, config signin.Config, factors mfa.Config) *House {
	t.Helper()
	ring, err := secret.ParseRing(secret.GenerateKey("test"))
	if err != nil {
		t.Fatal(err)
	}
	db, clock := coretest.NewDatabase(), coretest.NewClock()
	ids := core.NewIDs(clock)
	h := &House{
		t: t, Ctx: core.WithClient(t.Context(), Client), DB: db, Clock: clock, IDs: ids, Ring: ring,
		Origins: origin.NewReader(recognizer{}, atlas{}),
		Users:   accounttest.NewStore(db), Registrations: accounttest.NewRegistrations(db),
		Intakes: verificationtest.NewIntakes(db), Flows: verificationtest.NewFlows(db), Links: verificationtest.NewLinks(db),
		Hasher: &Hasher{t: t, db: db}, Post: newPost(db, ids), Announced: &Announced{}, Sending: newSending(clock),
		Signer: &Signer{clock: clock, issued: map[string]token.Claims{}},
	}
	h.Access, h.Machines = accesstest.NewMemory(db, h.Users), apitokentest.NewServiceAccounts(db)
	h.Imported = portabilitytest.NewMemory(db, h.Users, h.Access)
	h.TokenRows = apitokentest.NewTokens(db, h.Users)
	h.Log = audittest.NewLog(db)
	h.Trail = audit.NewTrail(audit.Deps{
		Log: h.Log, History: h.Log, Origins: h.Origins, Clock: clock, IDs: h.IDs, Logger: core.Discard(),
	}, audit.Config{})
	beside := sessiontest.NewBeside(db, h.Users, h.Post)
	h.DeviceRows, h.Tries = beside.Devices, beside.Tries
	h.SessionRows = sessiontest.NewMemory(db, h.Users, beside)
	h.Admissions = apitokentest.Admissions{Sessions: h.SessionRows, Tokens: h.TokenRows, Keys: h.Machines.Keys()}
	h.Warden = access.NewWarden(h.Access, h.Users, h.Machines, h.Admissions, clock)
	h.Devices = device.NewService(device.Deps{
		Store: h.DeviceRows, Tx: db, Origins: h.Origins, Trail: h.Trail, Clock: clock, IDs: h.IDs,
	}, device.Config{})
	h.Desk = verification.NewDesk(verification.DeskDeps{
		Intakes: h.Intakes, Ring: ring, Tx: db, Clock: clock, IDs: h.IDs, Sending: h.Sending.gate(), Nudge: func() {},
	})
	h.Prover = verification.NewProver(verification.ProverDeps{
		Flows: meetingFlows{h.Flows, &h.meeting}, Links: meetingLinks{h.Links, &h.meeting}, Ring: ring, Clock: clock,
	})
	h.Sessions = h.sessions()
	h.Factors = h.factors(factors)
	h.SignIn = h.signIn(config)
	h.Password = credential.NewService(credential.Deps{
		Users: h.Users, Sessions: h.Sessions, Devices: h.DeviceRows, Tokens: h.TokenRows, Tries: h.Tries, Hasher: h.Hasher, Policy: policy(), Desk: h.Desk, Prover: h.Prover,
		Post: h.Post, Tx: db, Announcer: h.Announced, Clock: clock, Origins: h.Origins,
		Trail: h.Trail, Subjects: lockout.NewSubjects(h.Ring),
	}, credential.Config{})
	h.Account = account.NewService(account.Deps{
		Users: h.Users, Sessions: h.Sessions, Devices: h.DeviceRows, Tokens: h.TokenRows, Factors: h.Factors, Desk: h.Desk, Prover: h.Prover,
		Post: h.Post, Tx: db, Announcer: h.Announced, Clock: clock, Origins: h.Origins,
		Trail: h.Trail,
	}, account.Config{RecentWindow: account.DefaultRecentWindow, DeletionGrace: account.DefaultDeletionGrace})
	h.Directory = h.directory()
	h.Worker = h.worker()
	h.Tokens = apitoken.NewService(apitoken.Deps{
		Tokens: h.TokenRows, Accounts: h.Machines, Keys: h.Machines.Keys(), Users: h.Users, Access: h.Access, Warden: h.Warden,
		Post: h.Post, Trail: h.Trail, Tx: db, Clock: clock, IDs: h.IDs, Origins: h.Origins,
	}, apitoken.Config{})
	h.Roles = access.NewService(access.Deps{
		Lookup: h.Access, Catalogues: h.Access, Memberships: h.Access, Users: h.Users, Obligations: h.Factors, Imports: h.Imported, Grants: apitoken.Grants{Accounts: h.Machines},
		Warden: h.Warden, Post: h.Post, Origins: h.Origins, Trail: h.Trail, Tx: db, Announcer: h.Announced, Clock: clock,
		IDs: h.IDs,
	})
	return h
}

func (h *House) sessions() *session.Service {
	return session.NewService(session.Deps{
		Store: h.SessionRows, Ender: h.SessionRows, Lookup: h.SessionRows, Owners: h.Users, Tx: h.DB,
		Announcer: h.Announced, Post: h.Post, Sealer: h.Post, Trail: h.Trail, Origins: h.Origins,
		References: h.references(), Clock: h.Clock, IDs: h.IDs,
	}, session.DefaultConfig())
}

const issuer = "https://id.example"

func (h *House) references() *session.References { return session.NewReferences(h.Ring, issuer) }

// factors makes the use cases of second factors. The name of an app is "Example" everywhere here.
func (h *House) factors(config mfa.Config) *mfa.Service {
	h.FactorRows, h.CodeRows = mfatest.NewFactors(h.DB, h.Users), mfatest.NewRecoveryCodes(h.DB)
	h.Users.SecondFactors = h.FactorRows.Kinds
	config.Issuer, config.RecentWindow = "Example", account.DefaultRecentWindow
	return mfa.NewService(mfa.Deps{
		Factors: h.FactorRows, Codes: h.CodeRows, Users: h.Users, Sessions: h.Sessions, Roles: access.Demands{Lookup: h.Access}, Prover: h.Prover, Ring: h.Ring,
		Painter: painter{}, Post: h.Post, Trail: h.Trail, Tx: h.DB, Announcer: h.Announced, Clock: h.Clock, IDs: h.IDs,
		Origins: h.Origins,
	}, config)
}

func (h *House) signIn(config signin.Config) *signin.Service {
	return signin.NewService(signin.Deps{
		Users: h.Users, Registrations: h.Registrations, Desk: h.Desk, Prover: h.Prover, Hasher: h.Hasher,
		Policy: policy(), Sessions: h.Sessions, Devices: h.Devices, Factors: h.Factors, Tries: h.Tries,
		Subjects: lockout.NewSubjects(h.Ring), Trail: h.Trail, References: h.references(),
		Issuer:    token.NewIssuer(h.Signer, h.Clock, h.IDs, token.IssuerConfig{Issuer: issuer, Audience: issuer}),
		Presented: apitoken.NewPresented(h.TokenRows, h.Machines.Keys(), h.Clock), Warden: h.Warden,
		Verifier: h.Signer, Access: h.Access, Post: h.Post, Tx: h.DB, Announcer: h.Announced, Clock: h.Clock, IDs: h.IDs,
		Origins: h.Origins, Log: core.Discard(),
	}, config)
}

func (h *House) worker() *verification.Worker {
	handlers := verification.Handlers{}
	for _, some := range []verification.Handlers{h.SignIn.Handlers(), h.Password.Handlers(), h.Account.Handlers()} {
		for kind, handler := range some {
			handlers[kind] = handler
		}
	}
	return verification.NewWorker(verification.WorkerDeps{
		Intakes: h.Intakes, Handlers: handlers, Clock: h.Clock, Log: core.Discard(),
	})
}

func policy() *credential.Policy {
	return credential.NewPolicy(credential.CommonPasswords{}, credential.PolicyConfig{ContextWords: []string{"doorward"}})
}

// recognizer takes the header for the name of the browser.
type recognizer struct{}

// Recognize implements origin.Recognizer.
func (recognizer) Recognize(userAgent string) origin.Device {
	return origin.Device{Browser: userAgent}
}

// Country is where the client of a house is, by an atlas that has no names of places.
const Country = "NZ"

type atlas struct{ origin.Nowhere }

// Country implements origin.Locator.
func (atlas) Country(address netip.Addr) string {
	if address != Client.IP {
		return ""
	}
	return Country
}

// Announced is a core.Announcer that remembers what it was told.
type Announced struct {
	// Then is called, when set, after each announcement, for tests that let something happen meanwhile.
	Then    func()
	mu      sync.Mutex
	changes []core.Change
}

// Announce implements core.Announcer.
func (a *Announced) Announce(_ context.Context, changes ...core.Change) {
	a.mu.Lock()
	a.changes = append(a.changes, changes...)
	a.mu.Unlock()
	if a.Then != nil {
		a.Then()
	}
}

// Of tells how many changes of the subject with that id were announced.
func (a *Announced) Of(subject core.Subject, id core.ID) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	count := 0
	for _, change := range a.changes {
		if change.Subject == subject && change.ID == id {
			count++
		}
	}
	return count
}
