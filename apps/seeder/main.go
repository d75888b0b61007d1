// Command seeder fills a database: with its first owner, once, and with made-up people, their sessions, devices and
// history for development and load tests. What exists already is left as it is, so that it can be run again.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/wire"
)

// The exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := exitCode(run(ctx, os.Args[1:]))
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string) error {
	wanted, err := parse(args)
	if err != nil {
		return err
	}
	settings, err := config.Load()
	if err != nil {
		return err
	}
	if settings.Profile.Environment == config.Production {
		switch {
		case wanted.wipe:
			return usageError{err: errWipe, usage: wanted.usage}
		case !wanted.production:
			return usageError{err: errProduction, usage: wanted.usage}
		}
	}
	return wire.RunMigrated(ctx, settings, os.Stderr, func(ctx context.Context, parts parts) error {
		if wanted.wipe {
			if goOn, err := parts.wipe(ctx, wanted); err != nil || !goOn {
				return err
			}
		}
		if err := parts.seedOwner(ctx); err != nil {
			return err
		}
		return parts.seedPeople(ctx, wanted)
	})
}

var (
	errProduction = errors.New("this is a production database: say --production if you mean it")
	errWipe       = errors.New("this is a production database: --wipe is refused, whatever else is said")
)

func exitCode(err error) int {
	var wrong usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &wrong):
		return wrong.explain()
	}
	wire.Explain(os.Stderr, err)
	return exitFailure
}
