package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/doorward/doorward/apps/internal/config"
)

// wipe removes everything, where the order names the database, and else tells what that would be. done tells whether
// to go on.
func (p parts) wipe(ctx context.Context, wanted order) (done bool, err error) {
	counts, err := p.Database.Contents(ctx)
	if err != nil {
		return false, err
	}
	name := databaseName(p.Settings)
	verb := "would remove"
	if wanted.wipeName == name {
		verb = "removes"
	}
	fmt.Printf("wipe       %s from %s:\n", verb, name)
	for _, table := range slices.Sorted(maps.Keys(counts)) {
		if counts[table] > 0 {
			fmt.Printf("           %10d %s\n", counts[table], strings.Trim(table, `"`))
		}
	}
	switch wanted.wipeName {
	case name:
		return true, p.Database.Wipe(ctx)
	case "":
		fmt.Printf("Nothing was removed. Stop every server of this database, and say --yes-wipe=%s if you mean it.\n", name)
		return false, nil
	}
	return false, fmt.Errorf("--yes-wipe names %s, and this is %s: %w", wanted.wipeName, name, errOtherDatabase)
}

var errOtherDatabase = errors.New("nothing was removed")

// databaseName is what people call the database: its name on the server, or its file.
func databaseName(settings config.Settings) string {
	parsed, err := url.Parse(settings.Storage.DatabaseURL.Reveal())
	if err != nil {
		return ""
	}
	return path.Base(parsed.Path + parsed.Opaque)
}
