package password

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// stored is a hash that a password can be compared with, in parts.
type stored interface {
	// digest is the outcome that the right password has.
	digest() []byte
}

// foreign is a hash of a kind that only other systems make.
type foreign interface {
	stored
	// compute gives the outcome of a password.
	compute(password []byte) []byte
}

func (p phc) digest() []byte { return p.hash }

// The refusals of Check. Their texts are safe to show: they repeat nothing of the hash.
var (
	errKind = core.InvalidField("password_hash", core.CodeUnknownValue,
		"Hashes of this kind, or keyed with a secret that this server does not have, can never match here.")
	errForm = core.InvalidField("password_hash", core.CodeInvalidFormat, "This hash is not written as its kind is.")
	errCost = core.InvalidField("password_hash", core.CodeOutOfRange, "Comparing with this hash would cost too much.")
)

// readers are the kinds of other systems by the identifier that leads them.
var readers = map[string]func(parts []string) (foreign, error){
	"scrypt":          readScrypt,
	"firebase-scrypt": readFirebase,
	"pbkdf2":          readPBKDF2,
	"pbkdf2-sha1":     readPBKDF2,
	"pbkdf2-sha256":   readPBKDF2,
	"pbkdf2-sha512":   readPBKDF2,
	"2a":              readBcrypt,
	"2b":              readBcrypt,
	"2y":              readBcrypt,
}

// textMax is the longest text of a hash in bytes: a signer key and a hash of 64 bytes each, and what surrounds them.
const textMax = phcMax

// read tells what a stored text is. The errors are those of Check.
func (h *Hasher) read(text string) (stored, error) {
	parts := strings.Split(text, "$")
	if len(text) > textMax || len(parts) < 4 || parts[0] != "" {
		return nil, errForm
	}
	if kind := parts[1]; kind != "argon2id" && kind != "argon2i" {
		reader, known := readers[kind]
		if !known {
			return nil, errKind
		}
		return reader(parts[1:])
	}
	own, ok := parsePHC(text)
	if !ok {
		return nil, flawOf(parts)
	}
	if _, known := h.pepper(own.keyID); !known {
		return nil, errKind
	}
	return own, nil
}

// flawOf tells what is wrong with an argon2 hash that parsePHC does not take.
func flawOf(parts []string) error {
	if len(parts) == 6 && parts[2] != "v=19" {
		return errKind // of version 0x10, which was drafted and never published (RFC 9106 §3.1)
	}
	if len(parts) == 6 {
		if parsed, ok := parseParameters(parts[3]); ok && parsed.cost.check() != nil {
			return errCost
		}
	}
	return errForm
}

// Check tells whether a hash that was made elsewhere can be compared with here, at a cost that is bearable. Accepted are
//
//	$argon2id$v=19$m=…,t=…,p=…$salt$hash        RFC 9106, and argon2i likewise: m in KiB; m ≤ 256 MiB, m·t ≤ 1 GiB
//	$2a$cost$…, $2b$cost$…, $2y$cost$…         bcrypt: cost ≤ 14
//	$scrypt$ln=…,r=…,p=…$salt$hash             RFC 7914, ln = log₂ N: N·r·p ≤ 2²¹, which is 256 MiB
//	$pbkdf2-sha256$i=…$salt$hash               RFC 8018, also -sha1 and -sha512, and as passlib writes them:
//	                                           i times the blocks of the hash ≤ 2²¹
//	$firebase-scrypt$ln=…,r=…,ss=…,sk=…$salt$hash  Firebase's own: mem_cost, rounds, salt separator, signer key
//
// with salt and hash in base64. The same bounds hold whenever a hash is compared: none takes more than about a second
// of one core or 256 MiB. The errors are of KindInvalid for the field "password_hash": core.CodeUnknownValue,
// core.CodeInvalidFormat or core.CodeOutOfRange.
func (h *Hasher) Check(hash account.PasswordHash) error {
	_, err := h.read(string(hash))
	return err
}

// compute gives the outcome of a password with what is stored.
func (h *Hasher) compute(password string, found stored) []byte {
	switch found := found.(type) {
	case phc:
		return h.derive(password, found, len(found.hash))
	case foreign:
		return found.compute([]byte(password))
	}
	panic(fmt.Sprintf("password: nothing computes a %T", found))
}

// The bounds of salts and hashes of other systems in bytes. They cost nothing; beyond them a text is a mistake.
const (
	foreignSaltMin = 4
	foreignHashMin = 16
)

// anyBase64 reads base64 as different systems write it: of either alphabet of RFC 4648, or with passlib's dot in place
// of the plus, padded or not.
func anyBase64(text string, least, most int) ([]byte, bool) {
	text = strings.TrimRight(text, "=")
	text = strings.NewReplacer("-", "+", ".", "+", "_", "/").Replace(text)
	bytes, err := base64.RawStdEncoding.Strict().DecodeString(text)
	return bytes, err == nil && len(bytes) >= least && len(bytes) <= most && !strings.ContainsAny(text, "\r\n")
}

// saltAndHash reads the last two parts of a hash.
func saltAndHash(salt, hash string) (read, bool) {
	saltBytes, okSalt := anyBase64(salt, foreignSaltMin, sizeMax)
	hashBytes, okHash := anyBase64(hash, foreignHashMin, sizeMax)
	return read{saltBytes, hashBytes}, okSalt && okHash
}

// read is a salt and a hash.
type read struct{ salt, hash []byte }

func (r read) digest() []byte { return r.hash }
