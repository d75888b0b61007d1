package password

import (
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// The cost of bcrypt is a power of two; 14 takes about a second. The text behind it is 22 letters of salt and 31 of hash
// in bcrypt's own base64.
const (
	bcryptCostMin  = 4
	bcryptCostMax  = 14
	bcryptTail     = 53
	bcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// bcryptHash is a hash of bcrypt, as it is written.
type bcryptHash string

// readBcrypt reads $2a$, $2b$ or $2y$, which are one algorithm: the letters tell which old mistakes of an
// implementation a hash is free of. $2x$ is one with such a mistake, and not read.
func readBcrypt(parts []string) (foreign, error) {
	if len(parts) != 3 || len(parts[1]) != 2 || len(parts[2]) != bcryptTail || strings.Trim(parts[2], bcryptAlphabet) != "" {
		return nil, errForm
	}
	cost, ok := parseNumber(strings.TrimPrefix(parts[1], "0"), "", 8)
	switch {
	case !ok || cost < bcryptCostMin:
		return nil, errForm
	case cost > bcryptCostMax:
		return nil, errCost
	}
	return bcryptHash("$" + strings.Join(parts, "$")), nil
}

// matched is the outcome of a password that bcrypt has compared by itself: the library gives no other.
var matched = []byte{1}

func (b bcryptHash) digest() []byte { return matched }

// compute compares as all implementations do: of a password beyond 72 bytes the first 72 count. What is made anew of it
// afterwards counts every byte.
func (b bcryptHash) compute(password []byte) []byte {
	if bcrypt.CompareHashAndPassword([]byte(b), password) != nil {
		return nil
	}
	return matched
}
