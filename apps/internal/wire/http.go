package wire

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"go.uber.org/fx"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/apps/internal/background"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/metrics"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/limit"
)

// edgeIn are what the HTTP edge is made of.
type edgeIn struct {
	fx.In
	Settings      config.Settings
	Authenticator api.Authenticator
	Registrar     api.Registrar
	Doorman       api.Doorman
	SecondSteps   api.SecondSteps
	Factors       api.Factors
	Passwords     api.Passwords
	Appraiser     api.Appraiser
	Accounts      api.Accounts
	Choices       api.Settings
	Sessions      api.Sessions
	Devices       api.Devices
	Unlocker      api.Unlocker
	Bindings      api.Bindings
	Keys          api.Keys
	Audit         api.Audit
	Users         api.Users
	AccessControl api.AccessControl
	AuditLog      api.AuditLog
	Operations    api.Operations
	Repetitions   api.Repetitions
	Dashboard     api.Dashboard
	Portability   api.Portability
	Machines      api.Machines
	Mailbox       api.Mailbox
	Health        *api.Health
	Limiter       limit.Limiter `name:"shared"`
	Ceiling       limit.Limiter `name:"ceiling"`
	Meters        *metrics.Meters
	Clock         core.Clock
	IDs           *core.IDs
	Log           *slog.Logger
}

func (in edgeIn) deps() api.Deps {
	return api.Deps{
		Authenticator: in.Authenticator, Registrar: in.Registrar, Doorman: in.Doorman, SecondSteps: in.SecondSteps, Factors: in.Factors,
		Passwords: in.Passwords, Appraiser: in.Appraiser,
		Accounts: in.Accounts, Settings: in.Choices, Sessions: in.Sessions, Devices: in.Devices,
		Unlocker: in.Unlocker, Bindings: in.Bindings, Keys: in.Keys, Audit: in.Audit,
		AuditLog: in.AuditLog, Operations: in.Operations, Repetitions: in.Repetitions,
		Users: in.Users, AccessControl: in.AccessControl, Dashboard: in.Dashboard, Portability: in.Portability, Machines: in.Machines,
		Limiter: in.Limiter, Ceiling: in.Ceiling,
		Health: in.Health, Clock: in.Clock, IDs: in.IDs, Log: in.Log, Mailbox: in.Mailbox, Observer: in.Meters, Metrics: in.Meters.Handler(),
	}
}

func (in edgeIn) options() api.Options {
	return api.Options{
		AppURL: in.Settings.Server.AppURL, ServePages: in.Settings.ServesPages(),
		AllowedOrigins: in.Settings.Server.CORSOrigins,
		RequestTimeout: in.Settings.Server.RequestTimeout, BodyLimit: in.Settings.Server.BodyLimit,
		ImportBodyLimit: in.Settings.Server.ImportBodyLimit, StreamTimeout: in.Settings.Server.StreamTimeout,
		MaxConnections: in.Settings.Server.MaxConnections, Limits: edgeLimits(in.Settings.Limits),
		RecentWindow: in.Settings.Accounts.ReauthenticationTTL, TrustedProxies: in.Settings.Server.TrustedProxies,
		Version: Version(),
	}
}

// edges are the applications of the two listeners; private is nil where ADMIN_ADDR is not set.
type edges struct{ public, private *fiber.App }

func newEdges(in edgeIn) (edges, error) {
	public, err := api.New(in.deps(), in.options())
	if err != nil || in.Settings.Server.AdminAddr == "" {
		return edges{public: public}, err
	}
	private, err := api.NewAdmin(in.deps(), in.options())
	return edges{public: public, private: private}, err
}

// socket is a place to listen at. It may be open before the application starts: where PORT is 0 the
// settings depend on the port that was taken.
type socket struct {
	address  string
	listener net.Listener
}

func (s *socket) open(ctx context.Context) (err error) {
	if s.listener == nil {
		s.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", s.address)
	}
	return err
}

// sockets are those of the two listeners.
type sockets struct{ public, private socket }

// openSockets names the places to listen at, and opens the public one where its port is not known before.
// The settings come back with that port in them.
func openSockets(settings config.Settings) (*sockets, config.Settings, error) {
	opened := &sockets{
		public:  socket{address: net.JoinHostPort(settings.Server.Host, strconv.Itoa(settings.Server.Port))},
		private: socket{address: settings.Server.AdminAddr},
	}
	if settings.Server.Port != 0 {
		return opened, settings, nil
	}
	if err := opened.public.open(context.Background()); err != nil {
		return nil, settings, fmt.Errorf("HOST and PORT: %w", err)
	}
	return opened, settings.Bound(portOf(opened.public.listener.Addr())), nil
}

func portOf(address net.Addr) int {
	parsed, err := netip.ParseAddrPort(address.String())
	if err != nil {
		return 0
	}
	return int(parsed.Port())
}

// failure takes the error that ends a server which had started.
type failure chan error

func (f failure) report(err error) {
	select {
	case f <- err:
	default: // one is enough
	}
}

// serveIn are what serving needs.
type serveIn struct {
	fx.In
	Lifecycle fx.Lifecycle
	Failure   failure
	Settings  config.Settings
	Sockets   *sockets
	Edges     edges
	Workers   *background.Runner
	Health    *api.Health
	Log       *slog.Logger
}

// serve is the root of the server. It starts what has no start of its own: the private listener first, so
// that a shutdown can be watched from there to its end, then the loops, and the public listener last.
func serve(in serveIn) {
	if in.Edges.private != nil {
		in.Lifecycle.Append(fx.StartStopHook(
			in.listen(&in.Sockets.private, in.Edges.private, "ADMIN_ADDR"), in.Edges.private.ShutdownWithContext))
	}
	in.Lifecycle.Append(fx.StartStopHook(in.Workers.Start, in.Workers.Stop))
	in.Lifecycle.Append(fx.StartStopHook(in.listen(&in.Sockets.public, in.Edges.public, "HOST and PORT"), in.drain))
}

func (in serveIn) listen(at *socket, app *fiber.App, setting string) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := at.open(ctx); err != nil {
			return fmt.Errorf("%s: %w", setting, err)
		}
		in.Log.Info("listening", "address", at.listener.Addr().String())
		go func() {
			if err := api.Serve(app, at.listener); err != nil {
				in.Failure.report(fmt.Errorf("the listener at %s ended: %w", at.listener.Addr(), err))
			}
		}()
		return nil
	}
}

// drain lets a load balancer notice before anything closes: readiness fails and every reply asks to end its
// connection, while requests are still accepted for DRAIN_DELAY. Then those under way are finished.
func (in serveIn) drain(ctx context.Context) error {
	in.Health.Drain()
	in.Log.Info("draining", "delay", in.Settings.Server.DrainDelay)
	if err := pause(ctx, in.Settings.Server.DrainDelay); err != nil {
		return err
	}
	return in.Edges.public.ShutdownWithContext(ctx)
}

// stopTimeout bounds the whole shutdown: the drain, the longest request, the longest attempt to mail.
func stopTimeout(settings config.Settings) time.Duration {
	const rest = 45 * time.Second
	return settings.Server.DrainDelay + settings.Server.RequestTimeout + rest
}

var httpModule = fx.Module("http", fx.Provide(newEdges))
