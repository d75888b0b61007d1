package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/wire"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/signin"
)

// unlockAccount forgets the failed sign-ins of the account with the address or username.
func unlockAccount(ctx context.Context, identifier string) error {
	settings, err := config.Load()
	if err != nil {
		return err
	}
	return wire.Run(ctx, settings, os.Stderr, func(ctx context.Context, ways *signin.Service) error {
		err := ways.LiftLocks(ctx, identifier)
		if errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("there is no account %q", identifier)
		}
		if err == nil {
			fmt.Printf("%s can sign in again\n", identifier)
		}
		return err
	})
}
