package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/wire"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/token"
)

func listKeys(ctx context.Context) error {
	return withKeys(ctx, func(ctx context.Context, ring *token.Ring) error {
		keys, err := ring.List(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "KID\tALGORITHM\tSTATE\tCREATED\tSIGNS FROM\tGONE FROM KEY SET")
		for _, key := range keys {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n",
				key.ID, key.Algorithm, key.State, stamp(key.CreatedAt), stamp(key.ActiveFrom), stamp(key.RetireAt))
		}
		return table.Flush()
	})
}

func rotateKeys(ctx context.Context) error {
	return withKeys(ctx, func(ctx context.Context, ring *token.Ring) error {
		key, err := ring.Rotate(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("key %s (%s) signs from %s\n", key.ID, key.Algorithm, stamp(key.ActiveFrom))
		return nil
	})
}

// makeMasterKey prints a key whose id is the day: rings are read by people who wonder how old a key is.
func makeMasterKey(context.Context) error {
	fmt.Println(secret.GenerateKey(time.Now().UTC().Format("2006-01-02")))
	return nil
}

func withKeys(ctx context.Context, act func(context.Context, *token.Ring) error) error {
	settings, err := config.Load()
	if err != nil {
		return err
	}
	return wire.Run(ctx, settings, os.Stderr, act)
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format(time.RFC3339)
}
