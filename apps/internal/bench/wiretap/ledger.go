// Package wiretap forwards connections to PostgreSQL and Valkey and counts what passes. Counting on the wire
// needs no rights on either server, and sees everything: what a driver sends of itself too.
package wiretap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"sync"
)

// Count is how often something was sent.
type Count struct {
	// Statements are those executed, or commands.
	Statements int
	// Trips are the times that the client waited for the server: a batch of statements is one.
	Trips int
}

// Ledger counts by the name of what was sent. Safe for concurrent use.
type Ledger struct {
	mu     sync.Mutex
	counts map[string]Count
}

func (l *Ledger) add(name string, statements, trips int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts == nil {
		l.counts = make(map[string]Count)
	}
	count := l.counts[name]
	l.counts[name] = Count{count.Statements + statements, count.Trips + trips}
}

// Take gives what was counted since it was last called.
func (l *Ledger) Take() map[string]Count {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := maps.Clone(l.counts)
	clear(l.counts)
	return taken
}

// Reader reads what a client sends on one connection and enters it in the ledger. It ends with the error of
// from, io.EOF included.
type Reader func(from io.Reader, ledger *Ledger) error

// Tap is a listener on loopback that forwards.
type Tap struct {
	Ledger
	listener net.Listener
	target   string
	read     Reader
}

// Listen opens a tap before target (host:port), which read understands. Close it.
func Listen(ctx context.Context, target string, read Reader) (*Tap, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	tap := &Tap{listener: listener, target: target, read: read}
	go tap.accept(ctx)
	return tap, nil
}

// Address is where clients connect to.
func (t *Tap) Address() string { return t.listener.Addr().String() }

// Close lets nobody else in. Connections live until one of their ends closes them.
func (t *Tap) Close() error { return t.listener.Close() }

func (t *Tap) accept(ctx context.Context) {
	for {
		client, err := t.listener.Accept()
		if err != nil {
			return
		}
		go t.forward(ctx, client)
	}
}

func (t *Tap) forward(ctx context.Context, client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := new(net.Dialer).DialContext(ctx, "tcp", t.target)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	_ = t.read(io.TeeReader(client, server), &t.Ledger)
}

var errFrame = errors.New("wiretap: not a message of this protocol")

func frameError(what string, value int) error {
	return fmt.Errorf("%w: %s of %d", errFrame, what, value)
}
