package account_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

const lovelace = "lovelace@example.com"

// request asks for a new address and gives the receipt and what was mailed there.
func (m member) request(email string) (verification.Receipt, mail.Letter) {
	receipt, err := m.Account.RequestEmailChange(m.Ctx, m.caller, email)
	m.Must(err)
	m.Work()
	return receipt, m.Letter(mail.KindEmailChange, email)
}

// move changes the address and gives the token of the undo link that the old one got.
func (m member) move(from, to string) string {
	receipt, letter := m.request(to)
	_, err := m.Account.ConfirmEmailChange(m.Ctx, m.caller, receipt.ID, letter.Code)
	m.Must(err)
	return m.Letter(mail.KindEmailChanged, from).Token
}

func (m member) confirm(id core.ID, code string) error {
	_, err := m.Account.ConfirmEmailChange(m.Ctx, m.caller, id, code)
	return err
}

func TestEmailChange(t *testing.T) {
	t.Parallel()
	m := join(t)
	forgot, err := m.Password.Forgot(m.Ctx, ada)
	m.Must(err)
	m.Work()
	reset := m.Letter(mail.KindPasswordReset, ada)

	receipt, letter := m.request("Lovelace@example.com")
	if letter.Token != "" || letter.Name != "" || !letter.ExpiresAt.Equal(receipt.ExpiresAt) {
		t.Errorf("the letter to the new address is %+v", letter)
	}
	if user := m.User(m.id); user.EmailKey != ada {
		t.Fatal("the address changed before it was proven")
	}
	user, err := m.Account.ConfirmEmailChange(m.Ctx, m.caller, receipt.ID, letter.Code)
	m.Must(err)
	if user.Email != "Lovelace@example.com" || user.EmailKey != lovelace || !user.EmailVerified {
		t.Errorf("changed to %+v", user)
	}
	notice := m.Letter(mail.KindEmailChanged, ada)
	if notice.Address != user.Email || !notice.LinkExpiresAt.Equal(m.Clock.Now().Add(account.UndoWindow)) ||
		notice.Name != "Ada" || notice.IP == "" {
		t.Errorf("the notice is %+v", notice)
	}
	if !m.Alive(m.signedIn) || m.Announced.Of(core.SubjectUser, m.id) != 1 {
		t.Error("the session goes on, and replicas know of the change")
	}
	m.Refused(m.Password.CheckReset(m.Ctx, reset.Token), verification.ErrLink)
	_, err = m.Flows.Find(m.Ctx, forgot.ID)
	m.Refused(err, core.ErrNotFound)
	m.Login(lovelace)
	_, err = m.Enter(ada, house.Passphrase)
	m.Refused(err, signin.ErrInvalidCredentials)
}

func TestEmailChangeAnswersAlike(t *testing.T) {
	t.Parallel()
	m := join(t)
	m.Member(grace, "")
	for _, email := range []string{grace, lovelace} {
		receipt, err := m.Account.RequestEmailChange(m.Ctx, m.caller, email)
		m.Must(err)
		m.Work()
		want := verification.Receipt{
			ID: receipt.ID, Channel: verification.ChannelEmail, ExpiresAt: m.Clock.Now().Add(verification.CodeTTL),
		}
		if receipt != want {
			t.Errorf("receipt %+v, want %+v", receipt, want)
		}
		for range verification.MaxTries + 1 {
			m.Refused(m.confirm(receipt.ID, "wrong"), verification.ErrCode)
		}
	}
	if got := len(m.Post.All(grace)); got != 1 {
		t.Errorf("the owner of a taken address got %d letters, want only that of their registration", got)
	}
}

// TestEmailChangeIsNotGuessed keeps the failures at one address when another is proven.
func TestEmailChangeIsNotGuessed(t *testing.T) {
	t.Parallel()
	m := join(t)
	for spent := 0; spent < verification.MaxFailures; {
		if spent == verification.MaxFailures/2 {
			m.move(ada, "own@example.com")
		}
		receipt, _ := m.request(lovelace)
		for range verification.MaxTries {
			m.Refused(m.confirm(receipt.ID, "wrong"), verification.ErrCode)
			spent++
		}
	}
	receipt, letter := m.request(lovelace)
	m.Refused(m.confirm(receipt.ID, letter.Code), verification.ErrCode)
}

func TestEmailChangeRefuses(t *testing.T) {
	t.Parallel()
	m := join(t)
	_, err := m.Account.RequestEmailChange(m.Ctx, m.stale(), lovelace)
	m.Refused(err, errRecent())
	for email, code := range map[string]core.Code{"nobody": core.CodeInvalidFormat, "ADA@example.com": core.CodeNotAllowed} {
		_, err = m.Account.RequestEmailChange(m.Ctx, m.caller, email)
		if fields := core.AsError(err).Fields; len(fields) != 1 || fields[0].Field != "email" || fields[0].Code != code {
			t.Errorf("%s: %v", email, err)
		}
	}
	_, err = m.Account.RequestEmailChange(m.Ctx, core.Principal{UserID: m.IDs.New(), AuthTime: m.Clock.Now()}, lovelace)
	m.Refused(err, core.ErrNotFound)
}

func TestConfirmationRefuses(t *testing.T) {
	t.Parallel()
	m := join(t)
	stranger := as(m.House, m.Member(grace, ""))
	receipt, letter := m.request(lovelace)
	_, err := m.Account.ConfirmEmailChange(m.Ctx, m.stale(), receipt.ID, letter.Code)
	m.Refused(err, errRecent())
	m.Refused(m.confirm(m.IDs.New(), letter.Code), verification.ErrCode)
	for range verification.MaxTries + 1 {
		m.Refused(stranger.confirm(receipt.ID, letter.Code), verification.ErrCode)
	}
	m.Refused(m.confirm(receipt.ID, house.Wrong(letter.Code)), verification.ErrCode)
	m.Must(m.confirm(receipt.ID, letter.Code)) // a stranger's tries cost the owner nothing
	m.Refused(m.confirm(receipt.ID, letter.Code), verification.ErrCode)
}

func TestConfirmationHappensOnce(t *testing.T) {
	t.Parallel()
	m := join(t)
	receipt, letter := m.request(lovelace)
	house.OneWins(t, m.RaceProofs(20, func(int) error { return m.confirm(receipt.ID, letter.Code) }), verification.ErrCode)
	if got := m.Letters(mail.KindEmailChanged, ada); got != 1 {
		t.Errorf("%d notices, want 1", got)
	}
}

func TestConfirmationGuessesNeverExceedTheTries(t *testing.T) {
	t.Parallel()
	m := join(t)
	receipt, letter := m.request(lovelace)
	m.RaceProofs(50, func(int) error { return m.confirm(receipt.ID, house.Wrong(letter.Code)) })
	if flow, err := m.Flows.Find(m.Ctx, receipt.ID); err != nil || flow.Tries != verification.MaxTries {
		t.Errorf("%d tries counted (%v), want %d", flow.Tries, err, verification.MaxTries)
	}
	m.Refused(m.confirm(receipt.ID, letter.Code), verification.ErrCode)
}

// Whoever proves an address first has it. The other one, who proved it too, is told plainly.
func TestAddressThatHasGoneMeanwhile(t *testing.T) {
	t.Parallel()
	m := join(t)
	receipt, letter := m.request(lovelace)
	m.Member(lovelace, "")
	m.Refused(m.confirm(receipt.ID, letter.Code), account.ErrEmailTaken)
	if m.User(m.id).EmailKey != ada {
		t.Error("two accounts have one address")
	}
}

func TestEmailChangeOfSomebodyWhoLeft(t *testing.T) {
	t.Parallel()
	t.Run("before the mail", func(t *testing.T) {
		t.Parallel()
		m := join(t)
		_, err := m.Account.RequestEmailChange(m.Ctx, m.caller, lovelace)
		m.Must(err)
		m.Must(m.Account.Deactivate(m.Ctx, m.caller))
		m.Work()
		if len(m.Post.All(lovelace)) != 0 {
			t.Error("a code was sent for an account that is closed")
		}
	})
	t.Run("before the proof", func(t *testing.T) {
		t.Parallel()
		m := join(t)
		receipt, letter := m.request(lovelace)
		m.Must(m.Account.Deactivate(m.Ctx, m.caller))
		m.Refused(m.confirm(receipt.ID, letter.Code), verification.ErrCode)
	})
}

func TestEmailChangeIsAllOrNothing(t *testing.T) {
	t.Parallel()
	m := join(t)
	receipt, letter := m.request(lovelace)
	m.Post.Fail(true)
	m.Refused(m.confirm(receipt.ID, letter.Code), house.ErrPost)
	if m.User(m.id).EmailKey != ada {
		t.Error("half a change was done")
	}
	m.Post.Fail(false)
	m.Must(m.confirm(receipt.ID, letter.Code))
	token := m.Letter(mail.KindEmailChanged, ada).Token
	m.Post.Fail(true)
	m.Refused(m.Account.UndoEmailChange(m.Ctx, token), house.ErrPost)
	m.Post.Fail(false)
	if m.User(m.id).EmailKey != lovelace || !m.Alive(m.signedIn) {
		t.Error("half of it was undone")
	}
	m.Must(m.Account.UndoEmailChange(m.Ctx, token))
}

func TestUndo(t *testing.T) {
	t.Parallel()
	m := join(t)
	token := m.move(ada, lovelace)
	m.Later(account.UndoWindow - time.Second)
	_, err := m.Password.Forgot(m.Ctx, lovelace)
	m.Must(err)
	m.Work()
	reset := m.Letter(mail.KindPasswordReset, lovelace).Token
	thief := m.Login(lovelace)
	m.Must(m.Account.UndoEmailChange(m.Ctx, token))
	if devices, _, err := m.Devices.List(m.Ctx, m.id, core.Page{}); err != nil || len(devices) != 0 {
		t.Errorf("%d devices are known afterwards, error %v", len(devices), err)
	}

	user := m.User(m.id)
	if user.EmailKey != ada || user.Email != ada || !user.EmailVerified || !user.MustReset {
		t.Errorf("undone to %+v", user)
	}
	if m.Alive(thief) {
		t.Error("a session has outlived the undoing")
	}
	m.Letter(mail.KindEmailChangeUndone, ada)
	_, err = m.Enter(ada, house.Passphrase)
	m.Refused(err, signin.ErrResetRequired)
	m.Refused(m.Password.CheckReset(m.Ctx, reset), verification.ErrLink)
	m.Refused(m.Account.UndoEmailChange(m.Ctx, token), verification.ErrLink)
	if m.Announced.Of(core.SubjectUser, m.id) != 2 {
		t.Error("replicas do not know of it")
	}
}

func TestUndoRefuses(t *testing.T) {
	t.Parallel()
	m := join(t)
	token := m.move(ada, lovelace)
	m.Refused(m.Account.UndoEmailChange(m.Ctx, "nonsense"), verification.ErrLink)
	m.Refused(m.Account.Restore(m.Ctx, token), verification.ErrLink)
	m.Later(account.UndoWindow)
	m.Refused(m.Account.UndoEmailChange(m.Ctx, token), verification.ErrLink)
}

func TestUndoOfAPurgedAccount(t *testing.T) {
	t.Parallel()
	m := join(t)
	token := m.move(ada, lovelace)
	m.Alter(m.id, func(user *account.User) { user.PurgeAt = m.Clock.Now() })
	m.DB.Expiry("accounts")(m.Clock.Now().Add(1), 1, true)
	m.Refused(m.Account.UndoEmailChange(m.Ctx, token), verification.ErrLink)
}

func TestUndoHappensOnce(t *testing.T) {
	t.Parallel()
	m := join(t)
	token := m.move(ada, lovelace)
	house.OneWins(t, m.RaceProofs(20, func(int) error {
		return m.Account.UndoEmailChange(m.Ctx, token)
	}), verification.ErrLink)
	if got := m.Letters(mail.KindEmailChangeUndone, ada); got != 1 {
		t.Errorf("%d letters, want 1", got)
	}
}

// A thief who changes the address twice gets an undo link of their own. It is worth nothing against that
// of the owner, in either order.
func TestAThiefsUndoLinkLosesAgainstTheOwners(t *testing.T) {
	t.Parallel()
	for _, thiefFirst := range []bool{false, true} {
		m := join(t)
		owners := m.move(ada, "thief@example.com")
		m.Later(time.Second)
		thiefs := m.move("thief@example.com", "thief2@example.com")
		if thiefFirst {
			m.Must(m.Account.UndoEmailChange(m.Ctx, thiefs))
		}
		m.Must(m.Account.UndoEmailChange(m.Ctx, owners))
		m.Refused(m.Account.UndoEmailChange(m.Ctx, thiefs), verification.ErrLink)
		if got := m.User(m.id).EmailKey; got != ada {
			t.Errorf("the account is at %s", got)
		}
	}
}

// Neither a reset by the new mailbox nor a deletion takes the way back from the old one.
func TestUndoOutlivesTheThiefsActs(t *testing.T) {
	t.Parallel()
	t.Run("reset", func(t *testing.T) {
		t.Parallel()
		m := join(t)
		token := m.move(ada, lovelace)
		m.Must(m.Password.Change(m.Ctx, m.caller, house.Passphrase, "the thief's own phrase"))
		m.Must(m.Account.UndoEmailChange(m.Ctx, token))
	})
	t.Run("deletion", func(t *testing.T) {
		t.Parallel()
		m := join(t)
		token := m.move(ada, lovelace)
		m.Later(time.Second)
		_, err := m.Account.Delete(m.Ctx, m.caller)
		m.Must(err)
		m.Must(m.Account.UndoEmailChange(m.Ctx, token))
		if user := m.User(m.id); user.Status != account.StatusActive || !user.PurgeAt.IsZero() {
			t.Errorf("the account is %s, to be purged at %v", user.Status, user.PurgeAt)
		}
		thiefs := m.Letter(mail.KindDeleted, lovelace).Token
		m.Refused(m.Account.Restore(m.Ctx, thiefs), verification.ErrLink)

		m.Alter(m.id, func(user *account.User) { user.MustReset = false })
		_, err = m.Account.Delete(m.Ctx, as(m.House, m.Login(ada)).caller)
		m.Must(err)
		m.Refused(m.Account.Restore(m.Ctx, thiefs), verification.ErrLink)
		m.Must(m.Account.Restore(m.Ctx, m.Letter(mail.KindDeleted, ada).Token))
	})
}

func TestUndoWhereTheOldAddressHasGone(t *testing.T) {
	t.Parallel()
	m := join(t)
	token := m.move(ada, lovelace)
	newcomer := m.Member(ada, "")
	m.Refused(m.Account.UndoEmailChange(m.Ctx, token), account.ErrEmailTaken)
	if m.User(m.id).EmailKey != lovelace || !m.Alive(m.signedIn) {
		t.Error("something changed")
	}
	m.Alter(newcomer.User.ID, func(user *account.User) { user.Email, user.EmailKey = grace, grace })
	m.Must(m.Account.UndoEmailChange(m.Ctx, token))
}

// An address that nobody proved may be a stranger's, to whom no way into the account is sent.
func TestNoUndoForAnUnprovenAddress(t *testing.T) {
	t.Parallel()
	m := join(t)
	m.Alter(m.id, func(user *account.User) { user.EmailVerified = false })
	receipt, letter := m.request(lovelace)
	m.Must(m.confirm(receipt.ID, letter.Code))
	if got := m.Letters(mail.KindEmailChanged, ada); got != 0 {
		t.Errorf("%d letters to an address that nobody proved", got)
	}
}

// purging is a store whose users vanish while they are looked for.
type purging struct{ account.Store }

func (purging) Find(context.Context, core.ID) (account.User, error) {
	return account.User{}, core.ErrNotFound
}

func TestLinksOfAUserWhoIsBeingPurged(t *testing.T) {
	t.Parallel()
	m := join(t)
	undo := m.move(ada, lovelace)
	_, err := m.Account.Delete(m.Ctx, m.caller)
	m.Must(err)
	restore := m.Letter(mail.KindDeleted, lovelace).Token
	service := account.NewService(account.Deps{
		Users: purging{m.Users}, Sessions: m.Sessions, Desk: m.Desk, Prover: m.Prover, Post: m.Post,
		Tx: m.DB, Announcer: m.Announced, Clock: m.Clock, Origins: m.Origins, Trail: m.Trail,
	}, account.Config{})
	m.Refused(service.UndoEmailChange(m.Ctx, undo), verification.ErrLink)
	m.Refused(service.Restore(m.Ctx, restore), verification.ErrLink)
}

// What a code or link carries and no key opens is a fault of ours, told to nobody.
func TestDetailsThatDoNotOpen(t *testing.T) {
	t.Parallel()
	m := join(t)
	internal := core.Internal(nil)
	receipt, _ := m.request(lovelace)
	flow, err := m.Flows.Find(m.Ctx, receipt.ID)
	m.Must(err)
	flow.Detail = []byte("altered")
	code, _, err := m.Prover.Code(m.Ctx, flow)
	m.Must(err)
	m.Refused(m.confirm(flow.ID, code), internal)
	token, _, err := m.Prover.Link(m.Ctx, verification.Link{
		Purpose: verification.PurposeEmailUndo, User: m.id, Detail: []byte("altered"),
	}, time.Hour)
	m.Must(err)
	m.Refused(m.Account.UndoEmailChange(m.Ctx, token), internal)
}

// TestEmailChangeWantsAStrongProof keeps a thief who has a session and the password from leading codes by email, and
// resets, to a mailbox of their own.
func TestEmailChangeWantsAStrongProof(t *testing.T) {
	t.Parallel()
	m := join(t)
	receipt, letter := m.request(lovelace) // before there was a second factor
	app := m.Enrol(m.caller)
	weak, err := m.SignIn.Reauthenticate(m.Ctx, m.caller, signin.Confirmation{Password: house.Passphrase})
	m.Must(err)
	m.caller = m.Principal(weak)
	_, err = m.Account.RequestEmailChange(m.Ctx, m.caller, lovelace)
	for act, err := range map[string]error{"asked for": err, "confirmed": m.confirm(receipt.ID, letter.Code)} {
		if refusal := core.AsError(err); refusal.Code != core.CodeReauthentication ||
			!slices.Equal(refusal.Factors, []string{account.WayTOTP, account.WayRecoveryCode}) {
			t.Errorf("%s by a password: %v, %v", act, err, refusal.Factors)
		}
	}
	strong, err := m.SignIn.Reauthenticate(m.Ctx, m.caller, signin.Confirmation{Factor: mfa.KindTOTP, Code: app.Code()})
	m.Must(err)
	m.caller = m.Principal(strong)
	m.Must(m.confirm(receipt.ID, letter.Code))
}
