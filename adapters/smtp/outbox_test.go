package smtp_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/smtp/smtptest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mail/mailtest"
	"github.com/doorward/doorward/core/secret"
)

// office is the outbox, the courier and the real sender behind it.
type office struct {
	*mail.Office
	clock   *coretest.Clock
	outbox  *mailtest.Outbox
	courier *mail.Courier
}

func newOffice(t *testing.T, server *smtptest.Server) *office {
	t.Helper()
	ring, ringErr := secret.ParseRing(secret.GenerateKey("k1"))
	catalog, textsErr := mail.Texts()
	if err := errors.Join(ringErr, textsErr); err != nil {
		t.Fatal(err)
	}
	renderer, err := mail.NewRenderer(catalog, "Example", "https://app.example.com")
	if err != nil {
		t.Fatal(err)
	}
	clock := coretest.NewClock()
	outbox := mailtest.NewOutbox(coretest.NewDatabase())
	return &office{
		Office: mail.NewOffice(outbox, ring, clock, core.NewIDs(clock)), clock: clock, outbox: outbox,
		courier: mail.NewCourier(mail.CourierDeps{
			Outbox: outbox, Ring: ring, Renderer: renderer, Sender: open(t, server), Clock: clock, Log: core.Discard(),
		}),
	}
}

// post queues n notices, which never expire.
func (o *office) post(t *testing.T, n int) {
	t.Helper()
	for range n {
		if err := o.Post(t.Context(), mail.Letter{Kind: mail.KindPasswordChanged, To: "ada@example.org"}); err != nil {
			t.Fatal(err)
		}
	}
}

func (o *office) step(t *testing.T) {
	t.Helper()
	if _, err := o.courier.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// settle steps until nothing is queued.
func (o *office) settle(t *testing.T) {
	t.Helper()
	for range 50 {
		stats, err := o.outbox.Stats(t.Context(), o.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if stats.Queued == 0 {
			return
		}
		o.clock.Advance(15 * time.Minute)
		o.step(t)
	}
	t.Fatal("the outbox does not empty")
}

func arrived(t *testing.T, server *smtptest.Server, want int) map[string]int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	messages, err := server.Await(ctx, want)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]int{}
	for _, message := range messages {
		ids[message.Header.Get("Message-Id")]++
	}
	if len(ids) != want {
		t.Errorf("%d of %d letters arrived", len(ids), want)
	}
	return ids
}

func TestNothingIsLostWhileTheServerIsAway(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{Mode: smtptest.STARTTLS, User: "user", Password: "password"})
	o := newOffice(t, server)
	o.post(t, 10)
	o.step(t)
	server.Stop()
	o.post(t, 30)
	for range 5 {
		o.clock.Advance(time.Minute)
		o.step(t)
	}
	server.Restart()
	o.settle(t)
	if ids := arrived(t, server, 40); len(server.Messages()) != len(ids) {
		t.Errorf("%d deliveries of %d letters", len(server.Messages()), len(ids))
	}
}

func TestALostReplyDoublesUnderTheSameMessageID(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{})
	o := newOffice(t, server)
	server.LoseReplies(3)
	o.post(t, 8)
	o.step(t)
	o.settle(t)
	arrived(t, server, 8)
	if got := len(server.Messages()); got != 8+3 {
		t.Errorf("%d deliveries", got)
	}
}

func TestARefusedLetterIsKeptAsFailed(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{})
	o := newOffice(t, server)
	server.Refuse(smtptest.AtRecipient, smtptest.Reply{Code: 550, Text: "no such user"})
	o.post(t, 1)
	o.step(t)
	row := o.outbox.All()[0]
	if row.State != mail.StateFailed || row.Payload == nil || row.LastError != `smtp: recipient: 550 "no such user"` {
		t.Errorf("%s, %q", row.State, row.LastError)
	}
}
