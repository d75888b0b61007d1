package password

import (
	"crypto/aes"
	"crypto/cipher"
	"slices"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// The bounds of scrypt (RFC 7914 §2). N·r·p is the time, in units of some 0.4 µs, and 128 bytes for each N·r the memory.
const (
	scryptLogMax  = 20
	scryptSideMax = 64 // of r and p
	scryptWorkMax = 1 << 21
)

// scryptCost is what an scrypt hash takes to make: ln is log₂ N.
type scryptCost struct{ ln, r, p uint64 }

func (c scryptCost) bearable() bool {
	return c.ln <= scryptLogMax && c.r <= scryptSideMax && c.p <= scryptSideMax && c.r*c.p<<c.ln <= scryptWorkMax
}

// scryptHash is an scrypt hash in parts.
type scryptHash struct {
	read
	cost scryptCost
}

// readScrypt reads $scrypt$ln=…,r=…,p=…$salt$hash, as passlib and the PHC string format have it.
func readScrypt(parts []string) (foreign, error) {
	if len(parts) != 4 {
		return nil, errForm
	}
	cost, ok := scryptParameters(parts[1])
	if !ok {
		return nil, errForm
	}
	found, ok := saltAndHash(parts[2], parts[3])
	switch {
	case !ok:
		return nil, errForm
	case !cost.bearable():
		return nil, errCost
	}
	return scryptHash{found, cost}, nil
}

func scryptParameters(text string) (cost scryptCost, ok bool) {
	parts := strings.Split(text, ",")
	if len(parts) != 3 {
		return cost, false
	}
	var okN, okR, okP bool
	cost.ln, okN = parseNumber(parts[0], "ln=", 8)
	cost.r, okR = parseNumber(parts[1], "r=", 16)
	cost.p, okP = parseNumber(parts[2], "p=", 16)
	return cost, okN && okR && okP && min(cost.ln, cost.r, cost.p) > 0
}

func (s scryptHash) compute(password []byte) []byte {
	return scryptKey(password, s.salt, s.cost, len(s.hash))
}

func scryptKey(password, salt []byte, cost scryptCost, size int) []byte {
	key, err := scrypt.Key(password, salt, 1<<cost.ln, int(cost.r), int(cost.p), size) //nolint:gosec // within bounds
	if err != nil {
		panic(err) // the parameters have been checked
	}
	return key
}

// firebaseHash is a hash of Firebase Authentication in parts. Its documentation gives the algorithm: the key that
// scrypt makes of password, salt and separator (N = 2^mem_cost, r = rounds, p = 1) encrypts the signer key of the
// project by AES-256 in counter mode from zero, and that is the hash.
type firebaseHash struct {
	read
	cost      scryptCost
	separator []byte
	signer    []byte
}

// The bounds of Firebase's texts in bytes: the separator is one byte, the signer key 64, in all projects.
const separatorMax = 16

// readFirebase reads $firebase-scrypt$ln=mem_cost,r=rounds,ss=separator,sk=signer key$salt$hash.
func readFirebase(parts []string) (foreign, error) {
	if len(parts) != 4 {
		return nil, errForm
	}
	found, ok := firebaseParameters(parts[1])
	if !ok {
		return nil, errForm
	}
	if found.read, ok = saltAndHash(parts[2], parts[3]); !ok || len(found.hash) != len(found.signer) {
		return nil, errForm
	}
	if !found.cost.bearable() {
		return nil, errCost
	}
	return found, nil
}

func firebaseParameters(text string) (found firebaseHash, ok bool) {
	parts := strings.Split(text, ",")
	if len(parts) != 4 {
		return found, false
	}
	cost, okCost := scryptParameters(parts[0] + "," + parts[1] + ",p=1")
	separator, okSeparator := strings.CutPrefix(parts[2], "ss=")
	signer, okSigner := strings.CutPrefix(parts[3], "sk=")
	found.cost = cost
	var readable bool
	found.separator, readable = anyBase64(separator, 0, separatorMax)
	okSeparator = okSeparator && readable
	found.signer, readable = anyBase64(signer, foreignHashMin, sizeMax)
	return found, okCost && okSeparator && okSigner && readable
}

func (f firebaseHash) compute(password []byte) []byte {
	key := scryptKey(password, slices.Concat(f.salt, f.separator), f.cost, 32)
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the key has 32 bytes
	}
	sealed := make([]byte, len(f.signer))
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(sealed, f.signer) //nolint:gosec // the form wants zeros; a key has one salt
	return sealed
}
