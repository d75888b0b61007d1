package e2e_test

import (
	"encoding/base32"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
)

// notice is an act that its person has to hear of: doing it gives the address that is told, and the letter says
// wants beside what every notice says.
type notice struct {
	act   string
	kind  mail.Kind
	do    func(t *testing.T, s *site, n *node) (to string)
	wants []string
}

var notices = []notice{
	{"registering again", mail.KindAlreadyRegistered, registerAgain, nil},
	{"changing the password", mail.KindPasswordChanged, changePassword, nil},
	{"resetting the password", mail.KindPasswordChanged, resetPassword, nil},
	{"changing the address", mail.KindEmailChanged, changeAddress, nil},
	{"taking a change of the address back", mail.KindEmailChangeUndone, undoAddress, nil},
	{"changing the username", mail.KindUsernameChanged, rename, nil},
	{"using a refresh token twice", mail.KindSessionStolen, replay, nil},
	{"signing in once too often", mail.KindSessionEvicted, crowd, nil},
	{"signing in on a new device", mail.KindNewDevice, signInElsewhere, nil},
	{"guessing a password", mail.KindAccountLocked, guessPassword, []string{"/unlock?token="}},
	{"deactivating the account", mail.KindDeactivated, deactivate, nil},
	{"deleting the account", mail.KindDeleted, deleteAccount, []string{"/restore?token="}},
	{"restoring the account", mail.KindRestored, restoreAccount, nil},
	{"muting a notice", mail.KindSecuritySettingsChanged, mute, []string{"messages about devices that become trusted"}},
	{"no longer always asking", mail.KindSecuritySettingsChanged, stopAsking, []string{"on trusted devices too"}},
	{"adding an authenticator", mail.KindFactorAdded, addAuthenticator, []string{"an authenticator app"}},
	{"adding codes by email", mail.KindFactorAdded, addEmailCodes, []string{"codes by email"}},
	{"removing an authenticator", mail.KindFactorRemoved, removeAuthenticator, []string{"an authenticator app"}},
	{"making recovery codes", mail.KindRecoveryCodesMade, makeRecoveryCodes, nil},
	{"using a recovery code", mail.KindRecoveryCodeUsed, useRecoveryCode, []string{"9 recovery codes are left"}},
	{"trusting a device", mail.KindDeviceTrusted, trustDevice, nil},
	{"guessing a second factor", mail.KindSecondFactorLocked, guessSecondFactor, nil},
}

// asked are the letters that a person asks for and waits for: they tell of no act.
var asked = []mail.Kind{
	mail.KindRegistration, mail.KindConfirmation, mail.KindPasswordReset, mail.KindEmailChange,
	mail.KindFactorEmail, mail.KindSecondFactorCode,
}

// Where the requests of these tests come from, and how letters say so. The address is one of the database of
// places that stands beside its reader.
const (
	abroad       = "2.125.160.216"
	placeAbroad  = "Boxford, GB"
	firefoxLinux = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	placesFile   = "../../../adapters/geoip/testdata/GeoLite2-City-Test.mmdb"
)

// traveller sends every request through a proxy from abroad, but those to the development mailbox, which answers
// this machine alone.
type traveller struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (tr traveller) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("User-Agent", firefoxLinux)
	if !strings.HasPrefix(request.URL.Path, "/dev/") {
		request.Header.Set("X-Forwarded-For", abroad)
	}
	return tr.RoundTripper.RoundTrip(request)
}

// Every critical act is told by mail: what was done, when, from which address, place and device, and what to do
// if it was somebody else.
func TestEveryCriticalActIsToldByMail(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		s.http.Transport = traveller{s.http.Transport}
		n := s.start()
		for _, notice := range notices {
			t.Run(notice.act, func(t *testing.T) {
				t.Parallel()
				to := notice.do(t, s, n)
				told := s.await(t, to, notice.kind, 1)
				contains(t, told.text, notice.wants...)
				contains(t, told.text, "was not you", "When: ", " UTC\n",
					"IP address: "+abroad, "Place, by the address: "+placeAbroad, "Device: Firefox, Linux")
			})
		}
	}, "GEOIP_FILE", placesFile, "TRUSTED_PROXIES", "127.0.0.0/8,::1/128", "SESSION_LIMIT", "4", "REFRESH_GRACE", "0s")
}

// TestEveryLetterHasItsAct reads the kinds of letters from their source, and those that tests wait for from theirs: one
// that nobody waits for is one that nobody has tried.
func TestEveryLetterHasItsAct(t *testing.T) {
	t.Parallel()
	tried := awaited(t)
	for _, notice := range notices {
		tried[notice.kind] = true
	}
	for _, kind := range asked {
		tried[kind] = true
	}
	kinds := matches(t, `\t(Kind\w+)\s+Kind = "(\w+)"`, "../../../core/mail/letter.go")
	if len(kinds) < 20 {
		t.Fatalf("found only %q", kinds)
	}
	for _, kind := range kinds {
		if !tried[mail.Kind(kind[2])] && !tried[mail.Kind(kind[1])] {
			t.Errorf("no act here is told by %s", kind[2])
		}
	}
}

// awaited are the letters that some test here waits for, by the names of their constants.
func awaited(t *testing.T) map[mail.Kind]bool {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[mail.Kind]bool)
	for _, match := range matches(t, `\.await\(t, [\w.]+, mail\.(Kind\w+), \d`, files...) {
		found[mail.Kind(match[1])] = true
	}
	return found
}

// matches finds the pattern in the files.
func matches(t *testing.T, pattern string, files ...string) (found [][]string) {
	t.Helper()
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, regexp.MustCompile(pattern).FindAllStringSubmatch(string(source), -1)...)
	}
	return found
}

func registerAgain(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.newPerson(t).signUp(n)
	again := ada.registration()
	again.Username = ""
	must[*client.RegisterResponse](t, http.StatusAccepted)(n.stranger().RegisterWithResponse(t.Context(), again))
	return ada.email
}

func changePassword(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.newPerson(t).signUp(n)
	must[*client.ChangePasswordResponse](t, 204)(ada.at(n).ChangePasswordWithResponse(t.Context(),
		client.ChangePasswordRequest{CurrentPassword: ada.password, NewPassword: "a wholly new phrase"}))
	return ada.email
}

func resetPassword(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.newPerson(t).signUp(n)
	ada.reset(n, "a wholly new phrase")
	return ada.email
}

// changeAddress gives the old address, which is told.
func changeAddress(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.newPerson(t).signUp(n)
	fresh := s.newPerson(t).email
	started := must[*client.ChangeEmailResponse](t, 202)(ada.at(n).ChangeEmailWithResponse(t.Context(), client.ChangeEmailRequest{Email: fresh})).JSON202
	must[*client.VerifyEmailChangeResponse](t, 200)(ada.at(n).VerifyEmailChangeWithResponse(t.Context(), client.CodeProof{
		VerificationID: started.Verification.ID, Code: s.await(t, fresh, mail.KindEmailChange, 1).code,
	}))
	return ada.email
}

func undoAddress(t *testing.T, s *site, n *node) string {
	t.Helper()
	old := changeAddress(t, s, n)
	token := s.await(t, old, mail.KindEmailChanged, 1).token
	must[*client.UndoEmailChangeResponse](t, 204)(n.stranger().UndoEmailChangeWithResponse(t.Context(), client.LinkRequest{Token: token}))
	return old
}

func rename(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.newPerson(t).signUp(n)
	var change client.UpdateMeRequest
	change.Username.Set(s.newPerson(t).username)
	must[*client.UpdateMeResponse](t, 200)(ada.at(n).UpdateMeWithResponse(t.Context(), change))
	return ada.email
}

func replay(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.newPerson(t).signUp(n)
	stolen := ada.held().RefreshToken
	ada.refresh(n)
	ada.refresh(n)
	mustFail[*client.RefreshResponse](t, client.ProblemCodeRefreshTokenReused)(n.stranger().RefreshWithResponse(t.Context(),
		client.RefreshRequest{RefreshToken: stolen}))
	return ada.email
}

// crowd signs in once more than may be at once.
func crowd(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.newPerson(t).signUp(n)
	for range 4 {
		ada.another(n)
	}
	ada.mustBeOut(n)
	return ada.email
}

func signInElsewhere(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.newPerson(t).signUp(n)
	ada.another(n)
	return ada.email
}

func guessPassword(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.newPerson(t).signUp(n)
	for range 6 {
		mustFail[*client.LoginResponse](t, client.ProblemCodeInvalidCredentials)(n.stranger().LoginWithResponse(t.Context(),
			client.LoginRequest{Identifier: ada.email, Password: "not it at all"}))
	}
	return ada.email
}

func deactivate(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.newPerson(t).signUp(n)
	must[*client.DeactivateMeResponse](t, 204)(ada.at(n).DeactivateMeWithResponse(t.Context()))
	return ada.email
}

func deleteAccount(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.newPerson(t).signUp(n)
	must[*client.DeleteMeResponse](t, 200)(ada.at(n).DeleteMeWithResponse(t.Context()))
	return ada.email
}

func restoreAccount(t *testing.T, s *site, n *node) string {
	t.Helper()
	gone := deleteAccount(t, s, n)
	token := s.await(t, gone, mail.KindDeleted, 1).token
	must[*client.RestoreAccountResponse](t, 204)(n.stranger().RestoreAccountWithResponse(t.Context(), client.LinkRequest{Token: token}))
	return gone
}

// choose changes the settings by a function.
func (p *person) choose(n *node, change func(to *client.UpdateSettingsRequest)) client.Settings {
	p.t.Helper()
	var request client.UpdateSettingsRequest
	change(&request)
	return *must[*client.UpdateSettingsResponse](p.t, 200)(p.at(n).UpdateSettingsWithResponse(p.t.Context(), request)).JSON200
}

func mute(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.newPerson(t).signUp(n)
	ada.choose(n, func(to *client.UpdateSettingsRequest) { to.Notifications.DeviceTrusted.Set(false) })
	return ada.email
}

func stopAsking(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.newPerson(t).signUp(n)
	ada.choose(n, func(to *client.UpdateSettingsRequest) { to.AlwaysAskSecondFactor.Set(true) })
	ada.choose(n, func(to *client.UpdateSettingsRequest) { to.AlwaysAskSecondFactor.Set(false) })
	return ada.email
}

// armed is a person with an authenticator and recovery codes.
type armed struct {
	*person
	factor string
	seed   []byte
	step   int64 // of the first code, which is used up
	codes  []string
}

// arm signs somebody up and gives them an authenticator.
func (s *site) arm(t *testing.T, n *node) armed {
	t.Helper()
	ada := s.newPerson(t).signUp(n)
	enrolment := must[*client.EnrolTOTPResponse](t, 200)(ada.at(n).EnrolTOTPWithResponse(t.Context(), client.EnrolTOTPRequest{})).JSON200
	seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(enrolment.Secret)
	if err != nil {
		t.Fatal(err)
	}
	step := mfa.StepAt(time.Now())
	enrolled := must[*client.VerifyTOTPResponse](t, 200)(ada.at(n).VerifyTOTPWithResponse(t.Context(),
		client.VerifyTOTPRequest{ID: enrolment.ID, Code: mfa.CodeAt(seed, step)})).JSON200
	return armed{person: ada, factor: enrolled.Factor.ID, seed: seed, step: step, codes: enrolled.RecoveryCodes}
}

// begin gives the right password, and gives the challenge of the second step.
func (a armed) begin(n *node) string {
	a.t.Helper()
	reply := must[*client.LoginResponse](a.t, http.StatusAccepted)(n.stranger().LoginWithResponse(a.t.Context(),
		client.LoginRequest{Identifier: a.email, Password: a.password}))
	return reply.JSON202.Challenge.ID
}

// recover signs in with a recovery code, which proves as much as the authenticator does.
func (a armed) recover(n *node) armed {
	a.t.Helper()
	reply := must[*client.VerifySecondFactorResponse](a.t, 200)(n.stranger().VerifySecondFactorWithResponse(a.t.Context(),
		client.VerifySecondFactorRequest{ChallengeID: a.begin(n), Factor: client.FactorKindRecoveryCode, Code: a.codes[0]}))
	a.keep(*reply.JSON200)
	return a
}

func addAuthenticator(t *testing.T, s *site, n *node) string {
	t.Helper()
	return s.arm(t, n).email
}

func addEmailCodes(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.newPerson(t).signUp(n)
	started := must[*client.EnrolEmailFactorResponse](t, 202)(ada.at(n).EnrolEmailFactorWithResponse(t.Context())).JSON202
	must[*client.VerifyEmailFactorResponse](t, 200)(ada.at(n).VerifyEmailFactorWithResponse(t.Context(), client.CodeProof{
		VerificationID: started.Verification.ID, Code: s.await(t, ada.email, mail.KindFactorEmail, 1).code,
	}))
	return ada.email
}

func removeAuthenticator(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.arm(t, n).recover(n)
	must[*client.RemoveFactorResponse](t, 204)(ada.at(n).RemoveFactorWithResponse(t.Context(), ada.factor))
	return ada.email
}

func makeRecoveryCodes(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.arm(t, n).recover(n)
	must[*client.MakeRecoveryCodesResponse](t, 200)(ada.at(n).MakeRecoveryCodesWithResponse(t.Context()))
	return ada.email
}

func useRecoveryCode(t *testing.T, s *site, n *node) string {
	t.Helper()
	return s.arm(t, n).recover(n).email
}

func trustDevice(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.arm(t, n)
	must[*client.VerifySecondFactorResponse](t, 200)(n.stranger().VerifySecondFactorWithResponse(t.Context(), client.VerifySecondFactorRequest{
		ChallengeID: ada.begin(n), Factor: client.FactorKindTotp, Code: mfa.CodeAt(ada.seed, ada.step+1), TrustDevice: true,
	}))
	return ada.email
}

// guessSecondFactor guesses until the account takes no more: a challenge bears five tries.
func guessSecondFactor(t *testing.T, s *site, n *node) string {
	t.Helper()
	ada := s.arm(t, n)
	for range 2 {
		challenge := ada.begin(n)
		for range 4 {
			mustFail[*client.VerifySecondFactorResponse](t, client.ProblemCodeInvalidCode)(n.stranger().VerifySecondFactorWithResponse(t.Context(),
				client.VerifySecondFactorRequest{ChallengeID: challenge, Factor: client.FactorKindTotp, Code: "no code"}))
		}
	}
	return ada.email
}
