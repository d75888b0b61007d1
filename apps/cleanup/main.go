// Command cleanup removes what nobody needs any more: expired sessions, codes and links, registrations that
// were never proven, accounts past their grace, mail that was sent. Run it on a schedule; it works in small
// batches that wait for nobody, and a second run at the same time leaves at once.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"go.uber.org/fx"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/wire"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/dashboard"
	"github.com/doorward/doorward/core/retention"
)

// The exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
	exitRunning = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := exitCode(run(ctx, os.Args[1:]))
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string) error {
	options, err := parse(args)
	if err != nil {
		return err
	}
	settings, err := config.Load()
	if err != nil {
		return err
	}
	if options.BatchSize == 0 {
		options.BatchSize = settings.Cleanup.BatchSize
	}
	return wire.Run(ctx, settings, os.Stderr, func(ctx context.Context, in parts) error {
		err := sweep(ctx, in.Sweeper, options)
		if err == nil && !options.DryRun {
			err = dashboard.FoldAll(ctx, in.Folder)
		}
		return err
	})
}

// parts are what this command is made of.
type parts struct {
	fx.In
	Sweeper *retention.Sweeper
	Folder  dashboard.Folder
}

// exitCode explains a failure and tells it apart from others for the scheduler.
func exitCode(err error) int {
	var wrong usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &wrong):
		return wrong.explain()
	}
	wire.Explain(os.Stderr, err)
	switch {
	case errors.Is(err, retention.ErrRunning):
		return exitRunning
	case core.AsError(err).Kind == core.KindInvalid:
		return exitUsage
	default:
		return exitFailure
	}
}
