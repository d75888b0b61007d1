package smtptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"slices"
	"strings"
)

// Message is what the server was sent.
type Message struct {
	// From and To are the envelope's.
	From string
	To   []string
	// Header is the message's own, Subject its decoded subject, Text and HTML its decoded parts.
	Header  netmail.Header
	Subject string
	Text    string
	HTML    string
	Raw     []byte
}

// Messages gives what was captured, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Await waits until n messages are there and gives all of them. The error is that of ctx.
func (s *Server) Await(ctx context.Context, n int) ([]Message, error) {
	for {
		s.mu.Lock()
		messages, changed := slices.Clone(s.messages), s.changed
		s.mu.Unlock()
		if len(messages) >= n {
			return messages, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return messages, fmt.Errorf("smtptest: %d of %d messages: %w", len(messages), n, ctx.Err())
		}
	}
}

// keep captures a message and tells whether the client may learn of it.
func (s *Server) keep(from string, to []string, raw []byte) (reply bool) {
	message, err := parse(raw)
	if err != nil {
		s.t.Errorf("smtptest: a message cannot be read: %v", err)
	}
	message.From, message.To, message.Raw = from, slices.Clone(to), raw
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, message)
	close(s.changed)
	s.changed = make(chan struct{})
	if s.losses > 0 {
		s.losses--
		return false
	}
	return true
}

func parse(raw []byte) (Message, error) {
	parsed, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Message{}, err
	}
	message := Message{Header: parsed.Header}
	if message.Subject, err = new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject")); err != nil {
		return message, err
	}
	kind, parameters, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil {
		return message, err
	}
	if kind != "multipart/alternative" {
		return message, fmt.Errorf("it is %s", kind)
	}
	err = message.readParts(multipart.NewReader(parsed.Body, parameters["boundary"]))
	return message, err
}

func (m *Message) readParts(parts *multipart.Reader) error {
	for {
		part, err := parts.NextPart() // decodes quoted-printable
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return err
		}
		text := strings.ReplaceAll(string(content), "\r\n", "\n")
		switch kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind {
		case "text/plain":
			m.Text = text
		case "text/html":
			m.HTML = text
		}
	}
}
