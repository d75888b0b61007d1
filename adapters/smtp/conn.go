package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/textproto"
	"slices"
	"time"

	gomail "github.com/wneessen/go-mail"
	gosmtp "github.com/wneessen/go-mail/smtp"
)

// quitTimeout bounds the farewell to a server that may be gone.
const quitTimeout = 2 * time.Second

var (
	errNoTLS         = errors.New("the server offers no STARTTLS, which is required")
	errNoMechanism   = errors.New("the server offers neither PLAIN nor LOGIN")
	errInternational = errors.New("smtp: the address is not ASCII and the server does not do SMTPUTF8 (RFC 6531)")
)

// conn is one session with the server.
type conn struct {
	raw    net.Conn
	client *gosmtp.Client
	sent   int
	expiry *time.Timer // set while idle
}

// open connects, greets, secures and signs in.
func (s *server) open(ctx context.Context) (*conn, error) {
	raw, err := s.dial(ctx)
	if err != nil {
		return nil, stage("connect", err)
	}
	c := &conn{raw: raw}
	err = c.bounded(ctx, func() error {
		if c.client, err = gosmtp.NewClient(raw, s.host); err != nil {
			return stage("greeting", err)
		}
		return c.introduce(s)
	})
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	return c, nil
}

func (s *server) dial(ctx context.Context) (net.Conn, error) {
	if s.implicitTLS {
		return (&tls.Dialer{Config: s.tls}).DialContext(ctx, "tcp", s.address)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", s.address)
}

func (c *conn) introduce(s *server) error {
	if err := c.client.Hello(s.hello); err != nil {
		return stage("hello", err)
	}
	if !s.implicitTLS {
		if offered, _ := c.client.Extension("STARTTLS"); offered {
			if err := c.client.StartTLS(s.tls); err != nil {
				return stage("starttls", err)
			}
		} else if s.requireTLS {
			return stage("starttls", errNoTLS)
		}
	}
	if s.user == "" {
		return nil
	}
	return stage("authenticate", c.client.Auth(&credentials{server: s}))
}

// bounded runs do so that the end of ctx ends it. Where do succeeds in the very moment in which ctx ends,
// what the server said counts; that the connection is closed is found by the next ping.
func (c *conn) bounded(ctx context.Context, do func() error) error {
	deadline, _ := ctx.Deadline() // the zero time, where there is none, means no deadline here too
	if err := c.raw.SetDeadline(deadline); err != nil {
		return stage("connection", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.raw.Close() })
	defer stop()
	return do()
}

func (c *conn) ping() error { return stage("noop", c.client.Noop()) }

// transfer hands one message over. Once it returns nil the server has it.
func (c *conn) transfer(from, to string, message *gomail.Msg) error {
	international := !ascii(to)
	if known, _ := c.client.Extension("SMTPUTF8"); international && !known {
		return errInternational
	}
	// Asked for without need, SMTPUTF8 makes relays that lack it return the message.
	c.client.SkipSMTPUTF8(!international)
	if err := c.client.Mail("<" + from + ">"); err != nil {
		return stage("sender", err)
	}
	if err := c.client.Rcpt("<" + to + ">"); err != nil {
		return messageStage("recipient", err)
	}
	writer, err := c.client.Data()
	if err != nil {
		return messageStage("data", err)
	}
	if _, err := message.WriteTo(writer); err != nil {
		return stage("contents", err)
	}
	c.sent++
	return messageStage("end of data", writer.Close())
}

// abandon ends a session in which something failed: with a farewell where the server still talks.
func (c *conn) abandon(failure error) {
	var reply *textproto.Error
	if errors.As(failure, &reply) {
		c.quit()
		return
	}
	_ = c.raw.Close()
}

// quit ends the session.
func (c *conn) quit() {
	_ = c.raw.SetDeadline(time.Now().Add(quitTimeout))
	_ = c.client.Quit()
	_ = c.raw.Close()
}

// credentials signs in with the simplest mechanism that the server offers: the connection is encrypted
// and the server's certificate verified, so nothing is won by a challenge, and a plain password is what
// every password store can check. Without TLS it refuses.
type credentials struct {
	server *server
	chosen gosmtp.Auth
}

// Start implements the library's Auth.
func (c *credentials) Start(info *gosmtp.ServerInfo) (string, []byte, error) {
	s := c.server
	switch {
	case !info.TLS:
		return "", nil, errNoTLS
	case slices.Contains(info.Auth, "PLAIN"):
		c.chosen = gosmtp.PlainAuth("", s.user, s.password, s.host, false)
	case slices.Contains(info.Auth, "LOGIN"):
		c.chosen = gosmtp.LoginAuth(s.user, s.password, s.host, false)
	default:
		return "", nil, errNoMechanism
	}
	return c.chosen.Start(info)
}

// Next implements the library's Auth.
func (c *credentials) Next(fromServer []byte, more bool) ([]byte, error) {
	return c.chosen.Next(fromServer, more)
}
