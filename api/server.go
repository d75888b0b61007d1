package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"

	"github.com/doorward/doorward/api/internal/accesscontrol"
	"github.com/doorward/doorward/api/internal/auditlog"
	"github.com/doorward/doorward/api/internal/dashboard"
	"github.com/doorward/doorward/api/internal/machines"
	"github.com/doorward/doorward/api/internal/operations"
	"github.com/doorward/doorward/api/internal/porting"
	"github.com/doorward/doorward/api/internal/users"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/limit"
)

// Options are the settings of the edge. Zero values mean the defaults that stand beside them.
type Options struct {
	// AppURL is the public base of this server, such as https://accounts.example.com.
	AppURL string
	// ServePages makes the server answer the links in mails itself: set it where no front end does.
	ServePages bool
	// AllowedOrigins are the origins, such as https://app.example.com, whose pages may call this server.
	AllowedOrigins []string
	// RequestTimeout is how long an operation may take (15 s).
	RequestTimeout time.Duration
	// ReadTimeout bounds the arrival of a request (10 s), WriteTimeout the departure of its reply (30 s),
	// IdleTimeout the rest between two requests of one connection (75 s).
	ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	// BodyLimit is the largest body in bytes (64 KiB), HeaderLimit the largest head (16 KiB).
	BodyLimit, HeaderLimit int
	// ImportBodyLimit is the largest body in bytes of an import (1 GiB), which is read as it comes. StreamTimeout is how
	// long an import or export may take (30 min); each part of it has ReadTimeout and WriteTimeout.
	ImportBodyLimit int64
	StreamTimeout   time.Duration
	// MaxConnections is how many connections are served at once (10,000); beyond, they are answered 503 and
	// closed. Each may hold a head and a body for as long as a slow client may take to send them.
	MaxConnections int
	// RecentWindow is how old a sign-in may be for operations that need a recent one (10 min).
	RecentWindow time.Duration
	// Limits are how often what may be called. All that the policy names are needed where there is a Limiter.
	Limits Limits
	// TrustedProxies are the peers whose X-Forwarded-For and Forwarded are believed.
	TrustedProxies []netip.Prefix
	// Version is told at /health/system.
	Version string
}

// DefaultOptions are the defaults, for whoever has settings of their own.
func DefaultOptions() Options {
	return Options{
		RequestTimeout: 15 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 75 * time.Second, BodyLimit: 64 << 10, HeaderLimit: 16 << 10, MaxConnections: 10_000,
		RecentWindow: account.DefaultRecentWindow, ImportBodyLimit: 1 << 30, StreamTimeout: 30 * time.Minute,
	}
}

func (o Options) withDefaults() Options {
	defaults := DefaultOptions()
	set(&o.RequestTimeout, defaults.RequestTimeout)
	set(&o.ReadTimeout, defaults.ReadTimeout)
	set(&o.WriteTimeout, defaults.WriteTimeout)
	set(&o.IdleTimeout, defaults.IdleTimeout)
	set(&o.BodyLimit, defaults.BodyLimit)
	set(&o.HeaderLimit, defaults.HeaderLimit)
	set(&o.ImportBodyLimit, defaults.ImportBodyLimit)
	set(&o.StreamTimeout, defaults.StreamTimeout)
	set(&o.MaxConnections, defaults.MaxConnections)
	set(&o.RecentWindow, defaults.RecentWindow)
	return o
}

func set[T comparable](field *T, fallback T) {
	var zero T
	if *field == zero {
		*field = fallback
	}
}

// Observer counts requests. Route is the template of the path, never the path itself.
type Observer interface {
	Observe(method, route string, status int, took time.Duration)
}

// Deps are what the edge calls. All are needed but those behind the empty line.
type Deps struct {
	Authenticator Authenticator
	Registrar     Registrar
	Doorman       Doorman
	SecondSteps   SecondSteps
	Factors       Factors
	Passwords     Passwords
	Appraiser     Appraiser
	Accounts      Accounts
	Settings      Settings
	Sessions      Sessions
	Devices       Devices
	Unlocker      Unlocker
	Bindings      Bindings
	Keys          Keys
	Audit         Audit
	Users         Users
	AccessControl AccessControl
	AuditLog      AuditLog
	Operations    Operations
	Repetitions   Repetitions
	Dashboard     Dashboard
	Machines      Machines
	Portability   Portability
	Health        *Health
	Clock         core.Clock
	IDs           *core.IDs
	Log           *slog.Logger

	// Limiter counts calls for all replicas together, and Ceiling those of signed-in callers for this one alone.
	// Without a Limiter nothing is limited.
	Limiter, Ceiling limit.Limiter
	// Mailbox is the development mailbox, where there is one.
	Mailbox Mailbox
	// Observer is told of every request.
	Observer Observer
	// Metrics is the page of figures on the private listener.
	Metrics http.Handler
}

// server is what the handlers share.
type server struct {
	deps    Deps
	options Options
	// origin is that of the server itself.
	origin string
	// private marks the listener for operators.
	private  bool
	familiar familiar
}

func newServer(deps Deps, options Options) *server {
	return &server{deps: deps, options: options.withDefaults(), origin: OriginOf(options.AppURL)}
}

// New makes the public application. It fails when the contract and this package disagree: an operation
// without a rule, or one that could not be checked. Serve it with Serve.
func New(deps Deps, options Options) (*fiber.App, error) {
	s := newServer(deps, options)
	app := s.newApp()
	contract, err := theContract()
	if err == nil {
		err = s.checkLimits()
	}
	if err != nil {
		return nil, err
	}
	if err := s.mount(app, contract); err != nil {
		return nil, err
	}
	s.mountDocuments(app)
	s.mountMailbox(app)
	if s.options.ServePages {
		s.mountPages(app)
	}
	s.guardConnections(app)
	return app, nil
}

// NewAdmin makes the application for the private listener: health in detail, and the metrics. Without a
// private listener neither is served: who can reach a public listener is not known here.
func NewAdmin(deps Deps, options Options) (*fiber.App, error) {
	s := newServer(deps, options)
	s.private = true
	app := s.newApp()
	contract, err := theContract()
	if err != nil {
		return nil, err
	}
	if err := s.mount(app, contract.only("health")); err != nil {
		return nil, err
	}
	if deps.Metrics != nil {
		app.Get("/metrics", adaptor.HTTPHandler(deps.Metrics))
	}
	s.guardConnections(app)
	return app, nil
}

// newApp makes an application that routes to the letter: paths are case-sensitive and end as written.
func (s *server) newApp() *fiber.App {
	app := fiber.New(fiber.Config{
		AppName:               "doorward",
		BodyLimit:             s.options.BodyLimit,
		StreamRequestBody:     true, // see gather
		Concurrency:           s.options.MaxConnections + spare,
		ReadBufferSize:        s.options.HeaderLimit,
		ReadTimeout:           s.options.ReadTimeout,
		WriteTimeout:          s.options.WriteTimeout,
		IdleTimeout:           s.options.IdleTimeout,
		CaseSensitive:         true,
		StrictRouting:         true,
		DisableStartupMessage: true,
		// Texts that Fiber hands out otherwise live in buffers that the next request overwrites.
		Immutable:                    true,
		DisablePreParseMultipartForm: true,
		ErrorHandler:                 s.refuse,
	})
	app.Use(s.edge)
	return app
}

// mount registers the operations of the contract, each behind its own rule and checks.
func (s *server) mount(app *fiber.App, contract *contract) error {
	answering := newHandlers(s.deps, s.options)
	answering.Transport = transport{s}
	table := &routes{
		Router: app, server: s, contract: contract,
		// The generated code reads bodies whole.
		byHand: map[string]fiber.Handler{"POST /v1/users/import": answering.ImportStream},
	}
	oapi.RegisterHandlers(table, oapi.NewStrictHandler(answering, nil))
	if err := table.install(app); err != nil {
		return fmt.Errorf("mount the operations: %w", err)
	}
	return nil
}

// Users is what answers the tag users.
type Users = users.Handlers

// AccessControl is what answers the tag access.
type AccessControl = accesscontrol.Handlers

// AuditLog is what answers the tag audit.
type AuditLog = auditlog.Handlers

// Operations is what answers the tag operations.
type Operations = operations.Handlers

// Portability is what answers the operations that are streams. Its Transport is the server's own.
type Portability = porting.Handlers

// Machines is what answers for tokens, service accounts, introspection and impersonation.
type Machines = machines.Handlers

// Dashboard is what answers the tag dashboard.
type Dashboard = dashboard.Handlers

// handlers answers every operation; each tag has a struct of its own.
type handlers struct {
	authHandlers
	meHandlers
	Users
	AccessControl
	AuditLog
	Operations
	Dashboard
	Machines
	Portability
	healthHandlers
	devHandlers
}

var _ oapi.StrictServerInterface = (*handlers)(nil)

func newHandlers(deps Deps, options Options) *handlers {
	return &handlers{
		authHandlers:   authHandlers{deps},
		meHandlers:     meHandlers{deps},
		Users:          deps.Users,
		AccessControl:  deps.AccessControl,
		AuditLog:       deps.AuditLog,
		Operations:     deps.Operations,
		Dashboard:      deps.Dashboard,
		Machines:       deps.Machines,
		Portability:    deps.Portability,
		healthHandlers: healthHandlers{health: deps.Health, version: options.Version, started: time.Now()},
		devHandlers:    devHandlers{deps.Mailbox},
	}
}
