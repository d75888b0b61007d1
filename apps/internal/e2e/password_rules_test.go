package e2e_test

import (
	"compress/gzip"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// chooser is one of the ways in which somebody sets a password: it tries one, and tells how that was answered. Who
// chooses is ada of choosers.
type chooser func(password string) (status int, failure error)

// choosers are all the ways. Each goes on working after any number of passwords that are refused.
func choosers(t *testing.T, s *site, n *node) (ada *person, all map[string]chooser) {
	t.Helper()
	ada = s.newPerson(t).signUp(n)
	must[*client.ForgotPasswordResponse](t, 202)(n.stranger().ForgotPasswordWithResponse(t.Context(), client.ForgotPasswordRequest{Identifier: ada.email}))
	token := s.await(t, ada.email, mail.KindPasswordReset, 1).token
	told := func(reply client.Reply, err error) (int, error) {
		if err != nil {
			t.Fatal(err)
		}
		return reply.StatusCode(), client.Failure(reply)
	}
	return ada, map[string]chooser{
		"register": func(password string) (int, error) {
			return told(n.stranger().RegisterWithResponse(t.Context(),
				client.RegisterRequest{Email: ada.email, Username: ada.username + "x", Password: password, Name: "Ada Quastelbrink"}))
		},
		"change": func(password string) (int, error) {
			return told(ada.at(n).ChangePasswordWithResponse(t.Context(),
				client.ChangePasswordRequest{CurrentPassword: ada.password, NewPassword: password}))
		},
		"reset": func(password string) (int, error) {
			return told(n.stranger().ResetPasswordWithResponse(t.Context(), client.ResetWithLink(token, password)))
		},
	}
}

// refusedFor fails the test unless the password is refused for the one reason, before anything else.
func refusedFor(t *testing.T, way string, choose chooser, password string, want client.FieldCode) {
	t.Helper()
	status, err := choose(password)
	var failure *client.Error
	if !errors.As(err, &failure) || status != http.StatusBadRequest || len(failure.Errors) != 1 {
		t.Errorf("%s: %.40q is answered %d %v, want %s", way, password, status, err, want)
		return
	}
	if got := failure.Errors[0]; got.Code != want || !strings.HasSuffix(got.Field, "password") || got.Message == "" {
		t.Errorf("%s: %.40q is refused for %+v, want %s", way, password, got, want)
	}
}

// free are settings under which a test may try often, and eight times wrongly.
var free = []string{"RATE_LIMITS", "off", "MAX_LOGIN_ATTEMPTS", "10"}

// The rules hold at registration, change and reset alike (OWASP ASVS 5.0 6.2.1, 6.2.4, 6.2.9, 6.2.11).
func TestPasswordRulesHoldEverywhere(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada, all := choosers(t, s, n)
		for way, choose := range all {
			for password, want := range map[string]client.FieldCode{
				"q7#vLp2":                        client.FieldCodeTooShort,
				strings.Repeat("\U0001f511", 7):  client.FieldCodeTooShort,
				strings.Repeat("q7#vLp2x", 17):   client.FieldCodeTooLong,
				strings.Repeat("q", 1025):        client.FieldCodeTooLong,
				"ILOVEYOU2":                      client.FieldCodePasswordCommon,
				"Doorward-2026":                  client.FieldCodePasswordContainsContext,
				ada.username + "!":               client.FieldCodePasswordContainsContext,
				strings.ToUpper(ada.email):       client.FieldCodePasswordContainsContext,
				strings.Split(ada.email, "@")[0]: client.FieldCodePasswordContainsContext,
			} {
				refusedFor(t, way, choose, password, want)
			}
			for i, password := range commonPasswords(t) {
				if i%500 == 0 {
					refusedFor(t, way, choose, password, client.FieldCodePasswordCommon)
				}
			}
		}
	}, free...)
}

// commonPasswords are the entries of the embedded list that are long enough, read apart from the code that uses it.
func commonPasswords(t *testing.T) (long []string) {
	t.Helper()
	file, err := os.Open("../../../core/credential/blocklist.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(strings.Trim(string(text), "\n"), "\n") {
		if entry := line[:len(line)-1]; utf8.RuneCountInString(entry) >= 8 { // the last byte is a mark
			long = append(long, entry)
		}
	}
	if len(long) < 3000 {
		t.Fatalf("only %d entries", len(long))
	}
	return long
}

// Nothing is demanded of the mix, and long ones are welcome (OWASP ASVS 5.0 6.2.1, 6.2.5, 6.2.9). Each is set by a change and
// then signs in.
func TestPasswordsThatAreTaken(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		for _, password := range []string{
			"q7#vLp2x", strings.Repeat("\U0001f511", 8), strings.Repeat("tmqzrvkw", 8), "82946105739164", ")(#&*^$%@!~+",
			"blau kissen wal drei", strings.Repeat("mqzrvkwp", 16), strings.Repeat("\U0001f511", 128), " leading and trailing ", "tab\tand\x00nul",
		} {
			must[*client.ChangePasswordResponse](t, 204)(ada.at(n).ChangePasswordWithResponse(t.Context(),
				client.ChangePasswordRequest{CurrentPassword: ada.password, NewPassword: password}))
			ada.password = password
			ada.another(n).mustBeIn(n)
		}
	}, free...)
}

// A password is verified as it was received, whole: nothing is trimmed, folded or cut (OWASP ASVS 5.0 6.2.8).
func TestPasswordsAreVerifiedAsReceived(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t)
		head := strings.Repeat("mQzRvKwP", 9) // 72 bytes, where bcrypt ends
		ada.password = head + "a\x00tail"
		ada.signUp(n)
		for name, other := range map[string]string{
			"another case": strings.ToLower(ada.password), "a space behind": ada.password + " ", "a space before": " " + ada.password,
			"the 73rd byte": head + "b\x00tail", "the first 72 bytes": head, "up to NUL": head + "a", "behind NUL": head + "a\x00tale",
			"a line break": ada.password + "\n",
		} {
			reply, err := n.stranger().LoginWithResponse(t.Context(), client.LoginRequest{Identifier: ada.email, Password: other})
			if err != nil || reply.StatusCode() != http.StatusUnauthorized {
				t.Errorf("%s: answered %d, %v", name, reply.StatusCode(), err)
			}
		}
		ada.login(n)
	}, free...)
}

// What is longer than a password may be is refused before it costs a hash (OWASP ASVS 5.0 6.2.9).
func TestLongPasswordsAreNotHashed(t *testing.T) {
	t.Parallel()
	s := embedded(t, append([]string{"ADMIN_ADDR", "127.0.0.1:0"}, free...)...)
	n := s.start()
	ada := s.newPerson(t).signUp(n)
	contains(t, n.scrape(t), "doorward_password_hashes_total{result=\"done\"} 1\n")
	for length, want := range map[int]int{1025: http.StatusBadRequest, 30_000: http.StatusBadRequest, 1 << 20: http.StatusRequestEntityTooLarge} {
		long := strings.Repeat("q", length)
		for path, body := range map[string]string{
			"/v1/auth/login":           `{"identifier":"` + ada.email + `","password":"` + long + `"}`,
			"/v1/auth/register":        `{"email":"new@example.com","name":"New","password":"` + long + `"}`,
			"/v1/auth/change-password": `{"current_password":"` + long + `","new_password":"` + long + `"}`,
			"/v1/me/reauthenticate":    `{"password":"` + long + `"}`,
		} {
			if got := n.post(t, path, body, ada.held().AccessToken); got != want && got != http.StatusConflict {
				t.Errorf("%d bytes to %s: answered %d, want %d", length, path, got, want)
			}
		}
	}
	contains(t, n.scrape(t), "doorward_password_hashes_total{result=\"done\"} 1\n")
}

// post sends a body as it is and gives the status.
func (n *node) post(t *testing.T, path, body, token string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, n.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" && !strings.HasSuffix(path, "/login") && !strings.HasSuffix(path, "/register") {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := n.site.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

// leakedPassword is one that the service of these tests knows, and the embedded list does not.
const leakedPassword = "vexed quartz jukebox"

// rangeService is a service of leaked passwords that can fall ill.
type rangeService struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
	ill   bool
}

func newRangeService(t *testing.T) *rangeService {
	t.Helper()
	r := &rangeService{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP knows one password, and answers every question with a line of padding.
func (r *rangeService) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, request.URL.Path)
	sum := sha1.Sum([]byte(leakedPassword))
	digits := strings.ToUpper(hex.EncodeToString(sum[:]))
	switch {
	case r.ill:
		w.WriteHeader(http.StatusInternalServerError)
	case request.URL.Path == "/"+digits[:5]:
		fmt.Fprintf(w, "%s:17\r\n", digits[5:])
		fallthrough
	default:
		fmt.Fprint(w, strings.Repeat("A", 35)+":0")
	}
}

// questions gives how many there were since it was asked last.
func (r *rangeService) questions() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	count := len(r.asked)
	r.asked = nil
	return count
}

func (r *rangeService) fallIll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ill = true
}

// Leaked passwords are refused at registration, change and reset. Where the service is away the embedded list decides, and
// that is told (OWASP ASVS 5.0 6.2.12).
func TestLeakedPasswords(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		leaks := newRangeService(t)
		n := s.start("PASSWORD_RANGE_URL", leaks.URL)
		ada, all := choosers(t, s, n)
		same(t, "questions about the first password", leaks.questions(), 1)
		for way, choose := range all {
			refusedFor(t, way, choose, leakedPassword, client.FieldCodePasswordCommon)
			same(t, "questions about a leaked password, "+way, leaks.questions(), 1)
			others := []string{"short", "password1", ada.username + "!"}
			if way == "reset" {
				others = others[:2] // whose password it is, is known only when the link has proven it
			}
			for _, password := range others {
				if status, err := choose(password); status != http.StatusBadRequest {
					t.Errorf("%s: %q is answered %d, %v", way, password, status, err)
				}
			}
			same(t, "questions about what breaks another rule, "+way, leaks.questions(), 0)
		}
		leaks.fallIll()
		refusedFor(t, "register", all["register"], "password1", client.FieldCodePasswordCommon)
		for way, want := range map[string]int{"register": 202, "reset": 204} {
			if status, err := all[way](leakedPassword + "!"); status != want {
				t.Errorf("%s while the service is away: %d %v", way, status, err)
			}
		}
		same(t, "questions to a service that is ill", leaks.questions(), 2)
		contains(t, s.log.String(), "the service of leaked passwords gave no answer")
		contains(t, n.scrape(t), `doorward_password_range_lookups_total{result="failed"} 2`, `doorward_password_range_lookups_total{result="listed"} 3`)
	}, append([]string{"ADMIN_ADDR", "127.0.0.1:0"}, free...)...)
}

// The meter tells of strength, and asks no service.
func TestPasswordStrength(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		leaks := newRangeService(t)
		n := s.start("PASSWORD_RANGE_URL", leaks.URL)
		estimate := func(password string, known ...string) *client.PasswordStrength {
			reply := must[*client.EstimatePasswordResponse](t, 200)(n.stranger().EstimatePasswordWithResponse(t.Context(),
				client.PasswordStrengthRequest{Password: password, Context: known}))
			same(t, "caching", reply.HTTPResponse.Header.Get("Cache-Control"), "no-store")
			return reply.JSON200
		}
		weak := estimate("dragon2026")
		if weak.Score > 1 || weak.Acceptable || len(weak.Errors) != 1 || weak.Errors[0].Code != client.FieldCodePasswordCommon {
			t.Errorf("weak: %+v", weak)
		}
		personal := estimate("quastelbrink", "ada@example.com", "Ada Quastelbrink")
		if personal.Score > 1 || personal.Acceptable || personal.Warning != client.PasswordStrengthWarningPersonal {
			t.Errorf("personal: %+v", personal)
		}
		strong := estimate(leakedPassword)
		if strong.Score != 4 || !strong.Acceptable || strong.Warning != "" || len(strong.Errors) != 0 || strong.GuessesLog10 < 10 {
			t.Errorf("strong: %+v", strong)
		}
		if empty := estimate(""); empty.Score != 0 || empty.Acceptable || empty.Errors[0].Code != client.FieldCodeTooShort {
			t.Errorf("empty: %+v", empty)
		}
		mustFail[*client.EstimatePasswordResponse](t, client.ProblemCodeInvalidInput)(n.stranger().EstimatePasswordWithResponse(t.Context(),
			client.PasswordStrengthRequest{Password: "x", Context: make([]string, 6)}))
		same(t, "questions", leaks.questions(), 0)
	})
}
