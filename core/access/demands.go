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
