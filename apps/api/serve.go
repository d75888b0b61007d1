package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/wire"
)

func explain(err error) { wire.Explain(os.Stderr, err) }

// serve runs the server until a signal comes or it fails, and then takes it down in order.
func serve(ctx context.Context) error {
	settings, err := config.Load()
	if err != nil {
		return err
	}
	go api.Prepare() // beside the opening of the database
	server, err := wire.NewServer(settings, os.Stderr)
	if err != nil {
		return err
	}
	if err := server.Start(ctx); err != nil {
		return err
	}
	announce(server)
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-server.Failed():
	}
	return errors.Join(failure, server.Stop(context.WithoutCancel(ctx)))
}

// announce tells a person at a terminal where everything is. In production the log does.
func announce(server *wire.Server) {
	settings := server.Settings()
	if settings.Profile.Environment == config.Production {
		return
	}
	fmt.Printf("Doorward is ready.\n  API      %s\n  Docs     %s/docs\n", settings.Server.AppURL, settings.Server.AppURL)
	if settings.Mail.DevMailbox {
		fmt.Printf("  Mailbox  %s/dev/mailbox\n", settings.Server.AppURL)
	}
	if address := server.AdminURL(); address != "" {
		fmt.Printf("  Metrics  %s/metrics\n", address)
	}
	fmt.Println("Ctrl-C stops it.")
}
