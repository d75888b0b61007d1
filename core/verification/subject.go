package verification

import (
	"encoding/base64"
	"strings"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
)

// veil begins a subject that is a keyed digest. No subject of the domain's own begins so.
const veil = "~"

// veiled is how a subject is stored and counted: the id of an account as it is, anything else as a keyed digest,
// because it may be what somebody has typed, a password in the wrong field even. One that is veiled stays so.
func veiled(ring *secret.Ring, subject string) string {
	if _, err := core.ParseID(subject); err == nil || strings.HasPrefix(subject, veil) {
		return subject
	}
	return veil + base64.RawURLEncoding.EncodeToString(ring.Digest("subject", subject))
}
