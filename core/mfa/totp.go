package mfa

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238 §1.2 builds on it, and every authenticator app knows it alone
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/doorward/doorward/core/secret"
)

// The parameters of time-based codes (RFC 6238 §4, RFC 4226 §4): those that every authenticator app knows.
const (
	// seedSize is the length of a seed in bytes: 160 bits, as RFC 4226 §4 R6 recommends.
	seedSize = 20
	// stepSeconds is how long a code is shown, codeDigits how long it is.
	stepSeconds = 30
	codeDigits  = 6
	codeModulus = 1_000_000
	// drift is how many steps a device's clock may be off in either direction (RFC 6238 §5.2 recommends one at
	// the most). A code is good for 90 seconds by that, though only once.
	drift = 1
)

// NewSeed makes the secret of an authenticator.
func NewSeed() []byte { return secret.Random(seedSize) }

// EncodeSeed writes a seed as people type it into an app: base32 without padding (RFC 4648 §6).
func EncodeSeed(seed []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(seed)
}

// StepAt is the time step of an instant (RFC 6238 §4.2).
func StepAt(at time.Time) int64 { return at.Unix() / stepSeconds }

// CodeAt is the code of a seed at a step (RFC 4226 §5.3).
func CodeAt(seed []byte, step int64) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step)) //nolint:gosec // steps count from 1970
	mac := hmac.New(sha1.New, seed)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	truncated := binary.BigEndian.Uint32(sum[offset:offset+4]) & 0x7fffffff
	return fmt.Sprintf("%0*d", codeDigits, truncated%codeModulus)
}

// FindStep gives the step whose code it is: of those around now, the newest that comes after last. It compares all
// of them, whichever fits.
func FindStep(seed []byte, code string, now time.Time, last int64) (step int64, found bool) {
	current := StepAt(now)
	for candidate := current - drift; candidate <= current+drift; candidate++ {
		fits := subtle.ConstantTimeCompare([]byte(CodeAt(seed, candidate)), []byte(code)) == 1
		if fits && candidate > last {
			step, found = candidate, true
		}
	}
	return step, found
}

// NormalizeCode drops the spaces that apps show, and people type, between the digits of a code.
func NormalizeCode(code string) string {
	if len(code) > 2*codeDigits {
		return ""
	}
	return strings.ReplaceAll(code, " ", "")
}

// Provision writes the address that an authenticator app reads from a QR code (the otpauth scheme of Google
// Authenticator, which all others follow): the issuer, whose account, and the parameters.
func Provision(issuer, name string, seed []byte) string {
	parameters := []string{
		"secret=" + EncodeSeed(seed), "issuer=" + escape(issuer), "algorithm=SHA1",
		fmt.Sprintf("digits=%d", codeDigits), fmt.Sprintf("period=%d", stepSeconds),
	}
	return "otpauth://totp/" + escape(issuer) + ":" + escape(name) + "?" + strings.Join(parameters, "&")
}

// escape writes a text for any part of an address; a space becomes %20, because apps do not read a plus as one.
func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
