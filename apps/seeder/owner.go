package main

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"

	"go.uber.org/fx"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/wire"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/secret"
)

// parts are what seeding needs.
type parts struct {
	fx.In
	Settings   config.Settings
	Database   wire.Engine
	Users      account.Store
	Index      directory.Index
	Catalogues access.Catalogues
	Tx         core.Transactor
	Announcer  core.Announcer
	Hasher     credential.Hasher
	Policy     *credential.Policy
	Trail      *audit.Trail
	Clock      core.Clock
	IDs        *core.IDs
}

// seedOwner makes the first owner, already verified, where there is none. It works once: whoever can run the
// seeder later makes no second one with it (OWASP ASVS 5.0 6.3.2).
func (p parts) seedOwner(ctx context.Context) error {
	owned, err := p.owned(ctx)
	if err != nil {
		return err
	}
	if owned {
		fmt.Println("owner      there is one already")
		return nil
	}
	owner, made, err := p.newOwner(ctx)
	if err != nil {
		return err
	}
	err = p.Users.Create(ctx, owner, p.Trail.Event(ctx, audit.Event{
		Action: audit.ActionOpen, ActorKind: audit.Operator, Subject: owner.ID,
		Metadata: map[string]string{"role": account.RoleOwner},
	}))
	if errors.Is(err, account.ErrEmailTaken) {
		return fmt.Errorf("OWNER_EMAIL: %s has an account already, which is no owner; choose another address", owner.Email)
	}
	if err != nil {
		return err
	}
	fmt.Printf("owner      %s\n", owner.Email)
	if made != "" {
		fmt.Printf("password   %s   (shown this once)\n", made)
	}
	return nil
}

// errExampleOwner spares a deployment an owner who can neither reset their password nor be warned.
var errExampleOwner = errors.New("OWNER_EMAIL must be set: " + config.ExampleOwner + " is an example, where nobody reads mail")

// owned reports whether somebody is an owner, also one who cannot sign in at present: only a deleted one is none any more.
func (p parts) owned(ctx context.Context) (bool, error) {
	if active, err := p.Users.CountOwners(ctx, core.ID{}); err != nil || active > 0 {
		return active > 0, err
	}
	for _, status := range []account.Status{account.StatusDeactivated, account.StatusSuspended} {
		listing := directory.Listing{
			Filter: directory.Filter{Role: account.RoleOwner, Status: status}, Sort: directory.OldestFirst, Limit: 1,
		}
		for more := true; more; more = !listing.After.IsZero() {
			places, rest, err := p.Index.Places(ctx, listing)
			if err != nil || len(places) > 0 {
				return err == nil, err
			}
			listing.After = rest
		}
	}
	return false, nil
}

// newOwner describes the owner; made is the password where none was given.
func (p parts) newOwner(ctx context.Context) (owner account.User, made string, err error) {
	email, key, err := account.NormalizeEmail(p.Settings.Seed.OwnerEmail)
	if err != nil {
		return owner, "", fmt.Errorf("OWNER_EMAIL: %w", err)
	}
	if p.Settings.Profile.Environment == config.Production && key == config.ExampleOwner {
		return owner, "", errExampleOwner
	}
	password := p.Settings.Seed.OwnerPassword.Reveal()
	if password == "" {
		made = newPassword()
		password = made
	}
	if err := p.Policy.Check(ctx, password, email); err != nil {
		return owner, "", fmt.Errorf("OWNER_PASSWORD: %w", err)
	}
	normal, _ := credential.NormalizePassword(password)
	hash, err := p.Hasher.Hash(ctx, normal)
	now := p.Clock.Now()
	return account.User{
		ID: p.IDs.New(), Email: email, EmailKey: key, EmailVerified: true,
		Profile: account.Profile{Name: "Owner"}, Status: account.StatusActive,
		Roles: []string{account.RoleOwner}, Password: hash, PasswordChangedAt: now,
		CreatedAt: now, UpdatedAt: now, Rev: 1,
	}, made, err
}

// passwordBytes is the entropy of a password that is made: 125 bits, in groups that can be typed.
const passwordBytes = 15

func newPassword() string {
	text := strings.ToLower(base32.StdEncoding.EncodeToString(secret.Random(passwordBytes)))
	return strings.Join([]string{text[0:6], text[6:12], text[12:18], text[18:24]}, "-")
}
