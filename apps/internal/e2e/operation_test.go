package e2e_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// While the database is away the server says that it is down and not ready, but lives; it refuses what
// needs the database, and goes on by itself when it is back.
func TestWithoutDatabase(t *testing.T) {
	t.Parallel()
	s := distributed(t)
	network, address := newProxy(t, s.variables["DATABASE_URL"])
	n := s.start("DATABASE_URL", address).trusted()
	ada := s.newPerson(t).signUp(n)
	network.sever()
	eventually(t, "not ready", func() bool {
		reply, err := n.stranger().GetReadinessWithResponse(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return reply.StatusCode() == http.StatusServiceUnavailable
	})
	must[*client.GetHealthResponse](t, 503)(n.stranger().GetHealthWithResponse(t.Context()))
	must[*client.GetLivenessResponse](t, 200)(n.stranger().GetLivenessWithResponse(t.Context()))
	must[*client.GetKeySetResponse](t, 200)(n.stranger().GetKeySetWithResponse(t.Context()))
	mustFail[*client.LoginResponse](t, client.ProblemCodeUnavailable)(n.stranger().LoginWithResponse(t.Context(),
		client.LoginRequest{Identifier: ada.email, Password: ada.password}))
	network.heal()
	n.awaitHealth(client.HealthStatusOk)
	ada.another(n).mustBeIn(n)
}

// The production profile serves, and shows no mailbox to anybody.
func TestProductionProfile(t *testing.T) {
	t.Parallel()
	s := distributed(t, "APP_ENV", "production", "RATE_LIMITS", "on", "HOST", "127.0.0.1", "DRAIN_DELAY", "0s", "APP_URL", "https://accounts.example.com",
		"MAIL_FROM", "accounts@example.com", "ALLOW_PLAINTEXT_NETWORK", "true", "ARGON2_MEMORY_KIB", "19456", "ARGON2_TIME", "2")
	n := s.start()
	ada := s.newPerson(t).signUp(n)
	ada.refresh(n)
	ada.mustBeIn(n)
	contains(t, s.await(t, ada.email, mail.KindRegistration, 1).text, "https://accounts.example.com/verify-email?token=")
	mustFail[*client.ListCaughtMessagesResponse](t, client.ProblemCodeNotFound)(n.stranger().ListCaughtMessagesWithResponse(t.Context(), nil))
	mustFail[*client.GetDatabaseHealthResponse](t, client.ProblemCodeNotFound)(n.stranger().GetDatabaseHealthWithResponse(t.Context()))
}

// scrape reads the figures as Prometheus does.
func (n *node) scrape(t *testing.T) string {
	t.Helper()
	response, err := n.site.http.Get(n.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The figures tell what happened, and never to whom.
func TestMetrics(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		ada.refresh(n)
		ada.mustBeIn(n)
		must[*client.LogoutResponse](t, 204)(ada.at(n).LogoutWithResponse(t.Context(), client.LogoutRequest{}))
		must[*client.CheckPasswordResetResponse](t, 410)(n.stranger().CheckPasswordResetWithResponse(t.Context(), "nonsense"))
		figures := n.scrape(t)
		for _, want := range []string{
			`doorward_http_requests_total{method="POST",route="/v1/auth/register",status="2xx"} 1`,
			`doorward_http_requests_total{method="GET",route="/v1/auth/reset-password/:token",status="4xx"} 1`,
			`doorward_http_request_duration_seconds_count{method="GET",route="/v1/me"} 1`,
			`doorward_session_refreshes_total{result="rotated"} 1`,
			`doorward_sessions_ended_total{reason="signed_out"} 1`,
			`doorward_mail_attempts_total{kind="registration",outcome="sent"} 1`,
			`doorward_outbox_messages{state="failed"} 0`,
			`doorward_password_hashes_total{result="done"} 1`,
			`doorward_password_hash_queue 0`,
		} {
			if !strings.Contains(figures, want+"\n") {
				t.Errorf("not told: %s", want)
			}
		}
		for _, name := range []string{"cache_lookups_total", "revocation_publish_seconds_count", "outbox_oldest_due_seconds", "build_info"} {
			if !regexp.MustCompile(`(?m)^doorward_` + name + `[ {]`).MatchString(figures) {
				t.Errorf("not told: %s", name)
			}
		}
		contains(t, figures, "go_goroutines ", "process_cpu_seconds_total ")
		if s.variables["DATABASE_URL"] != "" {
			contains(t, figures, "doorward_database_connections_max 8\n")
		}
		for _, secret := range []string{ada.email, ada.username, "nonsense"} {
			if strings.Contains(figures, secret) {
				t.Errorf("the figures tell of %s", secret)
			}
		}
	}, "ADMIN_ADDR", "127.0.0.1:0")
}
