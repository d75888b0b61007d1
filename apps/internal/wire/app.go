package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"go.uber.org/dig"
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/core"
)

// startTimeout bounds a start: a migration may wait for another replica's, or take its time. One that takes longer is for
// "api migrate up", which nothing bounds.
const startTimeout = 15 * time.Minute

// modules is everything there is; an app builds of it what its root needs.
func modules(settings config.Settings, log io.Writer) fx.Option {
	return fx.Options(
		fx.Supply(settings, Output{log}),
		kernelModule, logModule, metricsModule, secretsModule, databaseModule, cacheModule, limitsModule, tokensModule,
		hashingModule, passwordsModule, mailModule, usecasesModule, healthModule, workersModule, httpModule, bindingsModule,
		fx.WithLogger(func() fxevent.Logger { return fxevent.NopLogger }),
		fx.StartTimeout(startTimeout), fx.StopTimeout(stopTimeout(settings)),
	)
}

// Server is the API server. Start and Stop are called once each.
type Server struct {
	app      *fx.App
	sockets  *sockets
	settings config.Settings
	failure  failure
}

// NewServer builds the server that settings describe, with its log going to log. Nothing connects or
// listens before Start, except that with PORT=0 the port is taken here, because settings depend on it.
func NewServer(settings config.Settings, log io.Writer) (*Server, error) {
	opened, settings, err := openSockets(settings)
	if err != nil {
		return nil, err
	}
	failed := make(failure, 1)
	app := fx.New(serverOptions(settings, log, opened, failed))
	if err := app.Err(); err != nil {
		if opened.public.listener != nil {
			_ = opened.public.listener.Close()
		}
		return nil, dig.RootCause(err)
	}
	return &Server{app: app, sockets: opened, settings: settings, failure: failed}, nil
}

func serverOptions(settings config.Settings, log io.Writer, opened *sockets, failed failure) fx.Option {
	return fx.Options(modules(settings, log), fx.Supply(opened, failed), fx.Invoke(serve))
}

// Start brings the server up: when it returns, requests are answered. What had started is stopped again
// when something fails.
func (s *Server) Start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.app.StartTimeout())
	defer cancel()
	return s.app.Start(ctx)
}

// Stop drains the server and takes it down.
func (s *Server) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.app.StopTimeout())
	defer cancel()
	return s.app.Stop(ctx)
}

// Failed receives what ended a server that had started.
func (s *Server) Failed() <-chan error { return s.failure }

// Settings are those in force, with the port that was taken.
func (s *Server) Settings() config.Settings { return s.settings }

// URL is where the started server answers on this machine.
func (s *Server) URL() string { return localURL(s.sockets.public.listener) }

// AdminURL is where the private listener answers, empty where there is none.
func (s *Server) AdminURL() string { return localURL(s.sockets.private.listener) }

func localURL(listener net.Listener) string {
	if listener == nil {
		return ""
	}
	return "http://" + net.JoinHostPort("localhost", strconv.Itoa(portOf(listener.Addr())))
}

// Run builds what P names (a struct with fx.In, or one part), starts it, runs act and stops it again. It is
// for commands, which serve nobody. It migrates nothing, whatever AUTO_MIGRATE says: with a setting gone wrong a
// command that looks after a database would else make an empty one and report that all is well.
func Run[P any](ctx context.Context, settings config.Settings, log io.Writer, act func(context.Context, P) error) error {
	settings.Storage.AutoMigrate = false
	return RunMigrated(ctx, settings, log, act)
}

// RunMigrated is Run for a command that may be the first to see a database: it migrates like the server.
func RunMigrated[P any](
	ctx context.Context, settings config.Settings, log io.Writer, act func(context.Context, P) error,
) (err error) {
	var parts P
	app := fx.New(modules(settings, log), fx.Invoke(func(built P) { parts = built }))
	if err := app.Err(); err != nil {
		return dig.RootCause(err)
	}
	starting, cancel := context.WithTimeout(ctx, app.StartTimeout())
	defer cancel()
	if err := app.Start(starting); err != nil {
		return err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), app.StopTimeout())
		defer cancel()
		err = errors.Join(err, app.Stop(stopping))
	}()
	return act(ctx, parts)
}

// WithDatabase runs act with the database alone, which it does not migrate.
func WithDatabase(settings config.Settings, log io.Writer, act func(Engine) error) error {
	logger, err := NewLogger(settings, Output{log})
	if err != nil {
		return err
	}
	opened, err := openDatabase(settings, logger)
	if err != nil {
		return err
	}
	return errors.Join(act(opened.Engine), opened.Close())
}

// Explain prints why a command could not do its work.
func Explain(out io.Writer, err error) {
	var invalid config.Invalid
	if errors.As(err, &invalid) {
		_, _ = fmt.Fprintf(out, "%v\n\nEvery setting is described in docs/configuration.md.\n", invalid)
		return
	}
	_, _ = fmt.Fprintf(out, "doorward: %s\n", words(err))
}

// words tells an operator what happened: the cause where there is one, else what a client would read.
func words(err error) string {
	var domain *core.Error
	if !errors.As(err, &domain) || domain.Err != nil {
		return cause(err).Error()
	}
	told := []string{domain.Message}
	for _, broken := range domain.Fields {
		told = append(told, broken.Message)
	}
	return strings.Join(told, " ")
}
