package password

import (
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // as HMAC it is not broken, and these hashes are replaced at the first sign-in
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strings"
)

// pbkdf2WorkMax bounds the iterations times the blocks of the hash: about a second of SHA-512. OWASP asks for 210,000
// to 1,300,000 iterations.
const pbkdf2WorkMax = 1 << 21

// The functions of PBKDF2 by the identifier that leads a hash; without one it is that of RFC 8018, as passlib has it.
var pbkdf2Functions = map[string]func() hash.Hash{
	"pbkdf2": sha1.New, "pbkdf2-sha1": sha1.New, "pbkdf2-sha256": sha256.New, "pbkdf2-sha512": sha512.New,
}

// pbkdf2Hash is a hash of PBKDF2 (RFC 8018 §5.2) in parts.
type pbkdf2Hash struct {
	read
	function   func() hash.Hash
	iterations int
}

// readPBKDF2 reads $pbkdf2-sha256$i=…$salt$hash, where the length in bytes may follow as ,l=…, and the iterations may
// stand alone as passlib writes them.
func readPBKDF2(parts []string) (foreign, error) {
	if len(parts) != 4 {
		return nil, errForm
	}
	found, ok := saltAndHash(parts[2], parts[3])
	if !ok {
		return nil, errForm
	}
	count, length, told := strings.Cut(strings.TrimPrefix(parts[1], "i="), ",")
	if told {
		if size, ok := parseNumber(length, "l=", 16); !ok || size != uint64(len(found.hash)) {
			return nil, errForm
		}
	}
	iterations, ok := parseNumber(count, "", 32)
	if !ok || iterations == 0 {
		return nil, errForm
	}
	function := pbkdf2Functions[parts[0]]
	blocks := (len(found.hash) + function().Size() - 1) / function().Size()
	if iterations*uint64(blocks) > pbkdf2WorkMax { //nolint:gosec // four at most
		return nil, errCost
	}
	return pbkdf2Hash{found, function, int(iterations)}, nil //nolint:gosec // within the bound
}

func (p pbkdf2Hash) compute(password []byte) []byte {
	key, err := pbkdf2.Key(p.function, string(password), p.salt, p.iterations, len(p.hash))
	if err != nil {
		return nil // where only what FIPS 140 approves may run: matches nothing
	}
	return key
}
