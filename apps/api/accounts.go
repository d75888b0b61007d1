package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/wire"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/directory"
)

// unlockAccount forgets the failed tries at the account with the address or username.
func unlockAccount(ctx context.Context, identifier string) error {
	return withAccounts(ctx, identifier, "%s can sign in again\n", func(ctx context.Context, in *directory.Service, id core.ID) error {
		return in.Unlock(ctx, directory.Operator(""), id)
	})
}

// requireSecondFactor demands a second factor of the account, or takes the demand back.
func requireSecondFactor(required bool) func(ctx context.Context, identifier string) error {
	done := map[bool]string{true: "%s must enrol a second factor\n", false: "%s may do without a second factor\n"}[required]
	return func(ctx context.Context, identifier string) error {
		return withAccounts(ctx, identifier, done, func(ctx context.Context, in *directory.Service, id core.ID) error {
			return in.RequireFactor(ctx, directory.Operator(""), id, required)
		})
	}
}

// removeSecondFactors removes what the owner of the account has lost.
func removeSecondFactors(ctx context.Context, identifier string) error {
	const done = "%s has no second factor any more, and no session\n"
	return withAccounts(ctx, identifier, done, func(ctx context.Context, in *directory.Service, id core.ID) error {
		return in.RemoveFactors(ctx, directory.Operator(""), id)
	})
}

func withAccounts(
	ctx context.Context, identifier, done string,
	act func(ctx context.Context, in *directory.Service, id core.ID) error,
) error {
	settings, err := config.Load()
	if err != nil {
		return err
	}
	return wire.Run(ctx, settings, os.Stderr, func(ctx context.Context, in wire.Accounts) error {
		user, err := in.Find(ctx, identifier)
		if err == nil {
			err = act(ctx, in.Directory, user.ID)
		}
		if errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("there is no account %q", identifier)
		}
		if err == nil {
			fmt.Printf(done, identifier)
		}
		return err
	})
}
