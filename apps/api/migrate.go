package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/doorward/doorward/adapters/migration"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/wire"
)

func migrateUp(ctx context.Context) error {
	return withDatabase(func(db wire.Engine) error {
		applied, err := db.Migrate(ctx)
		for _, each := range applied {
			fmt.Println("applied", each.Name)
		}
		if err == nil && len(applied) == 0 {
			fmt.Println("nothing to do")
		}
		return err
	})
}

func migrateStatus(ctx context.Context) error {
	return withDatabase(func(db wire.Engine) error {
		all, err := db.Status(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		for _, each := range all {
			state := "pending"
			if !each.AppliedAt.IsZero() {
				state = "applied " + each.AppliedAt.UTC().Format(time.RFC3339)
			}
			fmt.Fprintf(table, "%s\t%s\n", each.Name, state)
		}
		return table.Flush()
	})
}

func migratePlan(ctx context.Context) error {
	return withDatabase(func(db wire.Engine) error {
		pending, err := db.Plan(ctx)
		if err != nil {
			return err
		}
		return printPlan(pending)
	})
}

func printPlan(pending []migration.Migration) error {
	if len(pending) == 0 {
		fmt.Println("nothing to do")
	}
	for _, each := range pending {
		fmt.Printf("-- would apply %s\n%s\n", each.Name, each.SQL)
	}
	return nil
}

func withDatabase(act func(db wire.Engine) error) error {
	settings, err := config.Load()
	if err != nil {
		return err
	}
	return wire.WithDatabase(settings, os.Stderr, act)
}
