package smtp_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/smtp"
	"github.com/doorward/doorward/adapters/smtp/smtptest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mail"
)

const from = `"Éxample Läden" <no-reply@mail.example.com>`

func open(t *testing.T, server *smtptest.Server) *smtp.Sender {
	t.Helper()
	sender, err := smtp.New(smtp.Config{URL: server.URL(), From: from, RootCAs: server.RootCAs()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sender.Close)
	return sender
}

func email(n byte) mail.Email {
	return mail.Email{
		ID: core.ID{15: n}, Kind: mail.KindRegistration, To: "ada@example.org", Subject: "Grüße · 你好",
		Text: "Hello Ädä,\n\n.a line that begins with a dot\nyour code is 042917\n" + strings.Repeat("long ", 400) + "\n",
		HTML: "<p>Hello Ädä = 042917</p>\n",
	}
}

func kindOf(err error) core.Kind { return core.AsError(err).Kind }

// soon is a ctx for what is expected to hang.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func TestAMessageArrivesAsItWasMeant(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]smtptest.Options{
		"plain":             {},
		"starttls":          {Mode: smtptest.STARTTLS},
		"starttls and auth": {Mode: smtptest.STARTTLS, User: "us:er", Password: "p@ss/w%rd"},
		"login":             {Mode: smtptest.STARTTLS, User: "u", Password: "p", Mechanisms: []string{"CRAM-MD5", "LOGIN"}},
		"implicit":          {Mode: smtptest.Implicit, User: "user", Password: "password"},
		"international":     {Mode: smtptest.STARTTLS, International: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := smtptest.Start(t, options)
			sent := email(7)
			if err := open(t, server).Send(t.Context(), sent); err != nil {
				t.Fatal(err)
			}
			messages := server.Messages()
			if len(messages) != 1 {
				t.Fatalf("%d messages", len(messages))
			}
			got := messages[0]
			if got.From != "no-reply@mail.example.com" || len(got.To) != 1 || got.To[0] != sent.To {
				t.Errorf("envelope from %s to %v", got.From, got.To)
			}
			if got.Subject != sent.Subject || got.Text != sent.Text || got.HTML != sent.HTML {
				t.Errorf("contents are %q\n%q\n%q", got.Subject, got.Text, got.HTML)
			}
			headers(t, got)
		})
	}
}

func headers(t *testing.T, message smtptest.Message) {
	t.Helper()
	for name, want := range map[string]string{
		"Message-Id":     "<00000000-0000-0000-0000-000000000007@mail.example.com>",
		"To":             "<ada@example.org>",
		"Auto-Submitted": "auto-generated",
		"Mime-Version":   "1.0",
		"X-Mailer":       "",
		"User-Agent":     "",
	} {
		if got := message.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	sender, err := message.Header.AddressList("From")
	if err != nil || sender[0].Name != "Éxample Läden" || sender[0].Address != "no-reply@mail.example.com" {
		t.Errorf("From is %v, %v", sender, err)
	}
	if at, err := message.Header.Date(); err != nil || time.Since(at) > time.Hour {
		t.Errorf("Date is %v, %v", at, err)
	}
	for line := range strings.SplitSeq(string(message.Raw), "\r\n") {
		if len(line) > 78 || strings.ContainsFunc(line, func(r rune) bool { return r > 126 }) {
			t.Errorf("a line is not mail: %q", line)
		}
	}
}

func TestRefusalsAreFinalOnlyWhenTheyAreAboutTheMessage(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		at   smtptest.Stage
		code int
		want core.Kind
	}{
		{"no such mailbox", smtptest.AtRecipient, 550, core.KindInvalid},
		{"mailbox full for good", smtptest.AtRecipient, 552, core.KindInvalid},
		{"greylisted", smtptest.AtRecipient, 450, core.KindUnavailable},
		{"sign in first", smtptest.AtRecipient, 530, core.KindUnavailable},
		{"content refused", smtptest.AtEnd, 554, core.KindInvalid},
		{"disk full", smtptest.AtEnd, 452, core.KindUnavailable},
		{"our sender refused", smtptest.AtSender, 550, core.KindUnavailable},
		{"going down", smtptest.AtSender, 421, core.KindUnavailable},
		{"not at all", smtptest.AtHello, 554, core.KindUnavailable},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := smtptest.Start(t, smtptest.Options{})
			sender := open(t, server)
			server.Refuse(c.at, smtptest.Reply{Code: c.code, Text: "because of the weather"})
			err := sender.Send(t.Context(), email(1))
			if err == nil || kindOf(err) != c.want || !strings.Contains(err.Error(), "because of the weather") {
				t.Fatalf("got %v", err)
			}
			server.Accept()
			if err := sender.Send(t.Context(), email(1)); err != nil || len(server.Messages()) != 1 {
				t.Errorf("afterwards: %v, %d messages", err, len(server.Messages()))
			}
		})
	}
}

func TestCredentialsGoOnlyWhereTheyMay(t *testing.T) {
	t.Parallel()
	secured := smtptest.Options{Mode: smtptest.STARTTLS, User: "user", Password: "canary-9f3"}
	bare := smtptest.Options{Mode: smtptest.Plain, User: "user", Password: "canary-9f3"}
	foreign := smtptest.Options{Mode: smtptest.STARTTLS, User: "user", Password: "canary-9f3", Mechanisms: []string{"GSSAPI"}}
	cases := []struct {
		name      string
		options   smtptest.Options
		wrong     bool // a wrong password
		untrusted bool
		complaint string
	}{
		{"no STARTTLS", bare, false, false, "offers no STARTTLS"},
		{"wrong password", secured, true, false, "535"},
		{"unknown authority", secured, false, true, "certificate"},
		{"unknown mechanism", foreign, false, false, "neither PLAIN"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := smtptest.Start(t, c.options)
			config := smtp.Config{URL: server.URL(), From: from, RootCAs: server.RootCAs()}
			if c.wrong {
				config.URL = strings.Replace(config.URL, "canary-9f3", "canary-000", 1)
			}
			if c.untrusted {
				config.RootCAs = nil
			}
			sender, err := smtp.New(config)
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range []error{sender.Send(t.Context(), email(1)), sender.Check(t.Context())} {
				if err == nil || kindOf(err) != core.KindUnavailable || !strings.Contains(err.Error(), c.complaint) {
					t.Errorf("got %v, want a complaint about %s", err, c.complaint)
				}
				if err != nil && strings.Contains(err.Error(), "canary") {
					t.Errorf("the password is in %v", err)
				}
			}
		})
	}
}

func TestTLSCanBeRequired(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{})
	sender, err := smtp.New(smtp.Config{URL: server.URL(), From: from, RequireTLS: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Send(t.Context(), email(1)); err == nil || kindOf(err) != core.KindUnavailable {
		t.Errorf("got %v", err)
	}
}

func TestInternationalAddresses(t *testing.T) {
	t.Parallel()
	sent := email(1)
	sent.To = "дж@example.org"
	knows := smtptest.Start(t, smtptest.Options{International: true})
	if err := open(t, knows).Send(t.Context(), sent); err != nil || knows.Messages()[0].To[0] != sent.To {
		t.Errorf("got %v", err)
	}
	lacks := smtptest.Start(t, smtptest.Options{})
	if err := open(t, lacks).Send(t.Context(), sent); kindOf(err) != core.KindInvalid || err == nil {
		t.Errorf("got %v", err)
	}
	sent.To = "no address"
	if err := open(t, lacks).Send(t.Context(), sent); kindOf(err) != core.KindInvalid || err == nil {
		t.Errorf("got %v", err)
	}
}

func TestConnectionsAreKeptAndReplaced(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{})
	sender := open(t, server)
	if err := sender.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Refuse(smtptest.AtHello, smtptest.Reply{Code: 421, Text: "no new sessions"})
	for n := range byte(3) {
		if err := sender.Send(t.Context(), email(n)); err != nil {
			t.Fatalf("the kept connection was not used: %v", err)
		}
	}
	server.Stop()
	if err := sender.Send(t.Context(), email(4)); kindOf(err) != core.KindUnavailable || err == nil {
		t.Fatalf("a stopped server: %v", err)
	}
	server.Accept()
	server.Restart()
	if err := sender.Send(t.Context(), email(4)); err != nil || len(server.Messages()) != 4 {
		t.Errorf("after the restart: %v, %d messages", err, len(server.Messages()))
	}
	sender.Close()
	server.Refuse(smtptest.AtHello, smtptest.Reply{Code: 421, Text: "no new sessions"})
	if err := sender.Check(t.Context()); err == nil {
		t.Error("a connection outlived Close")
	}
}

func TestAWornOutConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{})
	sender := open(t, server)
	for range 50 {
		if err := sender.Send(t.Context(), email(1)); err != nil {
			t.Fatal(err)
		}
	}
	server.Refuse(smtptest.AtHello, smtptest.Reply{Code: 421, Text: "no new sessions"})
	if err := sender.Send(t.Context(), email(1)); err == nil {
		t.Error("a connection carried more than 50 messages")
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{Mode: smtptest.STARTTLS})
	sender := open(t, server)
	const senders, each = 16, 5
	var wait sync.WaitGroup
	for range senders {
		wait.Go(func() {
			for range each {
				if err := sender.Send(t.Context(), email(1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if got := len(server.Messages()); got != senders*each {
		t.Errorf("%d messages", got)
	}
}

func TestAServerThatHangsIsLeftInTime(t *testing.T) {
	t.Parallel()
	for _, mode := range []smtptest.Mode{smtptest.Plain, smtptest.STARTTLS, smtptest.Implicit} {
		server := smtptest.Start(t, smtptest.Options{Mode: mode})
		fresh, used := open(t, server), open(t, server)
		if err := used.Send(t.Context(), email(1)); err != nil {
			t.Fatal(err)
		}
		server.Freeze()
		for name, err := range map[string]error{
			"a new connection":         fresh.Send(soon(t), email(2)),
			"a kept connection":        used.Send(soon(t), email(2)),
			"a check":                  used.Check(soon(t)),
			"a send already cancelled": fresh.Send(cancelled(t), email(2)),
		} {
			if err == nil || kindOf(err) != core.KindUnavailable {
				t.Errorf("mode %d, %s: %v", mode, name, err)
			}
		}
		server.Thaw()
		if err := used.Send(t.Context(), email(3)); err != nil {
			t.Errorf("mode %d, thawed: %v", mode, err)
		}
	}
}

func cancelled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func TestItsOwnTimeoutEndsAnAttempt(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{})
	server.Freeze()
	sender, err := smtp.New(smtp.Config{URL: server.URL(), From: from, Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if err := sender.Send(t.Context(), email(1)); !errors.As(err, &timeout) && !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestSettingsThatCannotWork(t *testing.T) {
	t.Parallel()
	const good = "smtp://user:canary@mail.example.com"
	for _, config := range []smtp.Config{
		{URL: "", From: from},
		{URL: "mail.example.com:25", From: from},
		{URL: "http://mail.example.com", From: from},
		{URL: "smtp://", From: from},
		{URL: good + "/path", From: from},
		{URL: good + "?tls=no", From: from},
		{URL: good + "#x", From: from},
		{URL: "smtp://user:canary%zz@mail.example.com", From: from},
		{URL: good + ":port", From: from},
		{URL: good, From: ""},
		{URL: good, From: "no address"},
		{URL: good, From: "ü@example.com"},
		{URL: good, From: "a@example.com, b@example.com"},
	} {
		sender, err := smtp.New(config)
		if err == nil || sender != nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q from %q: %v", config.URL, config.From, err)
		}
	}
}
