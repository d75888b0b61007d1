package house

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

// Passphrase is a password that every policy accepts.
const Passphrase = "quartz lantern orbit"

// Must fails the test on an error.
func (h *House) Must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// Refused fails the test unless err is want.
func (h *House) Refused(err, want error) {
	h.t.Helper()
	if !errors.Is(err, want) {
		h.t.Fatalf("got the error %v, want %v", err, want)
	}
}

// Work resolves all intakes that are due.
func (h *House) Work() {
	h.t.Helper()
	for {
		handled, err := h.Worker.Step(h.Ctx)
		h.Must(err)
		if handled == 0 {
			return
		}
	}
}

// Letter gives the newest letter of the kind to the address, and fails the test when there is none.
func (h *House) Letter(kind mail.Kind, to string) mail.Letter {
	h.t.Helper()
	letters := h.Post.All(to)
	for i := len(letters) - 1; i >= 0; i-- {
		if letters[i].Kind == kind {
			return letters[i]
		}
	}
	h.t.Fatalf("no letter %q to %s among %d", kind, to, len(letters))
	return mail.Letter{}
}

// Letters tells how many letters of the kind the address has got.
func (h *House) Letters(kind mail.Kind, to string) (count int) {
	for _, letter := range h.Post.All(to) {
		if letter.Kind == kind {
			count++
		}
	}
	return count
}

// Register registers an address with Passphrase and lets the worker send the mail.
func (h *House) Register(email, username string) verification.Receipt {
	h.t.Helper()
	return h.RegisterWith(signin.Registration{
		Email: email, Username: username, Password: Passphrase, Profile: account.Profile{Name: "Ada"},
	})
}

// RegisterWith is Register with all the rest chosen.
func (h *House) RegisterWith(registration signin.Registration) verification.Receipt {
	h.t.Helper()
	registered, err := h.SignIn.Register(h.Ctx, registration)
	h.Must(err)
	if registered.Receipt == nil {
		h.t.Fatal("registered without a receipt")
	}
	h.Work()
	return *registered.Receipt
}

// Member registers an address, proves it and signs in.
func (h *House) Member(email, username string) signin.SignedIn {
	h.t.Helper()
	receipt := h.Register(email, username)
	signedIn, err := h.Verify(receipt.ID, h.Letter(mail.KindRegistration, email).Code)
	h.Must(err)
	return signedIn
}

// Verify proves a mailbox by code, and signs in where no second factor is asked for.
func (h *House) Verify(id core.ID, code string) (signin.SignedIn, error) {
	h.t.Helper()
	return h.entered(h.SignIn.VerifyCode(h.Ctx, id, code))
}

// Login signs in with Passphrase.
func (h *House) Login(identifier string) signin.SignedIn {
	h.t.Helper()
	signedIn, err := h.Enter(identifier, Passphrase)
	h.Must(err)
	return signedIn
}

// Enter signs in where no second factor is asked for.
func (h *House) Enter(identifier, password string) (signin.SignedIn, error) {
	h.t.Helper()
	return h.entered(h.SignIn.Login(h.Ctx, signin.Credentials{Identifier: identifier, Password: password}))
}

func (h *House) entered(entry signin.Entry, err error) (signin.SignedIn, error) {
	h.t.Helper()
	if err != nil {
		return signin.SignedIn{}, err
	}
	if entry.SignedIn == nil {
		h.t.Fatal("a second factor is asked for")
	}
	return *entry.SignedIn, nil
}

// Principal is the caller that the answer's access token names.
func (h *House) Principal(signedIn signin.SignedIn) core.Principal {
	h.t.Helper()
	caller, err := h.SignIn.Authenticate(h.Ctx, signedIn.Tokens.Access)
	h.Must(err)
	return caller.Principal
}

// Alive reports whether the answer's access token still opens anything.
func (h *House) Alive(signedIn signin.SignedIn) bool {
	_, err := h.SignIn.Authenticate(h.Ctx, signedIn.Tokens.Access)
	return err == nil
}

// User gives the stored user.
func (h *House) User(id core.ID) account.User {
	h.t.Helper()
	user, err := h.Users.Find(h.Ctx, id)
	h.Must(err)
	return user
}

// Alter changes the stored user.
func (h *House) Alter(id core.ID, change func(user *account.User)) account.User {
	h.t.Helper()
	user, _, err := account.Edit(h.Ctx, h.Users, id, func(user *account.User) error {
		change(user)
		return nil
	})
	h.Must(err)
	return user
}

// Later moves the clock.
func (h *House) Later(d time.Duration) { h.Clock.Advance(d) }

// Wrong gives a code that is not the one given.
func Wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// RaceProofs is Race for acts that each try one code or find one link: all have done so before any of them
// goes on to use it.
func (h *House) RaceProofs(n int, act func(i int) error) []error {
	h.t.Helper()
	h.meeting.expect(n)
	return Race(h.t, n, act)
}

// Race runs act n times at once and gives the errors.
func Race(t *testing.T, n int, act func(i int) error) []error {
	t.Helper()
	var ready, done sync.WaitGroup
	start, errs := make(chan struct{}), make([]error, n)
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			errs[i] = act(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return errs
}

// OneWins fails the test unless exactly one error is nil and every other is want.
func OneWins(t *testing.T, errs []error, want error) {
	t.Helper()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, want):
			t.Errorf("a loser got %v, want %v", err, want)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d succeeded, want exactly one", won, len(errs))
	}
}
