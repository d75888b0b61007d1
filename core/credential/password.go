package credential

import (
	"context"
	"fmt"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// Hash makes the hash of a password that a Policy has accepted. Call it outside a transaction: it waits
// for the hashing queue. Errors as of Hasher.Hash.
func Hash(ctx context.Context, hasher Hasher, password string) (account.PasswordHash, error) {
	normal, _ := NormalizePassword(password) // what is not a password does not pass the policy
	hash, err := hasher.Hash(ctx, normal)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// Verify compares what somebody typed with a hash, at the cost of one hash whatever both of them are:
// also for a text that no account can have as its password, and for the empty hash of an account that is
// unknown. A text that NormalizePassword changes costs two, whoever is meant: hashes that another system made are of the
// text as it was typed, and that is compared as well. What matches then is stale: Hash makes the normal form of it.
// Call it outside a transaction. Results and errors as of Hasher.Verify.
func Verify(
	ctx context.Context, hasher Hasher, password string, hash account.PasswordHash,
) (match, stale bool, err error) {
	normal, ok := NormalizePassword(password)
	if !ok {
		hash = ""
	}
	match, stale, err = hasher.Verify(ctx, normal, hash)
	if err == nil && !match && ok && normal != password {
		match, _, err = hasher.Verify(ctx, password, hash)
		stale = match
	}
	if err != nil {
		return false, false, fmt.Errorf("verify password: %w", err)
	}
	return match, stale, nil
}

// checkFresh applies the policy to a new password.
func (s *Service) checkFresh(ctx context.Context, password string, known ...string) error {
	var violations core.Violations
	violations.Add("new_password", s.deps.Policy.Check(ctx, password, known...))
	return violations.Err()
}

// checkKnown applies what checkFresh could not before it was known whose password it is.
func (s *Service) checkKnown(password string, user account.User) error {
	var violations core.Violations
	_, err := s.deps.Policy.checkText(password, contextOf(user))
	violations.Add("new_password", err)
	return violations.Err()
}

// contextOf is what others may know of the person.
func contextOf(user account.User) []string {
	return []string{user.Email, user.Username, user.Profile.Name}
}
