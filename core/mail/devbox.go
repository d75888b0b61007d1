package mail

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
)

// ChannelEmail is the channel of a caught email. Texts bring their own.
const ChannelEmail = "email"

// The bounds of one look into the development mailbox.
const (
	DevBoxLimitDefault = 50
	DevBoxLimitMax     = 200
)

// DevBox is the development mailbox: a Sender that sends nowhere and keeps every message, sealed, for
// the developer to read. It shows codes and links to whoever asks, so it must never serve a deployment
// that has real users. Safe for concurrent use.
type DevBox struct {
	mailbox Mailbox
	ring    *secret.Ring
	clock   core.Clock
}

var _ Sender = (*DevBox)(nil)

// NewDevBox makes a development mailbox.
func NewDevBox(mailbox Mailbox, ring *secret.Ring, clock core.Clock) *DevBox {
	return &DevBox{mailbox: mailbox, ring: ring, clock: clock}
}

// Message is a caught message as the developer reads it. Code and Link are empty where the letter had
// none.
type Message struct {
	ID      core.ID
	To      string
	Channel string
	Kind    Kind
	Subject string
	Text    string
	HTML    string
	Code    string
	Link    string
	SentAt  time.Time
}

// Send implements Sender: it keeps the message. One that is sent again is kept once.
func (b *DevBox) Send(ctx context.Context, email Email) error {
	plain, err := json.Marshal(email)
	if err != nil {
		return core.Internal(fmt.Errorf("mail: %w", err))
	}
	return b.mailbox.Keep(ctx, Caught{
		ID: email.ID, Kind: email.Kind, To: strings.ToLower(email.To), Channel: ChannelEmail,
		Contents: b.ring.Seal(caughtAs(email.ID), plain), SentAt: b.clock.Now(),
	})
}

// Check implements Sender: there is no peer that could be away.
func (b *DevBox) Check(context.Context) error { return nil }

// List gives up to limit messages, newest first, of one recipient (in any case) and one kind, or of all
// where those are empty. A limit of 0 means DevBoxLimitDefault, and DevBoxLimitMax is the most. Messages
// sealed with a key that is gone are left out. Errors are the mailbox's.
func (b *DevBox) List(ctx context.Context, to string, kind Kind, limit int) ([]Message, error) {
	if limit <= 0 {
		limit = DevBoxLimitDefault
	}
	caught, err := b.mailbox.Browse(ctx, strings.ToLower(to), kind, min(limit, DevBoxLimitMax))
	if err != nil {
		return nil, err
	}
	messages := make([]Message, 0, len(caught))
	for _, each := range caught {
		if message, err := b.open(each); err == nil {
			messages = append(messages, message)
		}
	}
	return messages, nil
}

// Empty removes all messages.
func (b *DevBox) Empty(ctx context.Context) error { return b.mailbox.Empty(ctx) }

func (b *DevBox) open(caught Caught) (Message, error) {
	plain, err := b.ring.Open(caughtAs(caught.ID), caught.Contents)
	if err != nil {
		return Message{}, err
	}
	var email Email
	if err := json.Unmarshal(plain, &email); err != nil {
		return Message{}, fmt.Errorf("mail: %w", err)
	}
	return Message{
		ID: caught.ID, To: email.To, Channel: caught.Channel, Kind: email.Kind, Subject: email.Subject,
		Text: email.Text, HTML: email.HTML, Code: email.Code, Link: email.Link, SentAt: caught.SentAt,
	}, nil
}

// caughtAs binds a sealed message to its row.
func caughtAs(id core.ID) string { return secret.PlaceMailbox.Of(id.String()) }
