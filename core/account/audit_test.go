package account_test

import (
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/verification"
)

// asked asks for a change of the address and gives its verification.
func (m member) asked(email string) verification.Receipt {
	receipt, err := m.Account.RequestEmailChange(m.Ctx, m.caller, email)
	m.Must(err)
	m.Work()
	return receipt
}

// changed changes the address.
func (m member) changed(email string) {
	receipt := m.asked(email)
	_, err := m.Account.ConfirmEmailChange(m.Ctx, m.caller, receipt.ID, m.Letter(mail.KindEmailChange, email).Code)
	m.Must(err)
}

func (m member) deleted() {
	_, err := m.Account.Delete(m.Ctx, m.caller)
	m.Must(err)
}

func text(text string) *string { return &text }

// written is something that a person does, and the events that tell of it.
type written struct {
	prepare func(m member)
	act     func(m member)
	want    []string
}

var writtenActs = map[string]written{
	"a profile": {act: func(m member) {
		_, err := m.Account.UpdateProfile(m.Ctx, m.caller, account.ProfileChange{Name: text("Ada Lovelace"), Bio: text("x")})
		m.Must(err)
	}, want: []string{"account.update success by person fields=name bio"}},
	"a profile that breaks a rule": {act: func(m member) {
		_, err := m.Account.UpdateProfile(m.Ctx, m.caller, account.ProfileChange{Locale: text("?")})
		m.Refused(err, core.Invalid())
	}},
	"settings": {act: func(m member) {
		_, err := m.Account.UpdateSettings(m.Ctx, m.caller, account.SettingsChange{
			Notices: map[mail.Kind]bool{mail.HarmlessKinds()[0]: false},
		})
		m.Must(err)
	}, want: []string{"account.update_settings success by person turned_off=" + string(mail.HarmlessKinds()[0])}},
	"settings that are turned on": {act: func(m member) {
		always := true
		_, err := m.Account.UpdateSettings(m.Ctx, m.stale(), account.SettingsChange{AlwaysAsk: &always})
		m.Must(err)
	}, want: []string{"account.update_settings success by person turned_on=always_ask_second_factor"}},
	"settings without a recent sign-in": {act: func(m member) {
		_, err := m.Account.UpdateSettings(m.Ctx, m.stale(), account.SettingsChange{
			Notices: map[mail.Kind]bool{mail.HarmlessKinds()[0]: false},
		})
		m.Refused(err, errRecent())
	}, want: []string{"account.update_settings refused reauthentication_required by person"}},
	"asking for a free address": {act: func(m member) { m.asked(grace) }, want: []string{
		"email.request_change success by person",
	}},
	"asking for a taken address": {
		prepare: func(m member) { m.Member(grace, "") },
		act:     func(m member) { m.asked(grace) },
		want:    []string{"email.request_change success by person"}, // which tells the caller nothing
	},
	"asking without a recent sign-in": {act: func(m member) {
		_, err := m.Account.RequestEmailChange(m.Ctx, m.stale(), grace)
		m.Refused(err, errRecent())
	}, want: []string{"email.request_change refused reauthentication_required by person"}},
	"a change of the address": {act: func(m member) { m.changed(grace) }, want: []string{
		"email.request_change success by person", "email.change success by person",
	}},
	"a wrong code for it": {act: func(m member) {
		receipt := m.asked(grace)
		_, err := m.Account.ConfirmEmailChange(
			m.Ctx, m.caller, receipt.ID, house.Wrong(m.Letter(mail.KindEmailChange, grace).Code))
		m.Refused(err, verification.ErrCode)
	}, want: []string{"email.request_change success by person", "email.change failure invalid_code by person"}},
	"undoing it": {
		prepare: func(m member) { m.changed(grace) },
		act: func(m member) {
			m.Must(m.Account.UndoEmailChange(m.Ctx, m.Letter(mail.KindEmailChanged, ada).Token))
		},
		want: []string{"session.end success email_change_undone by system sessions=all", "email.undo success by person"},
	},
	"undoing nothing": {act: func(m member) {
		m.Refused(m.Account.UndoEmailChange(m.Ctx, "nonsense"), verification.ErrLink)
	}, want: []string{"email.undo failure invalid_link by stranger of nobody"}},
	"deactivation": {act: func(m member) { m.Must(m.Account.Deactivate(m.Ctx, m.caller)) }, want: []string{
		"session.end success account_deactivated by system sessions=all", "account.deactivate success by person",
	}},
	"deactivation of the last owner": {
		prepare: func(m member) { m.Give(m.id, account.RoleOwner) },
		act:     func(m member) { m.Refused(m.Account.Deactivate(m.Ctx, m.caller), account.ErrLastOwner) },
		want:    []string{"account.deactivate refused last_owner by person"},
	},
	"deletion": {act: func(m member) { m.deleted() }, want: []string{
		"session.end success account_deleted by system sessions=all", "account.delete success by person",
	}},
	"deletion without a recent sign-in": {act: func(m member) {
		_, err := m.Account.Delete(m.Ctx, m.stale())
		m.Refused(err, errRecent())
	}, want: []string{"account.delete refused reauthentication_required by person"}},
	"restoring": {
		prepare: func(m member) { m.deleted() },
		act:     func(m member) { m.Must(m.Account.Restore(m.Ctx, m.Letter(mail.KindDeleted, ada).Token)) },
		want:    []string{"account.restore success by person"},
	},
	"restoring twice": {
		prepare: func(m member) {
			m.deleted()
			m.Must(m.Account.Restore(m.Ctx, m.Letter(mail.KindDeleted, ada).Token))
		},
		act: func(m member) {
			m.Refused(m.Account.Restore(m.Ctx, m.Letter(mail.KindDeleted, ada).Token), verification.ErrLink)
		},
		want: []string{"account.restore failure invalid_link by stranger of nobody"},
	},
}

// TestActsAreWrittenDown goes through what people do with their accounts, and what they are refused.
func TestActsAreWrittenDown(t *testing.T) {
	t.Parallel()
	for name, c := range writtenActs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := join(t)
			if c.prepare != nil {
				c.prepare(m)
			}
			m.Tells(m.id, func() { c.act(m) }, c.want...)
		})
	}
}

func TestTheLastOwnersTryIsWrittenDown(t *testing.T) {
	t.Parallel()
	m := owner(house.Open(t), "first@example.com")
	m.Tells(m.id, func() {
		_, err := m.Account.Delete(m.Ctx, m.caller)
		m.Refused(err, account.ErrLastOwner)
	}, "account.delete refused last_owner by person")
}
