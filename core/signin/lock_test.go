package signin_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

const wrong = "not the passphrase"

// elsewhere is a request from another address, and another browser where one is named.
func elsewhere(h *house.House, place int, browser string) context.Context {
	client := house.Client
	client.IP = netip.AddrFrom4([4]byte{203, 0, 113, byte(place)})
	if browser != "" {
		client.UserAgent = browser
	}
	return core.WithClient(h.Ctx, client)
}

// enter signs in and forgets the answer.
func enter(ctx context.Context, h *house.House, identifier, password, device string) error {
	_, err := h.SignIn.Login(ctx, signin.Credentials{Identifier: identifier, Password: password, DeviceToken: device})
	return err
}

// lockOut fails so often, from elsewhere, that the account is locked.
func lockOut(h *house.House, identifier string) {
	for range lockout.DefaultTries {
		h.Refused(enter(elsewhere(h, 1, ""), h, identifier, wrong, ""), signin.ErrInvalidCredentials)
	}
	h.Work()
}

// reasons are why sign-ins have failed, oldest first.
func reasons(h *house.House) (reasons []string) {
	for _, event := range h.Log.All() {
		if event.Action == audit.ActionSignIn && event.Outcome != audit.Success {
			reasons = append(reasons, event.Reason)
		}
	}
	return reasons
}

func TestLockout(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	h.Member(ada, "countess")
	lockOut(h, "countess")
	compared := h.Hasher.Compared.Load()
	h.Refused(enter(elsewhere(h, 1, ""), h, ada, house.Passphrase, ""), signin.ErrInvalidCredentials)
	h.Refused(enter(h.Ctx, h, ada, house.Passphrase, ""), signin.ErrInvalidCredentials)
	if got := h.Hasher.Compared.Load(); got != compared {
		t.Errorf("%d passwords were compared with the hash of a locked account", got-compared)
	}
	h.Later(lockout.DefaultDuration - time.Second)
	h.Refused(enter(h.Ctx, h, ada, house.Passphrase, ""), signin.ErrInvalidCredentials)
	h.Later(time.Second) // what was refused has prolonged nothing
	h.Must(enter(h.Ctx, h, ada, house.Passphrase, ""))
	h.Must(enter(elsewhere(h, 1, ""), h, ada, house.Passphrase, "")) // its own window is over as well
	want := []string{"wrong_password", "wrong_password", "wrong_password", "wrong_password", "wrong_password", "locked", "locked", "locked"}
	if diff := cmp.Diff(want, reasons(h)); diff != "" {
		t.Error(diff)
	}
}

func TestASuccessForgetsTries(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	h.Member(ada, "")
	for range 5 {
		for range lockout.DefaultTries - 1 {
			h.Refused(enter(h.Ctx, h, ada, wrong, ""), signin.ErrInvalidCredentials)
		}
		h.Must(enter(h.Ctx, h, ada, house.Passphrase, ""))
	}
}

// What the owner does elsewhere does not free the one who guesses.
func TestALockedSourceStaysLocked(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	h.Member(ada, "")
	for range lockout.DefaultTries - 1 {
		h.Refused(enter(elsewhere(h, 1, ""), h, ada, wrong, ""), signin.ErrInvalidCredentials)
	}
	h.Must(enter(h.Ctx, h, ada, house.Passphrase, ""))
	h.Refused(enter(elsewhere(h, 1, ""), h, ada, wrong, ""), signin.ErrInvalidCredentials)
	h.Refused(enter(elsewhere(h, 1, ""), h, ada, house.Passphrase, ""), signin.ErrInvalidCredentials)
	h.Must(enter(h.Ctx, h, ada, house.Passphrase, ""))
}

// trace is what a stranger's tries leave behind, apart from whose they were.
type trace struct {
	Answers  []string
	Hashes   int64
	Events   int
	Intakes  int
	Counters int
}

// TestNobodyLocksLikeSomebody compares what tries at an account do with what they do at nobody.
func TestNobodyLocksLikeSomebody(t *testing.T) {
	t.Parallel()
	traces := map[string]trace{}
	for _, identifier := range []string{ada, "countess", "grace@example.com", "nobody"} {
		h := house.OpenWith(t, signin.Config{RequireVerification: true, HideAddresses: true, TellAttempts: true})
		h.Member(ada, "countess")
		var left trace
		events, hashes := len(h.Log.All()), h.Hasher.Verified.Load()
		for range lockout.DefaultTries + 2 {
			err := enter(h.Ctx, h, identifier, wrong, "")
			left.Answers = append(left.Answers, fmt.Sprint(err, " ", *core.AsError(err).AttemptsLeft))
			left.Events, left.Hashes = len(h.Log.All())-events, h.Hasher.Verified.Load()-hashes
		}
		claimed, err := h.Intakes.Claim(h.Ctx, h.Clock.Now(), 0, 100)
		h.Must(err)
		left.Intakes = len(claimed)
		left.Counters = int(h.DB.Expiry("tries")(h.Clock.Now().Add(time.Hour), 100, false))
		traces[identifier] = left
	}
	want := traces[ada]
	if want.Hashes != lockout.DefaultTries+2 || want.Events != lockout.DefaultTries+2 || want.Intakes != 1 || want.Counters != 3 {
		t.Errorf("at an account: %+v", want)
	}
	for identifier, got := range traces {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-account +other):\n%s", identifier, diff)
		}
	}
}

// Two names of one account cannot be found to belong together by the number of tries that is told.
func TestAttemptsLeftTellNothing(t *testing.T) {
	t.Parallel()
	h := house.OpenWith(t, signin.Config{RequireVerification: true, HideAddresses: true, TellAttempts: true})
	h.Member(ada, "countess")
	lefts := func(identifier string) (lefts []int) {
		for range lockout.DefaultTries + 1 {
			err := enter(h.Ctx, h, identifier, wrong, "")
			h.Refused(err, signin.ErrInvalidCredentials)
			lefts = append(lefts, *core.AsError(err).AttemptsLeft)
		}
		return lefts
	}
	for _, identifier := range []string{"Countess", "ADA@example.com", "grace@example.com"} {
		if diff := cmp.Diff([]int{4, 3, 2, 1, 0, 0}, lefts(identifier)); diff != "" {
			t.Errorf("%s:\n%s", identifier, diff)
		}
	}
	h.Later(lockout.DefaultDuration)
	h.Must(enter(h.Ctx, h, ada, house.Passphrase, ""))
	if diff := cmp.Diff([]int{4, 3, 2, 1, 0, 0}, lefts(ada)); diff != "" {
		t.Error(diff)
	}
	var silent *core.Error
	if quiet := house.Open(t); quiet != nil {
		silent = core.AsError(enter(quiet.Ctx, quiet, ada, wrong, ""))
	}
	if silent.AttemptsLeft != nil {
		t.Error("attempts are told although nobody has asked for it")
	}
}

func TestParallelGuessesCountAsMany(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	member := h.Member(ada, "")
	compared := h.Hasher.Compared.Load()
	for _, err := range house.Race(t, 50, func(i int) error {
		if i == 25 {
			h.Must(enter(h.Ctx, h, ada, house.Passphrase, member.DeviceToken))
			return signin.ErrInvalidCredentials
		}
		return enter(elsewhere(h, i, ""), h, ada, fmt.Sprint("guess ", i), "")
	}) {
		h.Refused(err, signin.ErrInvalidCredentials)
	}
	if got := h.Hasher.Compared.Load() - compared; got != lockout.DefaultTries+1 {
		t.Errorf("%d guesses reached the hash, want %d and the owner's", got, lockout.DefaultTries)
	}
	h.Work()
	if got := h.Letters(mail.KindAccountLocked, ada); got != 1 {
		t.Errorf("%d letters about the lock", got)
	}
}

func TestKnownDevicesPassALock(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	member := h.Member(ada, "")
	if member.DeviceToken == "" || member.DeviceExpiresIn != device.DefaultTTL {
		t.Fatalf("the first sign-in made no device: %v", member.DeviceExpiresIn)
	}
	lockOut(h, ada)
	for name, test := range map[string]struct {
		ctx   context.Context
		token string
		want  error
	}{
		"known":                      {h.Ctx, member.DeviceToken, nil},
		"known, from another place":  {elsewhere(h, 9, ""), member.DeviceToken, nil},
		"copied to another browser":  {elsewhere(h, 9, "Chrome"), member.DeviceToken, signin.ErrInvalidCredentials},
		"made up":                    {h.Ctx, "made up", signin.ErrInvalidCredentials},
		"none":                       {h.Ctx, "", signin.ErrInvalidCredentials},
		"of somebody else's account": {h.Ctx, h.Member("grace@example.com", "").DeviceToken, signin.ErrInvalidCredentials},
	} {
		if err := enter(test.ctx, h, ada, house.Passphrase, test.token); !isErr(err, test.want) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	for range lockout.DefaultTries { // its tries are its own, and not without end
		h.Refused(enter(h.Ctx, h, ada, wrong, member.DeviceToken), signin.ErrInvalidCredentials)
	}
	h.Refused(enter(h.Ctx, h, ada, house.Passphrase, member.DeviceToken), signin.ErrInvalidCredentials)
	h.Later(lockout.DefaultDuration)
	h.Must(enter(h.Ctx, h, ada, house.Passphrase, member.DeviceToken))
	h.Later(device.DefaultTTL) // counted from the last sign-in
	lockOut(h, ada)
	h.Refused(enter(h.Ctx, h, ada, house.Passphrase, member.DeviceToken), signin.ErrInvalidCredentials)
}

func isErr(err, want error) bool {
	if want == nil || err == nil {
		return err == want //nolint:errorlint // both may be nil
	}
	return core.AsError(err).Is(want)
}

func TestEverySignInMakesADevice(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	member := h.Member(ada, "")
	if got := h.Letters(mail.KindNewDevice, ada); got != 0 {
		t.Errorf("%d letters about the first sign-in", got)
	}
	again, err := h.SignIn.Login(h.Ctx, signin.Credentials{Identifier: ada, Password: house.Passphrase, DeviceToken: member.DeviceToken})
	h.Must(err)
	if again.SignedIn.DeviceToken != "" || h.Letters(mail.KindNewDevice, ada) != 0 {
		t.Error("a known device was given another token, or told of as new")
	}
	stranger, err := h.SignIn.Login(elsewhere(h, 3, "Chrome"), signin.Credentials{Identifier: ada, Password: house.Passphrase})
	h.Must(err)
	if stranger.SignedIn.DeviceToken == "" || h.Letter(mail.KindNewDevice, ada).IP != "203.0.113.3" {
		t.Error("a new device was given no token, or its owner told nothing")
	}
	devices, _, err := h.Devices.List(h.Ctx, member.User.ID, core.Page{})
	h.Must(err)
	if len(devices) != 2 || devices[0].From.Browser != "Chrome" {
		t.Errorf("devices %+v", devices)
	}
}

func TestALockIsToldOnceADay(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	member := h.Member(ada, "")
	told := func(want int) {
		t.Helper()
		if got := h.Letters(mail.KindAccountLocked, ada); got != want {
			t.Fatalf("%d letters about locks, want %d", got, want)
		}
	}
	lockOut(h, ada)
	told(1)
	letter := h.Letter(mail.KindAccountLocked, ada)
	if letter.IP != "203.0.113.1" || letter.Token == "" || !letter.LinkExpiresAt.Equal(h.Clock.Now().Add(signin.DefaultUnlockLinkTTL)) {
		t.Errorf("letter from %s, link until %v", letter.IP, letter.LinkExpiresAt)
	}
	for range 3 {
		h.Later(lockout.DefaultDuration)
		lockOut(h, ada)
	}
	told(1)
	h.Later(lockout.NoticeEvery)
	lockOut(h, ada)
	told(2)
	locks := 0
	for _, event := range h.Log.All() {
		if event.Action == audit.ActionLock && event.Subject == member.User.ID && event.ActorKind == audit.System {
			locks++
		}
	}
	if locks != 5 {
		t.Errorf("%d locks written down, want 5", locks)
	}
	h.Alter(member.User.ID, func(user *account.User) { user.Status = account.StatusSuspended })
	h.Later(lockout.NoticeEvery)
	lockOut(h, ada)
	told(2)
	lockOut(h, "grace@example.com") // nobody is told of a lock of nobody's
	told(2)
}

func TestUnlock(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	h.Member(ada, "")
	lockOut(h, ada)
	token := h.Letter(mail.KindAccountLocked, ada).Token
	unlocked, err := h.SignIn.Unlock(h.Ctx, token)
	h.Must(err)
	if !unlocked.ExpiresAt.Equal(h.Clock.Now().Add(device.DefaultTTL)) {
		t.Errorf("known until %v", unlocked.ExpiresAt)
	}
	for _, bad := range []string{token, "", "made up"} {
		_, err = h.SignIn.Unlock(h.Ctx, bad)
		h.Refused(err, verification.ErrLink)
	}
	h.Refused(enter(h.Ctx, h, ada, house.Passphrase, ""), signin.ErrInvalidCredentials) // the lock stands
	h.Must(enter(h.Ctx, h, ada, house.Passphrase, unlocked.DeviceToken))
	h.Refused(enter(h.Ctx, h, ada, house.Passphrase, ""), signin.ErrInvalidCredentials)
}

func TestUnlockLinksLapse(t *testing.T) {
	t.Parallel()
	for name, lapse := range map[string]func(h *house.House, member signin.SignedIn){
		"in time": func(h *house.House, _ signin.SignedIn) { h.Later(signin.DefaultUnlockLinkTTL) },
		"by another password": func(h *house.House, m signin.SignedIn) {
			h.Must(h.Password.Change(h.Ctx, h.Principal(m), house.Passphrase, fresh))
		},
		"by a purge": purge,
	} {
		h := house.Open(t)
		member := h.Member(ada, "")
		lockOut(h, ada)
		token := h.Letter(mail.KindAccountLocked, ada).Token
		lapse(h, member)
		if _, err := h.SignIn.Unlock(h.Ctx, token); !isErr(err, verification.ErrLink) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

// purge erases the account.
func purge(h *house.House, m signin.SignedIn) {
	h.Alter(m.User.ID, func(user *account.User) {
		user.Status, user.PurgeAt = account.StatusDeleted, h.Clock.Now()
	})
	h.Later(time.Second)
	h.DB.Expiry("accounts")(h.Clock.Now(), 1, true)
}

const fresh = "plums in a tin bowl"

func TestUnlockLinksAreUsedOnce(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	member := h.Member(ada, "")
	lockOut(h, ada)
	token := h.Letter(mail.KindAccountLocked, ada).Token
	house.OneWins(t, h.RaceProofs(20, func(int) error {
		_, err := h.SignIn.Unlock(h.Ctx, token)
		return err
	}), verification.ErrLink)
	if devices, _, _ := h.Devices.List(h.Ctx, member.User.ID, core.Page{}); len(devices) != 2 {
		t.Errorf("%d devices, want the first one and one more", len(devices))
	}
}

func TestLocksAreLifted(t *testing.T) {
	t.Parallel()
	for name, lift := range map[string]func(h *house.House){
		"by a reset": func(h *house.House) {
			_, err := h.Password.Forgot(h.Ctx, ada)
			h.Must(err)
			h.Work()
			h.Must(h.Password.Reset(h.Ctx, credential.ResetRequest{
				Token: h.Letter(mail.KindPasswordReset, ada).Token, NewPassword: fresh,
			}))
		},
		"by an operator": func(h *house.House) {
			user, err := h.Users.FindByIdentifier(h.Ctx, account.Identifier{Kind: account.IdentifierEmail, Key: ada})
			h.Must(err)
			h.Must(h.Directory.Unlock(h.Ctx, directory.Operator(""), user.ID))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := house.Open(t)
			h.Member(ada, "countess")
			for range lockout.MaxStreak / lockout.DefaultTries {
				lockOut(h, ada)
				h.Later(lockout.DefaultDuration)
			}
			h.Refused(enter(h.Ctx, h, ada, house.Passphrase, ""), signin.ErrInvalidCredentials) // the streak is at its end
			lift(h)
			password := house.Passphrase
			if name == "by a reset" {
				password = fresh
			}
			h.Must(enter(h.Ctx, h, ada, password, ""))
		})
	}
}

// Whoever gives the right password has guessed nothing, though they may not come in.
func TestRightPasswordsAreNoGuesses(t *testing.T) {
	t.Parallel()
	for want, alter := range map[error]func(user *account.User){
		signin.ErrSuspended:     func(user *account.User) { user.Status = account.StatusSuspended },
		signin.ErrUnverified:    func(user *account.User) { user.EmailVerified = false },
		signin.ErrResetRequired: func(user *account.User) { user.MustReset = true },
	} {
		h := house.Open(t)
		member := h.Member(ada, "")
		h.Alter(member.User.ID, alter)
		for range 3 * lockout.DefaultTries {
			h.Refused(enter(h.Ctx, h, ada, house.Passphrase, ""), want)
		}
		if got := reasons(h); len(got) != 3*lockout.DefaultTries || got[0] != string(core.AsError(want).Code) {
			t.Errorf("written down: %v", got)
		}
		lockOut(h, ada)
		h.Refused(enter(h.Ctx, h, ada, house.Passphrase, ""), signin.ErrInvalidCredentials) // a lock tells nothing
	}
}

// A crowd that fills the queue of hashes must not lock those out who come again.
func TestOverloadIsNoGuess(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	h.Member(ada, "")
	h.Hasher.Err = core.NewError(core.KindUnavailable, core.CodeOverloaded, "full")
	for range 3 * lockout.DefaultTries {
		h.Refused(enter(h.Ctx, h, ada, house.Passphrase, ""), h.Hasher.Err)
	}
	h.Hasher.Err = nil
	h.Must(enter(h.Ctx, h, ada, house.Passphrase, ""))
}

func TestDevicesAreForgotten(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(h *house.House, member signin.SignedIn, caller core.Principal) error{
		"by their owner, all": func(h *house.House, _ signin.SignedIn, caller core.Principal) error {
			return h.Devices.ForgetAll(h.Ctx, caller)
		},
		"by their owner, one": func(h *house.House, member signin.SignedIn, caller core.Principal) error {
			devices, _, err := h.Devices.List(h.Ctx, member.User.ID, core.Page{Limit: 1})
			h.Must(err)
			return h.Devices.Forget(h.Ctx, caller, devices[0].ID)
		},
		"by another password": func(h *house.House, _ signin.SignedIn, caller core.Principal) error {
			return h.Password.Change(h.Ctx, caller, house.Passphrase, fresh)
		},
		"by a deletion": func(h *house.House, _ signin.SignedIn, caller core.Principal) error {
			_, err := h.Account.Delete(h.Ctx, caller)
			return err
		},
	} {
		h := house.Open(t)
		member := h.Member(ada, "")
		h.Must(act(h, member, h.Principal(member)))
		devices, _, err := h.Devices.List(h.Ctx, member.User.ID, core.Page{})
		h.Must(err)
		if len(devices) != 0 {
			t.Errorf("%s: %d devices are known", name, len(devices))
		}
	}
	h := house.Open(t)
	mine, theirs := h.Principal(h.Member(ada, "")), h.Member("grace@example.com", "")
	devices, _, err := h.Devices.List(h.Ctx, theirs.User.ID, core.Page{})
	h.Must(err)
	h.Refused(h.Devices.Forget(h.Ctx, mine, devices[0].ID), core.ErrNotFound)
}
