package e2e_test

import (
	"testing"

	"github.com/doorward/doorward/api/client"
)

// A fresh install has no account and no password that others know: nobody gets in until somebody has registered, or an
// operator has made the first owner (OWASP ASVS 5.0 6.3.2).
func TestAFreshInstallHasNoAccount(t *testing.T) {
	t.Parallel()
	s := embedded(t, "RATE_LIMITS", "off")
	n := s.start()
	for _, identifier := range []string{"owner@example.com", "admin@example.com", "admin", "owner", "root", "doorward"} {
		for _, password := range []string{"password", "doorward", "changeme", identifier} {
			mustFail[*client.LoginResponse](t, client.ProblemCodeInvalidCredentials)(n.stranger().LoginWithResponse(t.Context(),
				client.LoginRequest{Identifier: identifier, Password: password}))
		}
	}
}
