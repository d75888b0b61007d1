package signin_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

const ada = "ada@example.com"

func registration(email, username, password string) signin.Registration {
	return signin.Registration{
		Email: email, Username: username, Password: password, Profile: account.Profile{Name: "Ada"},
	}
}

func TestRegisterReportsEveryField(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	_, err := h.SignIn.Register(h.Ctx, signin.Registration{
		Email: "nobody", Username: "a", Password: "short", Profile: account.Profile{Phone: "12"},
	})
	got := map[string]core.Code{}
	for _, field := range core.AsError(err).Fields {
		got[field.Field] = field.Code
	}
	want := map[string]core.Code{
		"email": core.CodeInvalidFormat, "username": core.CodeTooShort, "password": core.CodeTooShort,
		"name": core.CodeRequired, "phone": core.CodeInvalidFormat,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if h.Hasher.Hashed.Load() != 0 {
		t.Error("input that is refused was hashed")
	}
}

func TestRegisterRefusesPasswordsMadeOfThePerson(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	for _, password := range []string{"lovelace-1815", "countess2026!", "doorward2026"} {
		request := registration("lovelace@example.com", "countess", password)
		_, err := h.SignIn.Register(h.Ctx, request)
		if fields := core.AsError(err).Fields; len(fields) != 1 || fields[0].Code != core.CodePasswordContext {
			t.Errorf("%s: got %v", password, err)
		}
	}
}

func TestRegisterThenVerifySignsIn(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	receipt := h.Register("Ada@Example.com", "Countess")
	want := verification.Receipt{
		ID: receipt.ID, Channel: verification.ChannelEmail, ExpiresAt: h.Clock.Now().Add(verification.CodeTTL),
	}
	if receipt != want {
		t.Errorf("receipt %+v, want %+v", receipt, want)
	}
	letter := h.Letter(mail.KindRegistration, "Ada@example.com")
	if letter.Name != "" {
		t.Error("a letter to an unproven mailbox repeats a name that a stranger may have chosen")
	}
	signedIn, err := h.Verify(receipt.ID, letter.Code)
	h.Must(err)
	user := h.User(signedIn.User.ID)
	if !user.EmailVerified || user.EmailKey != ada || user.UsernameKey != "countess" || !user.HasRole(account.RoleUser) {
		t.Errorf("opened %+v", user)
	}
	caller := h.Principal(signedIn)
	if diff := cmp.Diff([]string{signin.FactorEmail}, caller.Factors); diff != "" {
		t.Errorf("factors (-want +got):\n%s", diff)
	}
	if signedIn.Tokens.ExpiresIn != 15*time.Minute || signedIn.Tokens.RefreshExpiresIn != 168*time.Hour {
		t.Errorf("tokens live %v and %v", signedIn.Tokens.ExpiresIn, signedIn.Tokens.RefreshExpiresIn)
	}
	h.Login("ADA@example.com")
	h.Login("countess")
}

func TestTakenAddressLooksLikeAFreeOne(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	h.Member(ada, "countess")
	for _, email := range []string{ada, "free@example.com"} {
		hashed, stored := h.Hasher.Hashed.Load(), h.Clock.Now()
		registered, err := h.SignIn.Register(h.Ctx, registration(email, "", house.Passphrase))
		h.Must(err)
		want := verification.Receipt{
			ID: registered.Receipt.ID, Channel: verification.ChannelEmail, ExpiresAt: stored.Add(verification.CodeTTL),
		}
		if *registered.Receipt != want || registered.SignedIn != nil || h.Hasher.Hashed.Load() != hashed+1 {
			t.Errorf("%s: answered %+v", email, registered)
		}
		h.Work()
		for range verification.MaxTries {
			_, err = h.SignIn.VerifyCode(h.Ctx, registered.Receipt.ID, "not it")
			h.Refused(err, verification.ErrCode)
		}
		flow, err := h.Flows.Find(h.Ctx, registered.Receipt.ID)
		h.Must(err)
		if flow.Tries != verification.MaxTries || !flow.ExpiresAt.Equal(want.ExpiresAt) ||
			!strings.HasPrefix(flow.Subject, "~") || strings.Contains(flow.Subject, email) || flow.Purpose != verification.PurposeRegistration {
			t.Errorf("%s: the flow is %+v", email, flow)
		}
	}
	if h.Letters(mail.KindAlreadyRegistered, ada) != 1 || h.Letters(mail.KindRegistration, ada) != 1 {
		t.Errorf("the owner of a taken address got %v", h.Post.All(ada))
	}
}

func TestTakenAddressWritesOnlyToThoseWhoMaySignIn(t *testing.T) {
	t.Parallel()
	for status, letters := range map[account.Status]int{
		account.StatusActive: 1, account.StatusDeactivated: 1, account.StatusSuspended: 0, account.StatusDeleted: 0,
	} {
		h := house.Open(t)
		member := h.Member(ada, "")
		h.Alter(member.User.ID, func(user *account.User) { user.Status = status })
		h.Register(ada, "")
		if got := h.Letters(mail.KindAlreadyRegistered, ada); got != letters {
			t.Errorf("%s: %d letters, want %d", status, got, letters)
		}
	}
}

func TestTakenUsernameComesFirst(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	h.Member(ada, "countess")
	for _, email := range []string{ada, "free@example.com"} {
		_, err := h.SignIn.Register(h.Ctx, registration(email, "Countess", house.Passphrase))
		h.Refused(err, account.ErrUsernameTaken)
	}
}

func TestUsernameThatHasGoneMeanwhile(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	first, second := h.Register(ada, "countess"), h.Register("grace@example.com", "countess")
	_, err := h.SignIn.VerifyCode(h.Ctx, second.ID, h.Letter(mail.KindRegistration, "grace@example.com").Code)
	h.Must(err)
	opened, err := h.Verify(first.ID, h.Letter(mail.KindRegistration, ada).Code)
	h.Must(err)
	if opened.User.Username != "" || opened.User.UsernameKey != "" {
		t.Errorf("two accounts are called %q", opened.User.Username)
	}
}

func TestUsernameRaceHasOneWinner(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	const racers = 20
	receipts, codes := make([]verification.Receipt, racers), make([]string, racers)
	for i := range racers {
		email := string(rune('a'+i)) + "@example.com"
		receipts[i] = h.Register(email, "countess")
		codes[i] = h.Letter(mail.KindRegistration, email).Code
	}
	opened := make([]signin.SignedIn, racers)
	for _, err := range h.RaceProofs(racers, func(i int) (err error) {
		opened[i], err = h.Verify(receipts[i].ID, codes[i])
		return err
	}) {
		h.Must(err)
	}
	named := 0
	for _, signedIn := range opened {
		if h.User(signedIn.User.ID).UsernameKey == "countess" {
			named++
		}
	}
	if named != 1 {
		t.Errorf("%d accounts are called countess", named)
	}
}

// Of many registrations of one address that are proven at once, one opens an account.
func TestOneAddressProvenManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	receipts, codes := make([]verification.Receipt, verification.MaxLive), make([]string, verification.MaxLive)
	for i := range receipts {
		receipts[i] = h.Register(ada, "")
		codes[i] = h.Letter(mail.KindRegistration, ada).Code
	}
	house.OneWins(t, h.RaceProofs(21, func(i int) error {
		return verify(h, receipts[i%len(receipts)].ID, codes[i%len(codes)])
	}), verification.ErrCode)
}

func TestRegisterWithoutVerification(t *testing.T) {
	t.Parallel()
	h := house.OpenWith(t, signin.Config{})
	registered, err := h.SignIn.Register(h.Ctx, registration(ada, "countess", house.Passphrase))
	h.Must(err)
	if registered.Receipt != nil || registered.SignedIn == nil {
		t.Fatalf("answered %+v", registered)
	}
	if user := h.User(registered.SignedIn.User.ID); user.EmailVerified {
		t.Error("an address that nobody proved counts as proven")
	}
	if !h.Alive(*registered.SignedIn) {
		t.Error("the session does not live")
	}
	_, err = h.SignIn.Register(h.Ctx, registration(ada, "", house.Passphrase))
	h.Refused(err, account.ErrEmailTaken)
	h.Login("countess")
}

func TestRegisterTakesTheAddressOnceInARace(t *testing.T) {
	t.Parallel()
	h := house.OpenWith(t, signin.Config{})
	house.OneWins(t, house.Race(t, 20, func(int) error {
		_, err := h.SignIn.Register(h.Ctx, registration(ada, "", house.Passphrase))
		return err
	}), account.ErrEmailTaken)
}

func TestRegisterPassesFaultsOn(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	h.Hasher.Err = core.NewError(core.KindUnavailable, core.CodeOverloaded, "full")
	_, err := h.SignIn.Register(h.Ctx, registration(ada, "", house.Passphrase))
	h.Refused(err, h.Hasher.Err)
}

// An attacker who registers a victim's address first gains nothing by the victim's own registration.
func TestPreHijack(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	attacker := h.RegisterWith(registration(ada, "", "attacker's own phrase"))
	attackersLink := h.Letter(mail.KindRegistration, ada).Token
	victim := h.Register(ada, "countess")
	signedIn, err := h.Verify(victim.ID, h.Letter(mail.KindRegistration, ada).Code)
	h.Must(err)

	_, err = h.Enter(ada, "attacker's own phrase")
	h.Refused(err, signin.ErrInvalidCredentials)
	h.Refused(h.SignIn.VerifyLink(h.Ctx, attackersLink), verification.ErrLink)
	letters := len(h.Post.All(ada))
	again, err := h.SignIn.Resend(h.Ctx, attacker.ID)
	h.Must(err)
	h.Work()
	if again.ID != attacker.ID || len(h.Post.All(ada)) != letters {
		t.Error("a registration that was settled still sends mail")
	}
	if h.Login(ada).User.ID != signedIn.User.ID {
		t.Error("the victim's password does not count")
	}
}

// A victim who opens the link of the attacker's mail, taking it for their own, hands nothing over: nobody's
// password counts until the mailbox has set one.
func TestPreHijackByLink(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	h.RegisterWith(registration(ada, "", "attacker's own phrase"))
	attackersLink := h.Letter(mail.KindRegistration, ada).Token
	h.Register(ada, "countess")
	h.Must(h.SignIn.VerifyLink(h.Ctx, attackersLink))

	_, err := h.Enter(ada, "attacker's own phrase")
	h.Refused(err, signin.ErrResetRequired)
	receipt, err := h.Password.Forgot(h.Ctx, ada)
	h.Must(err)
	h.Work()
	h.Must(h.Password.Reset(h.Ctx, credential.ResetRequest{
		VerificationID: receipt.ID, Code: h.Letter(mail.KindPasswordReset, ada).Code, NewPassword: "the victim's new phrase",
	}))
	_, err = h.Enter(ada, "the victim's new phrase")
	h.Must(err)
	_, err = h.Enter(ada, "attacker's own phrase")
	h.Refused(err, signin.ErrInvalidCredentials)
}

// Whoever merely knows an address cannot have a code sent for one of several registrations.
func TestPreHijackByResend(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	h.Register(ada, "")
	_, err := h.SignIn.ResendTo(h.Ctx, ada)
	h.Must(err)
	h.Work()
	if got := h.Letters(mail.KindRegistration, ada); got != 2 {
		t.Fatalf("%d letters for the only registration, want 2", got)
	}
	h.RegisterWith(registration(ada, "", "attacker's own phrase"))
	receipt, err := h.SignIn.ResendTo(h.Ctx, ada)
	h.Must(err)
	h.Work()
	if got := h.Letters(mail.KindRegistration, ada); got != 3 {
		t.Errorf("%d letters after the second registration, want 3", got)
	}
	_, err = h.SignIn.VerifyCode(h.Ctx, receipt.ID, h.Letter(mail.KindRegistration, ada).Code)
	h.Refused(err, verification.ErrCode)
}

func TestIntakesAreResolvedOnce(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	_, err := h.SignIn.Register(h.Ctx, registration(ada, "", house.Passphrase))
	h.Must(err)
	intakes, err := h.Intakes.Claim(h.Ctx, h.Clock.Now(), time.Second, 10)
	h.Must(err)
	handler := h.SignIn.Handlers()[intakes[0].Kind]
	for _, err := range house.Race(t, 20, func(int) error { return handler.Resolve(h.Ctx, intakes[0]) }) {
		h.Must(err)
	}
	if got := h.Letters(mail.KindRegistration, ada); got != 1 {
		t.Errorf("%d letters, want 1", got)
	}
}

// A worker that dies in the middle leaves nothing behind, and another one does it all.
func TestResolvingIsAllOrNothing(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	registered, err := h.SignIn.Register(h.Ctx, registration(ada, "countess", house.Passphrase))
	h.Must(err)
	h.Post.Fail(true)
	handled, err := h.Worker.Step(h.Ctx)
	if h.Refused(err, house.ErrPost); handled != 0 {
		t.Errorf("%d handled", handled)
	}
	_, err = h.Registrations.Find(h.Ctx, registered.Receipt.ID, h.Clock.Now())
	h.Refused(err, core.ErrNotFound)
	_, err = h.Flows.Find(h.Ctx, registered.Receipt.ID)
	h.Refused(err, core.ErrNotFound)

	h.Post.Fail(false)
	h.Work()
	if len(h.Post.All(ada)) != 0 {
		t.Error("another worker took an intake within its lease")
	}
	h.Later(time.Minute)
	h.Work()
	_, err = h.SignIn.VerifyCode(h.Ctx, registered.Receipt.ID, h.Letter(mail.KindRegistration, ada).Code)
	h.Must(err)
}

// An account that cannot be stored leaves the code unused.
func TestOpeningIsAllOrNothing(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	receipt := h.Register(ada, "")
	code := h.Letter(mail.KindRegistration, ada).Code
	other := h.Member("grace@example.com", "")
	h.Alter(other.User.ID, func(user *account.User) { user.Email, user.EmailKey = ada, ada })
	_, err := h.SignIn.VerifyCode(h.Ctx, receipt.ID, code)
	h.Refused(err, verification.ErrCode)
	h.Alter(other.User.ID, func(user *account.User) { user.Email, user.EmailKey = "grace@example.com", "grace@example.com" })
	_, err = h.SignIn.VerifyCode(h.Ctx, receipt.ID, code)
	h.Must(err)
}

func TestAvailability(t *testing.T) {
	t.Parallel()
	h := house.OpenWith(t, signin.Config{})
	_, err := h.SignIn.Register(h.Ctx, registration(ada, "countess", house.Passphrase))
	h.Must(err)
	for username, want := range map[string]bool{"Countess": false, "grace": true} {
		if free, err := h.SignIn.UsernameAvailable(h.Ctx, username); err != nil || free != want {
			t.Errorf("%s: %v, %v", username, free, err)
		}
	}
	for email, want := range map[string]bool{"ADA@example.com": false, "grace@example.com": true} {
		if free, err := h.SignIn.EmailAvailable(h.Ctx, email); err != nil || free != want {
			t.Errorf("%s: %v, %v", email, free, err)
		}
	}
	for field, check := range map[string]func() (bool, error){
		"username": func() (bool, error) { return h.SignIn.UsernameAvailable(h.Ctx, strings.Repeat("x", 99)) },
		"email":    func() (bool, error) { return h.SignIn.EmailAvailable(h.Ctx, "nobody") },
	} {
		if _, err := check(); len(core.AsError(err).Fields) != 1 || core.AsError(err).Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := house.Open(t).SignIn.EmailAvailable(t.Context(), ada); !errors.Is(err, core.Invalid()) {
		t.Errorf("addresses are told although hidden: %v", err)
	}
}

// TestCountryOfAnAccount is that of the request which opens it, with and without proof of the mailbox.
func TestCountryOfAnAccount(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	proven := h.Member(ada, "")
	if got := h.User(proven.User.ID).Country; got != house.Country {
		t.Errorf("opened in %q, want %q", got, house.Country)
	}
	h = house.OpenWith(t, signin.Config{})
	registered, err := h.SignIn.Register(h.Ctx, registration(ada, "", house.Passphrase))
	h.Must(err)
	if got := h.User(registered.SignedIn.User.ID).Country; got != house.Country {
		t.Errorf("opened at once in %q, want %q", got, house.Country)
	}
}
