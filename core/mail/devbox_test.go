package mail_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mail/mailtest"
)

func TestTheDevelopmentMailbox(t *testing.T) {
	t.Parallel()
	clock := coretest.NewClock()
	store := mailtest.NewMailbox(coretest.NewDatabase())
	box := mail.NewDevBox(store, ring(t, "k1"), clock)
	if err := box.Check(t.Context()); err != nil {
		t.Error(err)
	}
	caught := map[string]mail.Email{}
	for i, to := range []string{"Ada@Example.org", "bob@example.org", "ada@example.org"} {
		sample := letter([]mail.Kind{mail.KindRegistration, mail.KindPasswordReset, mail.KindRestored}[i])
		sample.To = to
		email := render(t, sample)
		email.ID = core.ID{byte(i + 1)}
		caught[to] = email
		clock.Advance(time.Second)
		for range 2 { // a doubled delivery shows once
			if err := box.Send(t.Context(), email); err != nil {
				t.Fatal(err)
			}
		}
	}
	list := func(to string, kind mail.Kind, limit int) (recipients []string) {
		messages, err := box.List(t.Context(), to, kind, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, message := range messages {
			recipients = append(recipients, message.To)
		}
		return recipients
	}
	cases := []struct {
		to    string
		kind  mail.Kind
		limit int
		want  []string
	}{
		{"", "", 0, []string{"ada@example.org", "bob@example.org", "Ada@Example.org"}},
		{"", "", 1, []string{"ada@example.org"}},
		{"ADA@example.org", "", 0, []string{"ada@example.org", "Ada@Example.org"}},
		{"ada@example.org", mail.KindRegistration, 10_000, []string{"Ada@Example.org"}},
		{"", mail.KindDeleted, 0, nil},
	}
	for _, c := range cases {
		if diff := cmp.Diff(c.want, list(c.to, c.kind, c.limit)); diff != "" {
			t.Errorf("%+v: %s", c, diff)
		}
	}
	messages, err := box.List(t.Context(), "bob@example.org", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	email := caught["bob@example.org"]
	want := mail.Message{
		ID: email.ID, To: email.To, Channel: "email", Kind: email.Kind, Subject: email.Subject, Text: email.Text,
		HTML: email.HTML, Code: "042917", Link: email.Link, SentAt: now.Add(2 * time.Second),
	}
	if diff := cmp.Diff([]mail.Message{want}, messages); diff != "" {
		t.Error(diff)
	}
	sealedAndEmptied(t, store, box, clock)
}

func sealedAndEmptied(t *testing.T, store mail.Mailbox, box *mail.DevBox, clock core.Clock) {
	t.Helper()
	rows, err := store.Browse(t.Context(), "", "", 10)
	if err != nil || len(rows) != 3 || bytes.Contains(rows[0].Contents, []byte("token=")) {
		t.Errorf("%d rows, %v, or a readable one", len(rows), err)
	}
	stranger, err := mail.NewDevBox(store, ring(t, "k2"), clock).List(t.Context(), "", "", 0)
	if err != nil || len(stranger) != 0 {
		t.Errorf("another ring reads %d, %v", len(stranger), err)
	}
	if err := box.Empty(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := box.List(t.Context(), "", "", 0); err != nil || len(left) != 0 {
		t.Errorf("%d left, %v", len(left), err)
	}
}

func TestLettersAndEmailsHideThemselves(t *testing.T) {
	t.Parallel()
	sample := letter(mail.KindRegistration)
	email := render(t, sample)
	for _, shown := range []string{
		fmt.Sprintf("%v %+v %#v %s", sample, sample, sample, sample.LogValue()),
		fmt.Sprintf("%v %+v %#v %s", email, email, email, email.LogValue()),
	} {
		if strings.Contains(shown, "042917") || strings.Contains(shown, "Zm9y") || !strings.Contains(shown, "registration") {
			t.Errorf("got %s", shown)
		}
	}
}
