// Package smtp sends mail through a submission server (RFC 6409), over verified TLS.
//
// Make one Sender with New and share it. It keeps a few connections for as long as mail follows on mail
// and opens new ones otherwise, so a server that was away is found again without help. It neither
// queues nor repeats: the outbox of core/mail does.
package smtp

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mail"
)

// checkTimeout bounds a Check: a healthy server greets and authenticates in well under a second.
const checkTimeout = 5 * time.Second

// Sender implements mail.Sender. Safe for concurrent use.
type Sender struct {
	server *server
	idle   pool
}

var _ mail.Sender = (*Sender)(nil)

// New makes a sender. It does not connect: a server that is away when the program starts may be there
// when mail is due. Errors are those of the settings and hold no password.
func New(config Config) (*Sender, error) {
	server, err := config.read()
	if err != nil {
		return nil, err
	}
	return &Sender{server: server}, nil
}

// Send implements mail.Sender. Final are the server's 5yz replies about this recipient or this message
// (RFC 5321 §4.2.1); everything else, a refused sign-in or certificate too, is KindUnavailable, because
// it changes when the server or the settings do.
func (s *Sender) Send(ctx context.Context, email mail.Email) error {
	message, err := s.server.compose(email)
	if err != nil {
		return mail.Refused(err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.server.timeout)
	defer cancel()
	return verdict(s.with(ctx, func(c *conn) error { return c.transfer(s.server.from.Address, email.To, message) }))
}

// Check implements mail.Sender: it greets the server, signing in where there are credentials, and takes
// no longer than 5 s. A connection that is kept is asked instead of opening one.
func (s *Sender) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	return verdict(s.with(ctx, (*conn).ping))
}

// Close ends the connections that are kept. Connections in use end with their use.
func (s *Sender) Close() { s.idle.close() }

// with runs do on a connection that works, and keeps it unless do fails.
func (s *Sender) with(ctx context.Context, do func(*conn) error) error {
	c, err := s.connection(ctx)
	if err != nil {
		return err
	}
	if err := c.bounded(ctx, func() error { return do(c) }); err != nil {
		c.abandon(err)
		return err
	}
	s.idle.put(c)
	return nil
}

// connection takes one that is kept and still answers, or opens one.
func (s *Sender) connection(ctx context.Context) (*conn, error) {
	for c := s.idle.take(); c != nil; c = s.idle.take() {
		if c.bounded(ctx, c.ping) == nil {
			return c, nil
		}
		c.abandon(nil)
		if ctx.Err() != nil {
			break
		}
	}
	return s.server.open(ctx)
}

// verdict turns what went wrong into the two kinds that mail.Sender promises.
func verdict(err error) error {
	if err == nil {
		return nil
	}
	var reply *textproto.Error
	var at *stageError
	if errors.As(err, &at) && at.aboutMessage && errors.As(err, &reply) && final(reply.Code) {
		return mail.Refused(err)
	}
	if errors.Is(err, errInternational) {
		return mail.Refused(err)
	}
	return core.Unavailable(err)
}

// final reports whether a reply settles the fate of a message. The exceptions are about the session and
// not about the message: commands out of order or unsupported (RFC 5321 §4.2.2), and missing, weak or
// failed authentication (RFC 4954 §6).
func final(code int) bool {
	switch code {
	case 502, 503, 530, 534, 535, 538:
		return false
	}
	return code/100 == 5
}

// stageError tells at which step of a session something went wrong.
type stageError struct {
	stage string
	// aboutMessage tells that the step was about one recipient or message, not about the session.
	aboutMessage bool
	cause        error
}

// Error implements error with the stage and the cause.
func (e *stageError) Error() string { return fmt.Sprintf("smtp: %s: %v", e.stage, e.cause) }

// Unwrap gives the cause.
func (e *stageError) Unwrap() error { return e.cause }

func stage(name string, cause error) error {
	if cause == nil {
		return nil
	}
	return &stageError{stage: name, cause: cause}
}

func messageStage(name string, cause error) error {
	if cause == nil {
		return nil
	}
	return &stageError{stage: name, aboutMessage: true, cause: cause}
}
