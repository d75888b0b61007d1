package postgres_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/postgres"
	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/device/devicetest"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/session"
)

// wire counts what a client sends through it: statements that are executed, and round trips, of which each
// ends with a Sync or is a simple query (PostgreSQL manual, "Message Flow").
type wire struct {
	statements, trips atomic.Int64
	address           string
}

// counted puts a wire between the test and the database, and gives the database behind it.
func counted(t *testing.T) (*postgres.Database, *wire) {
	t.Helper()
	target, err := url.Parse(postgrestest.URL(t))
	coretest.Must(t, err)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	coretest.Must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	w := &wire{address: target.Host}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go w.serve(client)
		}
	}()
	target.Host = listener.Addr().String()
	db := postgrestest.OpenURL(t, target.String(), func(config *postgres.Config) { config.MaxConns = 1 })
	return db, w
}

func (w *wire) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", w.address)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() { _, _ = io.Copy(client, server) }()
	first := true
	for w.forward(client, server, first) == nil {
		first = false
	}
}

// forward passes on one message of the client. The first has no type.
func (w *wire) forward(client io.Reader, server io.Writer, first bool) error {
	head := make([]byte, 5)
	if first {
		head = head[:4]
	}
	if _, err := io.ReadFull(client, head); err != nil {
		return err
	}
	length := binary.BigEndian.Uint32(head[len(head)-4:])
	switch {
	case first:
	case head[0] == 'Q':
		w.statements.Add(1)
		w.trips.Add(1)
	case head[0] == 'E':
		w.statements.Add(1)
	case head[0] == 'S':
		w.trips.Add(1)
	}
	if _, err := server.Write(head); err != nil {
		return err
	}
	_, err := io.CopyN(server, client, int64(length)-4)
	return err
}

// cost runs act once for the caches, and then counts.
func (w *wire) cost(t *testing.T, act func() error) (statements, trips int64) {
	t.Helper()
	coretest.Must(t, act())
	w.statements.Store(0)
	w.trips.Store(0)
	coretest.Must(t, act())
	return w.statements.Load(), w.trips.Load()
}

func envelope(user account.User) mail.Envelope {
	return mail.Envelope{
		ID: accounttest.NewID(), Kind: mail.KindNewDevice, To: user.Email, Payload: []byte{1}, State: mail.StateQueued,
		CreatedAt: coretest.Epoch, NextAt: coretest.Epoch,
	}
}

// TestWhatTheHotPathsCost holds the promises of the ports: statements and round trips.
func TestWhatTheHotPathsCost(t *testing.T) {
	t.Parallel()
	db, w := counted(t)
	user, guest, host := create(t, db), create(t, db), create(t, db)
	live, doomed := sessionOf(user.ID), make(chan core.ID, 2)
	_, err := db.Sessions().Open(t.Context(), session.Opening{Session: live, UserRev: user.Rev, Limit: 10})
	coretest.Must(t, err)
	for range cap(doomed) {
		one := sessionOf(host.ID)
		_, err := db.Sessions().Open(t.Context(), session.Opening{Session: one, UserRev: host.Rev, Limit: 10})
		coretest.Must(t, err)
		doomed <- one.ID
	}

	now := coretest.Epoch
	cases := map[string]struct {
		statements, trips int64
		act               func(ctx context.Context) error
	}{
		"finding a user": {1, 1, func(ctx context.Context) error {
			identifier := account.Identifier{Kind: account.IdentifierEmail, Key: user.EmailKey}
			return second(db.Accounts().FindByIdentifier(ctx, identifier))
		}},
		"opening a session": {2, 1, func(ctx context.Context) error {
			return second(db.Sessions().Open(ctx, session.Opening{Session: sessionOf(user.ID), UserRev: user.Rev, Limit: 10}))
		}},
		"reserving a try": {1, 1, func(ctx context.Context) error {
			return second(db.Tries().Reserve(ctx, lockout.Reservation{
				Subject: lockout.PasswordOf(user.ID), Source: "here", Shown: "shown", User: user.ID, Now: now,
				Rules: lockout.Rules{Tries: lockout.DefaultTries, Duration: lockout.DefaultDuration},
			}))
		}},
		"opening a session with all that comes along": {2, 1, func(ctx context.Context) error {
			known := devicetest.New(guest.ID, now)
			return second(db.Sessions().Open(ctx, session.Opening{
				Session: sessionOf(guest.ID), UserRev: guest.Rev, Limit: 1, Device: known,
				Clear:  lockout.Of(guest.ID),
				Events: []audit.Event{audittest.Event(guest.ID, now)}, Evicted: audittest.Event(guest.ID, now),
				NewDevice: envelope(guest), Farewell: envelope(guest),
			}))
		}},
		"ending a session, and telling of it": {1, 1, func(ctx context.Context) error {
			return second(db.Sessions().End(
				ctx, host.ID, <-doomed, session.EndRevoked, coretest.Epoch, audittest.Event(host.ID, now)))
		}},
		"ending all, and telling of it": {1, 1, func(ctx context.Context) error {
			return second(db.Sessions().EndAll(
				ctx, guest.ID, core.ID{}, session.EndRevoked, coretest.Epoch, audittest.Event(guest.ID, now)))
		}},
		"refreshing": {1, 1, func(ctx context.Context) error {
			now = now.Add(time.Minute)
			refreshed, _, err := db.Sessions().Refresh(ctx, live.Current(), session.Rotation{
				Now: now, Window: time.Second, IdleTTL: time.Hour, Nonce: session.Nonce{byte(now.Minute())},
			})
			live = refreshed
			return err
		}},
		"looking up a session": {1, 1, func(ctx context.Context) error {
			return second(db.Sessions().Session(ctx, live.ID))
		}},
		"looking up a user": {1, 1, func(ctx context.Context) error { return second(db.Sessions().User(ctx, user.ID)) }},
	}
	for name, c := range cases {
		statements, trips := w.cost(t, func() error { return c.act(t.Context()) })
		if statements != c.statements || trips != c.trips {
			t.Errorf("%s: %d statements in %d round trips, want %d in %d", name, statements, trips, c.statements, c.trips)
		}
	}
}
