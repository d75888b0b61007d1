package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/verification"
)

// Recipient is whom a message to the identifier's account would go to, as limits of sending count them: the
// account by its id, whatever name was used for it, and else the name itself. Errors: those of Store.
func Recipient(ctx context.Context, users Store, identifier Identifier) (string, error) {
	user, err := users.FindByIdentifier(ctx, identifier)
	switch {
	case errors.Is(err, core.ErrNotFound):
		return verification.Mailbox(identifier.Key), nil
	case err != nil:
		return "", fmt.Errorf("find recipient: %w", err)
	}
	return user.ID.String(), nil
}
