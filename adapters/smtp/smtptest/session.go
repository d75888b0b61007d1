package smtptest

import (
	"crypto/subtle"
	"errors"
	"io"
	"slices"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

// Stage is a step of a session at which the server can refuse.
type Stage uint8

// The stages.
const (
	AtHello     Stage = iota // EHLO
	AtSender                 // MAIL FROM
	AtRecipient              // RCPT TO
	AtEnd                    // after the contents
)

// Reply is a refusal: 4yz for now, 5yz for good (RFC 5321 §4.2.1).
type Reply struct {
	Code int
	Text string
}

// Refuse makes the server answer so at a stage, until Accept.
func (s *Server) Refuse(at Stage, reply Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals[at] = reply
}

// Accept ends all refusals.
func (s *Server) Accept() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.refusals)
}

// LoseReplies makes the server keep the next n messages and then cut the connection instead of
// answering, so that the client cannot know.
func (s *Server) LoseReplies(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.losses = n
}

func (s *Server) refusal(at Stage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	reply, refused := s.refusals[at]
	if !refused {
		return nil
	}
	return &gosmtp.SMTPError{Code: reply.Code, EnhancedCode: gosmtp.NoEnhancedCode, Message: reply.Text}
}

func (s *Server) begin(conn *gosmtp.Conn) (gosmtp.Session, error) {
	if err := s.refusal(AtHello); err != nil {
		return nil, err
	}
	return &session{server: s, conn: conn}, nil
}

type session struct {
	server   *Server
	conn     *gosmtp.Conn
	signedIn bool
	from     string
	to       []string
}

var _ gosmtp.AuthSession = (*session)(nil)

// AuthMechanisms implements gosmtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	if s.server.options.User == "" {
		return nil
	}
	if len(s.server.options.Mechanisms) > 0 {
		return s.server.options.Mechanisms
	}
	return []string{sasl.Plain}
}

// Auth implements gosmtp.AuthSession.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	if !slices.Contains(s.AuthMechanisms(), mechanism) {
		return nil, gosmtp.ErrAuthUnknownMechanism
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return s.signIn(user, password) }), nil
	case sasl.Login:
		return &login{check: s.signIn}, nil
	}
	return nil, gosmtp.ErrAuthUnknownMechanism
}

func (s *session) signIn(user, password string) error {
	options := s.server.options
	if subtle.ConstantTimeCompare([]byte(user+"\x00"+password), []byte(options.User+"\x00"+options.Password)) != 1 {
		return gosmtp.ErrAuthFailed
	}
	s.signedIn = true
	return nil
}

// Mail implements gosmtp.Session.
func (s *session) Mail(from string, _ *gosmtp.MailOptions) error {
	if s.server.options.User != "" && !s.signedIn {
		return &gosmtp.SMTPError{Code: 530, EnhancedCode: gosmtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	s.from = from
	return s.server.refusal(AtSender)
}

// Rcpt implements gosmtp.Session.
func (s *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	if err := s.server.refusal(AtRecipient); err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

// Data implements gosmtp.Session.
func (s *session) Data(contents io.Reader) error {
	raw, err := io.ReadAll(contents)
	if err != nil {
		return err
	}
	if err := s.server.refusal(AtEnd); err != nil {
		return err
	}
	if s.server.keep(s.from, s.to, raw) {
		return nil
	}
	_ = s.conn.Close()
	return errors.New("the reply is lost")
}

// Reset implements gosmtp.Session.
func (s *session) Reset() { s.from, s.to = "", nil }

// Logout implements gosmtp.Session.
func (s *session) Logout() error { return nil }

// login is the server's side of LOGIN, which its library only has for clients.
type login struct {
	check func(user, password string) error
	asked int
	user  string
}

// Next implements sasl.Server.
func (l *login) Next(response []byte) (challenge []byte, done bool, err error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}
