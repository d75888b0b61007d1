package postgrestest

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A database that a test is done with is emptied, filled as migrations fill it, and lent to the next one: that takes
// some milliseconds, while copying one and removing it takes a hundred, with a checkpoint each. One whose schema a
// test changed, or which it made large, is removed. They outlive the test binary and are lent by the next one.

// stock lends databases of one server.
type stock struct {
	server   string
	pool     *pgxpool.Pool // to the server, not to what is lent
	template string
	fresh    portrait

	mu     sync.Mutex
	claims *pgx.Conn // holds the locks that tell other binaries which databases are ours
	ours   map[string]bool
	spares []*spare
}

// spare is a database, with a connection that has read its schema already.
type spare struct {
	name string
	conn *pgx.Conn
}

// lend gives a migrated database that nobody else uses.
func (s *stock) lend(ctx context.Context) (*spare, error) {
	if known := s.pop(); known != nil {
		return known, nil
	}
	if left, err := s.adopt(ctx); err != nil || left != nil {
		return left, err
	}
	name := s.prefix() + strings.ToLower(rand.Text())
	if _, err := s.claim(ctx, name); err != nil {
		return nil, err
	}
	_, err := s.pool.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+s.template)
	return &spare{name: name}, err
}

func (s *stock) pop() *spare {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.spares) - 1
	if last < 0 {
		return nil
	}
	popped := s.spares[last]
	s.spares = s.spares[:last]
	return popped
}

func (s *stock) push(done *spare) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spares = append(s.spares, done)
}

// adopt gives a database that a binary left behind which has ended; nil where there is none.
func (s *stock) adopt(ctx context.Context) (*spare, error) {
	rows, err := s.pool.Query(ctx, "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", s.prefix())
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		claimed, err := s.claim(ctx, name)
		if err != nil {
			return nil, err
		}
		if !claimed {
			continue
		}
		left := &spare{name: name}
		if clean, err := s.clean(ctx, left); err == nil && clean {
			return left, nil // else somebody removed it just before we claimed it, or we did just now
		}
	}
	return nil, nil
}

// claim tells whether a database is ours from now on, and was nobody's before.
func (s *stock) claim(ctx context.Context, name string) (claimed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ours[name] {
		return false, nil
	}
	err = s.claims.QueryRow(ctx, "SELECT pg_try_advisory_lock(0, hashtext($1))", name).Scan(&claimed)
	s.ours[name] = claimed
	return claimed, err
}

// prefix starts the names of the databases that may be lent. Their migrations are part of it, as of the template's.
func (s *stock) prefix() string {
	return strings.Replace(s.template, "_template_", "_lent_", 1) + "_"
}

// giveBack takes a database to the spares, or removes it.
func (s *stock) giveBack(ctx context.Context, done *spare) error {
	clean, err := s.clean(ctx, done)
	if clean {
		s.push(done)
	}
	return err
}

// clean makes a database fresh. One that cannot be is removed.
func (s *stock) clean(ctx context.Context, used *spare) (clean bool, err error) {
	if err := s.isolate(ctx, used); err != nil {
		return false, err
	}
	clean, err = s.fresh.restore(ctx, used.conn)
	if !clean {
		_ = used.conn.Close(ctx)
		err = errors.Join(err, s.remove(ctx, used.name))
	}
	return clean, err
}

// isolate ends all other connections to a database, and makes ours where there is none, or a test ended it.
func (s *stock) isolate(ctx context.Context, used *spare) error {
	if used.conn == nil || used.conn.Ping(ctx) != nil {
		conn, err := pgx.Connect(ctx, replaceName(s.server, used.name))
		if err != nil {
			return err
		}
		used.conn = conn
	}
	for connected := true; connected; {
		err := used.conn.QueryRow(ctx, `SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`).Scan(&connected)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *stock) remove(ctx context.Context, name string) error {
	_, err := s.pool.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
	return err
}
