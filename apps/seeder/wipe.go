package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// wipe removes everything, where the order names the database, and else tells what that would be. done tells whether
// to go on.
func (p parts) wipe(ctx context.Context, wanted order) (done bool, err error) {
	counts, err := p.Database.Contents(ctx)
	if err != nil {
		return false, err
	}
	name, server := p.Settings.DatabaseName()
	if p.Settings.SQLite() {
		server, _ = filepath.Abs(filepath.Dir(p.Settings.SQLitePath()))
	}
	meant, err := wanted.wipes(name)
	verb := "would remove"
	if meant {
		verb = "removes"
	}
	fmt.Printf("wipe       %s from %s:\n", verb, place(name, server))
	for _, table := range slices.Sorted(maps.Keys(counts)) {
		if counts[table] > 0 {
			fmt.Printf("           %10d %s\n", counts[table], strings.Trim(table, `"`))
		}
	}
	switch {
	case err != nil:
		return false, err
	case meant:
		return true, p.Database.Wipe(ctx)
	}
	fmt.Printf("Nothing was removed. Stop every server of this database, and say --yes-wipe=%s if you mean it.\n", name)
	return false, nil
}

var (
	errOtherDatabase = errors.New("nothing was removed")
	errNameless      = errors.New("DATABASE_URL does not name the database, so that --yes-wipe cannot: nothing was removed")
)

// wipes reports whether the order names the database. Nothing else wipes one, and one without a name nothing at all.
func (o order) wipes(name string) (bool, error) {
	switch {
	case name == "":
		return false, errNameless
	case o.wipeName == "":
		return false, nil
	case o.wipeName != name:
		return false, fmt.Errorf("--yes-wipe names %s, and this is %s: %w", o.wipeName, name, errOtherDatabase)
	}
	return true, nil
}

// place tells a database from those of the same name on other servers, or in other folders.
func place(name, where string) string {
	name = cmp.Or(name, "a database without a name")
	switch {
	case where == "":
		return name
	case filepath.IsAbs(where):
		return name + " in " + where
	}
	return name + " on " + where
}
