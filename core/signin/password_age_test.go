package signin_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/core/internal/house"
)

// No password ends with time: it is changed when its owner wants to, or when it is known to others (NIST SP 800-63B-4
// §3.1.1.2, OWASP ASVS 5.0 6.2.10).
func TestOldPasswordsWork(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	h.Member(ada, "")
	for range 5 {
		h.Later(366 * 24 * time.Hour)
		_, err := h.Enter(ada, house.Passphrase)
		h.Must(err)
	}
}
