package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/wire"
	"github.com/doorward/doorward/core"
)

// unlockAccount forgets the failed sign-ins of the account with the address or username.
func unlockAccount(ctx context.Context, identifier string) error {
	return withAccounts(ctx, identifier, "%s can sign in again\n", func(ctx context.Context, in wire.Accounts) error {
		return in.Ways.LiftLocks(ctx, identifier)
	})
}

// requireSecondFactor demands a second factor of the account, or takes the demand back.
func requireSecondFactor(required bool) func(ctx context.Context, identifier string) error {
	done := map[bool]string{true: "%s must enrol a second factor\n", false: "%s may do without a second factor\n"}[required]
	return func(ctx context.Context, identifier string) error {
		return withAccounts(ctx, identifier, done, func(ctx context.Context, in wire.Accounts) error {
			user, err := in.Find(ctx, identifier)
			if err != nil {
				return err
			}
			return in.Factors.Require(ctx, user.ID, required)
		})
	}
}

// removeSecondFactors removes what the owner of the account has lost.
func removeSecondFactors(ctx context.Context, identifier string) error {
	const done = "%s has no second factor any more, and no session\n"
	return withAccounts(ctx, identifier, done, func(ctx context.Context, in wire.Accounts) error {
		user, err := in.Find(ctx, identifier)
		if err != nil {
			return err
		}
		return in.Factors.RemoveAll(ctx, user.ID)
	})
}

func withAccounts(
	ctx context.Context, identifier, done string, act func(ctx context.Context, in wire.Accounts) error,
) error {
	settings, err := config.Load()
	if err != nil {
		return err
	}
	return wire.Run(ctx, settings, os.Stderr, func(ctx context.Context, in wire.Accounts) error {
		err := act(ctx, in)
		if errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("there is no account %q", identifier)
		}
		if err == nil {
			fmt.Printf(done, identifier)
		}
		return err
	})
}
