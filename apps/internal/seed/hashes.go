package seed

import (
	"encoding/base64"
	"fmt"

	"golang.org/x/crypto/argon2"

	"github.com/doorward/doorward/core/account"
)

// The parameters of the hashes: OWASP's headline ones for argon2id.
const (
	hashMemory  = 19456 // KiB
	hashPasses  = 2
	hashThreads = 1
	hashBytes   = 32
	saltBytes   = 16
)

// Hashes gives each user of a seed a hash of the same password, with a salt of their own that the seed decides: good
// for people who do not exist. One takes some 20 ms.
func Hashes(number uint64, password string) func(user int) account.PasswordHash {
	population := Population{Seed: number}
	return func(user int) account.PasswordHash {
		salt := make([]byte, saltBytes)
		fill(salt, population.dice(streamHashes, user))
		digest := argon2.IDKey([]byte(password), salt, hashPasses, hashMemory, hashThreads, hashBytes)
		return account.PasswordHash(fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashPasses,
			hashThreads, base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(digest)))
	}
}
