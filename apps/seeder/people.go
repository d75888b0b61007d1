package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/seed"
	"github.com/doorward/doorward/apps/internal/terminal"
	"github.com/doorward/doorward/core/account"
)

// The password of all made-up users, and its argon2id hash with OWASP's headline parameters: one such hash
// costs 20 ms, so that they share it. Where a deployment hashes otherwise it is renewed at the first sign-in.
const (
	sharedPassword = "every seeded door opens alike"
	sharedHash     = account.PasswordHash("$argon2id$v=19$m=19456,t=2,p=1$Usct+2efODNNa0TJASQrrw$Xc4jG5B/JwTE8qz7v9SPXa/lWeemSefo7c1VDA4d33k")
)

// batch is how many rows go to the database at once.
const batch = 5000

// seedPeople adds the users and sessions that were ordered.
func (p parts) seedPeople(ctx context.Context, wanted order) error {
	if wanted.users == 0 {
		return nil
	}
	password, hash, err := p.shared(ctx)
	if err != nil {
		return err
	}
	accounts := p.Settings.Accounts
	people := seed.Population{
		Seed: wanted.seed, Users: wanted.users, Sessions: wanted.sessions, Hash: hash,
		Until: p.Clock.Now().Truncate(24 * time.Hour), SessionLimit: accounts.SessionLimit,
		IdleTTL: accounts.SessionIdleTTL, MaxTTL: accounts.SessionMaxTTL, DeletionGrace: accounts.DeletionGrace,
	}
	began := p.Clock.Now()
	if err := load(ctx, "users", wanted.users, people.AllUsers(), p.Database.BulkUsers); err != nil {
		return err
	}
	if err := load(ctx, "sessions", wanted.sessions, people.AllSessions(), p.Database.BulkSessions); err != nil {
		return err
	}
	first, err := people.User(0)
	if err != nil {
		return err
	}
	fmt.Printf("people     %d users, %d sessions (seed %d) in %s\n", wanted.users, wanted.sessions, wanted.seed,
		p.Clock.Now().Sub(began).Round(10*time.Millisecond))
	fmt.Printf("sign in    %s and the like, password %q\n", first.Email, password)
	return nil
}

// shared is the password of all made-up users. In production it is not the one that everybody can read here.
func (p parts) shared(ctx context.Context) (string, account.PasswordHash, error) {
	if p.Settings.Profile.Environment != config.Production {
		return sharedPassword, sharedHash, nil
	}
	password := newPassword()
	hash, err := p.Hasher.Hash(ctx, password)
	return password, hash, err
}

// load hands rows to the database in batches and shows a terminal how far it is.
func load[Row any](
	ctx context.Context, label string, total int, rows iter.Seq2[Row, error], add func(context.Context, []Row) error,
) error {
	if total == 0 {
		return nil
	}
	var watcher io.Writer
	if terminal.Is(os.Stdout) {
		watcher = os.Stdout
	}
	bar := terminal.NewBar(watcher, label, int64(total))
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
