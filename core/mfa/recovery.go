package mfa

import (
	"strings"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
)

// The shape of a recovery code: 24 letters of five bits, in groups of four.
const (
	// recoverySize is the entropy in bytes: 120 bits, above the 112 from which OWASP ASVS 5.0 6.5.2 asks for no slow
	// hash, and beyond any guessing (NIST SP 800-63B-4 §3.1.2.2 asks for a limit on tries below 64 bits alone).
	recoverySize   = 15
	recoveryLength = recoverySize * 8 / 5
	recoveryGroup  = 4
	// recoveryMax is the length of the longest text that is looked at: every letter apart.
	recoveryMax = 4 * recoveryLength
)

// recoveryLetters has no letter that looks like another (Crockford's base32): no I, L, O and U.
const recoveryLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewRecoveryCode makes a code as it is shown: XXXX-XXXX-XXXX-XXXX-XXXX-XXXX.
func NewRecoveryCode() string {
	var code strings.Builder
	var bits, width uint
	for _, octet := range secret.Random(recoverySize) {
		bits, width = bits<<8|uint(octet), width+8
		for ; width >= 5; width -= 5 {
			if letters := code.Len() - code.Len()/(recoveryGroup+1); letters > 0 && letters%recoveryGroup == 0 {
				code.WriteByte('-')
			}
			code.WriteByte(recoveryLetters[bits>>(width-5)&31])
		}
	}
	return code.String()
}

// NormalizeRecoveryCode reads a code as people type it: in either case, with or without hyphens and spaces, a letter
// that looks like a digit for that digit. It reports false for what is no code.
func NormalizeRecoveryCode(text string) (string, bool) {
	if len(text) > recoveryMax {
		return "", false
	}
	code := strings.Map(readLetter, text)
	foreign := func(r rune) bool { return !strings.ContainsRune(recoveryLetters, r) }
	return code, len(code) == recoveryLength && !strings.ContainsFunc(code, foreign)
}

// readLetter gives the letter that is meant, negative for one that only separates.
func readLetter(r rune) rune {
	if r >= 'a' && r <= 'z' {
		r += 'A' - 'a'
	}
	switch r {
	case ' ', '-':
		return -1
	case 'O':
		return '0'
	case 'I', 'L':
		return '1'
	}
	return r
}

// recoveryContext binds the digest of a code to its user.
func recoveryContext(user core.ID) string { return "recovery_code/" + user.String() }

// newRecoveryCodes makes a set of codes and their digests.
func newRecoveryCodes(ring *secret.Ring, user core.ID) (codes []string, digests [][]byte) {
	for range RecoveryCodeCount {
		code := NewRecoveryCode()
		normal, _ := NormalizeRecoveryCode(code)
		codes, digests = append(codes, code), append(digests, ring.TaggedDigest(recoveryContext(user), normal))
	}
	return codes, digests
}
