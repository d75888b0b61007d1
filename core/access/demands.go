package access

import (
	"context"
	"time"

	"github.com/doorward/doorward/core/account"
)

// Demands tells what roles demand of those who have them. It is an mfa.Roles.
type Demands struct{ Lookup Lookup }

// SecondFactor implements mfa.Roles.
func (d Demands) SecondFactor(ctx context.Context) (since func(user account.User) time.Time, err error) {
	catalogue, err := d.Lookup.Catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return func(user account.User) time.Time { return catalogue.Rights(&user).SecondFactorSince }, nil
}

// Oblige tells the user, who is about to have other roles than they have, until when to enrol the second factor that these
// demand and the earlier ones did not: the whole grace is theirs. What is demanded no longer is forgotten.
func (c *Catalogue) Oblige(to Obligations, user *account.User, roles []string) {
	promoted := *user
	promoted.Roles = roles
	before, since := c.Rights(user).SecondFactorSince, c.Rights(&promoted).SecondFactorSince
	if before.IsZero() != since.IsZero() {
		to.Ask(user, time.Time{}) // a demand that was taken back since, and that no sign-in has forgotten, gives no date to this one
		to.Ask(user, since)
	}
}
