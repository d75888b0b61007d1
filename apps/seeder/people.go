package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"time"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/seed"
	"github.com/doorward/doorward/apps/internal/terminal"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// The password of all made-up users, and its argon2id hash with OWASP's headline parameters: one such hash
// costs 20 ms, so that many users share it. Where a deployment hashes otherwise it is renewed at the first sign-in.
const (
	sharedPassword = "every seeded door opens alike"
	sharedHash     = account.PasswordHash("$argon2id$v=19$m=19456,t=2,p=1$Usct+2efODNNa0TJASQrrw$Xc4jG5B/JwTE8qz7v9SPXa/lWeemSefo7c1VDA4d33k")
)

// batch is how many rows go to the database at once.
const batch = 5000

// seedPeople adds what was ordered.
func (p parts) seedPeople(ctx context.Context, wanted order) error {
	if wanted.size.users == 0 {
		return nil
	}
	password, hash, err := p.hashes(ctx, wanted)
	if err != nil {
		return err
	}
	people, goesOn, err := p.population(ctx, wanted, hash)
	if err != nil {
		return err
	}
	began := p.Clock.Now()
	if err := p.seedCatalogue(ctx, people.Catalogue()); err != nil {
		return err
	}
	if err := p.load(ctx, people); err != nil {
		return err
	}
	first, err := people.User(0)
	if err != nil {
		return err
	}
	fmt.Printf("people     %s (seed %d) in %s\n", people, wanted.seed, p.Clock.Now().Sub(began).Round(10*time.Millisecond))
	fmt.Printf("again      the same rows with --seed %d --until %s\n", wanted.seed, people.Until.Format(time.DateOnly))
	fmt.Println("sign in    " + wayIn(first.Email, password, goesOn && p.Settings.Profile.Environment == config.Production))
	return nil
}

// wayIn tells how to sign in. In production every run has a password of its own, and users whom an earlier run made keep
// that one.
func wayIn(email, password string, kept bool) string {
	if kept {
		return fmt.Sprintf("%s and others of an earlier run, with the password that it told; those who are new, password %q", email, password)
	}
	return fmt.Sprintf("%s and the like, password %q", email, password)
}

func (p parts) load(ctx context.Context, people seed.Population) error {
	bulk := p.Database
	if err := load(ctx, "users", people.Users, people.AllUsers(), bulk.BulkUsers); err != nil {
		return err
	}
	if err := load(ctx, "factors", 0, people.AllFactors(), bulk.BulkFactors); err != nil {
		return err
	}
	if err := load(ctx, "devices", 0, people.AllDevices(), bulk.BulkDevices); err != nil {
		return err
	}
	if err := load(ctx, "sessions", people.Sessions, people.AllSessions(), bulk.BulkSessions); err != nil {
		return err
	}
	return load(ctx, "history", people.Events, people.AllEvents(), bulk.BulkEvents)
}

// population describes the people of an order; goesOn tells that an earlier run has made some of them.
func (p parts) population(
	ctx context.Context, wanted order, hash func(int) account.PasswordHash,
) (people seed.Population, goesOn bool, err error) {
	accounts := p.Settings.Accounts
	people = seed.Population{
		Seed: wanted.seed, Users: wanted.size.users, Sessions: wanted.size.sessions, Events: wanted.size.events,
		Until: wanted.until, Hash: hash, SessionLimit: accounts.SessionLimit, IdleTTL: accounts.SessionIdleTTL,
		MaxTTL: accounts.SessionMaxTTL, DeviceTTL: p.Settings.Lockout.DeviceTTL, DeletionGrace: accounts.DeletionGrace,
		AuditKept: p.Settings.Cleanup.Audit,
	}
	if wanted.until.IsZero() {
		people.Until = p.Clock.Now().UTC().Truncate(24 * time.Hour)
	}
	first, err := people.User(0)
	if err != nil {
		return people, false, err
	}
	found, err := p.Users.FindByIdentifier(ctx, account.Identifier{Kind: account.IdentifierEmail, Key: first.EmailKey})
	switch {
	case errors.Is(err, core.ErrNotFound):
		return people, false, nil
	case err != nil:
		return people, false, err
	case wanted.until.IsZero():
		people.Until = found.CreatedAt.Add(seed.Span).UTC() // the day of the earlier run
	}
	return people, true, nil
}

// hashes gives the password of all made-up users and its hashes: one for all of a load, as computing each would take
// hours, and real ones, each with a salt of its own, for a demo. In production the password is not the one that
// everybody can read here.
func (p parts) hashes(ctx context.Context, wanted order) (password string, hash func(int) account.PasswordHash, err error) {
	if p.Settings.Profile.Environment == config.Production {
		password = newPassword()
		made, err := p.Hasher.Hash(ctx, password)
		return password, func(int) account.PasswordHash { return made }, err
	}
	if wanted.profile == profileDemo {
		return sharedPassword, seed.Hashes(wanted.seed, sharedPassword), nil
	}
	return sharedPassword, func(int) account.PasswordHash { return sharedHash }, nil
}

// load hands rows to the database in batches and shows how far it is: on a terminal by a bar, else by a line now and
// then. A total of 0 is one that is not known before.
func load[Row any](
	ctx context.Context, label string, total int, rows iter.Seq2[Row, error], add func(context.Context, []Row) error,
) error {
	bar := terminal.NewLines(os.Stderr, label, int64(total))
	if terminal.Is(os.Stdout) {
		bar = terminal.NewBar(os.Stdout, label, int64(total))
	}
	defer bar.Done()
	pending := make([]Row, 0, batch)
	flush := func() error {
		if len(pending) == 0 {
			return nil
		}
		if err := add(ctx, pending); err != nil {
			return fmt.Errorf("add %s: %w", label, err)
		}
		bar.Add(int64(len(pending)))
		pending = pending[:0]
		return nil
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		if pending = append(pending, row); len(pending) == batch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}
