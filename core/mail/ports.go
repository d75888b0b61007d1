package mail

import (
	"context"
	"log/slog"
	"time"

	"github.com/doorward/doorward/core"
)

// State is where a queued message stands.
type State string

// The states.
const (
	StateQueued State = "queued"
	StateSent   State = "sent"
	StateFailed State = "failed" // given up after the last attempt, or refused for good
)

// Envelope is a queued letter. Payload is the sealed letter; it is erased (nil) once the message is sent.
type Envelope struct {
	ID      core.ID
	Kind    Kind
	To      string
	Payload []byte
	State   State
	// Attempts is how often sending was tried, LastError what went wrong last, without secrets.
	Attempts  int
	LastError string
	CreatedAt time.Time
	// NextAt is when the message is due.
	NextAt time.Time
	SentAt time.Time
}

// Outbox keeps queued messages.
type Outbox interface {
	// Put queues a message in ctx's transaction.
	Put(ctx context.Context, envelope Envelope) error
	// Claim hands out up to limit due messages, longest due first, counts the attempt, and hides them
	// from other claimers until now+lease. Two claimers never get the same one within its lease.
	Claim(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Envelope, error)
	// Sent marks a message sent and erases its payload. core.ErrNotFound when it is unknown or was marked
	// before.
	Sent(ctx context.Context, id core.ID, now time.Time) error
	// Defer notes why an attempt failed and makes the message due at next. core.ErrNotFound when it is
	// not queued any more.
	Defer(ctx context.Context, id core.ID, reason string, next time.Time) error
	// Fail gives a message up. Its payload stays, sealed, for a retry by an operator. core.ErrNotFound when
	// it is not queued any more.
	Fail(ctx context.Context, id core.ID, reason string) error
	// Stats counts the queued and failed messages and tells since when the oldest due one waits (zero:
	// none waits).
	Stats(ctx context.Context, now time.Time) (Stats, error)
}

// Stats is the state of the outbox as a whole.
type Stats struct {
	Queued    int64
	Failed    int64
	OldestDue time.Time
}

// Email is a rendered message. Its JSON form is what the development mailbox seals.
type Email struct {
	// ID becomes the Message-ID, so that a receiver can drop a doubled delivery.
	ID      core.ID `json:"id"`
	Kind    Kind    `json:"kind"`
	To      string  `json:"to"`
	Subject string  `json:"subject"`
	Text    string  `json:"text"`
	HTML    string  `json:"html"`
	// Code and Link repeat the secrets of the text, for the development mailbox.
	Code string `json:"code,omitzero"`
	Link string `json:"link,omitzero"`
}

// String names the message without its contents, so that no log ever shows its secrets.
func (e Email) String() string { return "email " + string(e.Kind) + " " + e.ID.String() }

// GoString is String for %#v.
func (e Email) GoString() string { return e.String() }

// LogValue is String for structured logs.
func (e Email) LogValue() slog.Value { return slog.StringValue(e.String()) }

// Sender hands a rendered message to the next peer.
type Sender interface {
	// Send returns nil once the peer has taken responsibility for the message. An error of KindInvalid
	// is final (see Refused); any other may be tried again. Send gives up when ctx ends. Its errors hold
	// no credentials of the peer.
	Send(ctx context.Context, email Email) error
	// Check tells whether the peer can be reached now.
	Check(ctx context.Context) error
}

// Refused is the final error of a Sender: the peer will never take this message.
func Refused(cause error) error {
	return core.NewError(core.KindInvalid, core.CodeNotAllowed, "The message was refused for good.").Because(cause)
}

// Caught is a message in the development mailbox. Contents is the sealed Email.
type Caught struct {
	ID       core.ID
	Kind     Kind
	To       string
	Channel  string
	Contents []byte
	SentAt   time.Time
}

// Mailbox keeps the messages that the development mailbox caught.
type Mailbox interface {
	// Keep adds a message; one with the same id is kept once.
	Keep(ctx context.Context, caught Caught) error
	// Browse gives up to limit messages, newest first; an empty to or kind matches all.
	Browse(ctx context.Context, to string, kind Kind, limit int) ([]Caught, error)
	// Empty removes all messages.
	Empty(ctx context.Context) error
}
