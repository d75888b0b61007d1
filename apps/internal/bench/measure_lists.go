package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// question is something that an administrator asks.
type question struct {
	name, path string
	// pages is how many pages are turned.
	pages int
	bound float64 // ms
}

// listBound is how long a page may take in the median, in ms, and figureBound a dashboard: what a person takes for at
// once, and what was promised.
const listBound, figureBound = 50, 50

var questions = []question{
	{"`GET /v1/users`, a page", "/v1/users?limit=50", 1, listBound},
	{"`GET /v1/users`, 20 pages deep", "/v1/users?limit=50", 20, listBound},
	{"`GET /v1/users`, by name, suspended in DE", "/v1/users?limit=50&sort=name&status=suspended&country=DE", 3, listBound},
	{"`GET /v1/users`, with the role ADMIN", "/v1/users?limit=50&role=ADMIN", 3, listBound},
	{"`GET /v1/users`, by name, of filters that nobody passes", "/v1/users?limit=50&sort=name&status=suspended&email_verified=false", 3, listBound},
	{"`GET /v1/users`, of filters that nobody passes", "/v1/users?limit=50&status=suspended&email_verified=false", 3, listBound},
	{"`GET /v1/users`, search for what is common", "/v1/users?limit=50&search=ma", 3, listBound},
	{"`GET /v1/users`, search for a letter", "/v1/users?limit=50&search=m", 3, listBound},
	{"`GET /v1/users`, search for a name, suspended", "/v1/users?limit=50&search=mary&status=suspended", 3, listBound},
	{"`GET /v1/users`, search for one", "/v1/users?limit=50&search=mary.johnson.0@", 1, listBound},
	{"`GET /v1/audit-logs`, a page", "/v1/audit-logs?limit=50", 3, listBound},
	{"`GET /v1/audit-logs`, one action", "/v1/audit-logs?limit=50&action=account.lock", 3, listBound},
	{"`GET /v1/login-attempts`, what failed", "/v1/login-attempts?limit=50&outcome=failure", 3, listBound},
	{"`GET /v1/dashboard/overview`", "/v1/dashboard/overview", 1, figureBound},
	{"`GET /v1/dashboard/user-growth`", "/v1/dashboard/user-growth", 1, figureBound},
	{"`GET /v1/dashboard/all`", "/v1/dashboard/all", 1, figureBound},
}

// largeTables are those that must not be read as a whole.
const largeTables = "'users', 'user_roles', 'user_groups', 'sessions', 'devices', 'audit_log'"

// measureLists asks each question some times and, at the end, the database whether it has read a large table as a whole
// for any of them.
func (b *bench) measureLists(ctx context.Context) ([]row, error) {
	token := b.access[0]
	var rows []row
	if err := b.server.await(ctx); err != nil {
		return nil, err
	}
	before, err := b.sequential(ctx)
	if err != nil {
		return nil, err
	}
	for _, asked := range questions {
		var times series
		for range 10 * b.rounds / asked.pages {
			took, err := b.turn(ctx, token, asked)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", asked.path, err)
			}
			times = append(times, took...)
		}
		rows = append(rows, row{
			asked.name, fmt.Sprintf("%.1f ms, p99 %.1f ms", times.median(), times.at(0.99)),
			fmt.Sprintf("≤ %.0f ms in the median", asked.bound), times.median() <= asked.bound,
		})
	}
	b.server.stop() // a connection tells what it has read at its end
	after, err := b.sequential(ctx)
	if err != nil {
		return nil, err
	}
	if b.server, err = b.start(ctx, nil); err != nil {
		return nil, err
	}
	return append(rows, row{
		"rows of large tables read without an index for all of the above", fmt.Sprint(after - before), "0", after == before,
	}), nil
}

// turn asks a question page by page, and gives the time of each in ms.
func (b *bench) turn(ctx context.Context, token string, asked question) (times series, err error) {
	line, err := dial(ctx, b.server.address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = line.conn.Close() }()
	path := asked.path
	for range asked.pages {
		began := time.Now()
		body, err := line.exchange(get(path, token))
		if err != nil {
			return nil, err
		}
		times = append(times, float64(time.Since(began).Microseconds())/1000)
		var page struct {
			NextCursor *string `json:"next_cursor"`
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return nil, err
		}
		if page.NextCursor == nil {
			break
		}
		path = asked.path + "&cursor=" + url.QueryEscape(*page.NextCursor)
	}
	return times, nil
}

// sequential counts the rows of large tables that were read without an index since the database was made.
func (b *bench) sequential(ctx context.Context) (int64, error) {
	texts, err := b.texts(ctx, `SELECT sum(seq_tup_read)::text FROM pg_stat_user_tables WHERE relname IN (`+largeTables+`)`)
	if err != nil {
		return 0, err
	}
	var rows int64
	_, err = fmt.Sscan(strings.Join(texts, ""), &rows)
	return rows, err
}
