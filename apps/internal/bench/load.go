package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// requester gives the bytes of the request of that number.
type requester func(number int) []byte

// get makes the bytes of a GET with an access token.
func get(path, token string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nAccept: application/json\r\n"+
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\r\n", path, token)
}

// post makes the bytes of a POST with a JSON body.
func post(path string, body any) []byte {
	text, _ := json.Marshal(body) // maps of strings always marshal
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"+
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\r\n%s", path, len(text), text)
}

// line is one connection that is kept alive.
type line struct {
	conn   net.Conn
	reader *bufio.Reader
}

func dial(ctx context.Context, address string) (*line, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if deadline, set := ctx.Deadline(); set {
		_ = conn.SetDeadline(deadline)
	}
	return &line{conn, bufio.NewReaderSize(conn, 16<<10)}, nil
}

// exchange sends a request and gives the body of its reply, which has to be 200.
func (l *line) exchange(request []byte) ([]byte, error) {
	if _, err := l.conn.Write(request); err != nil {
		return nil, err
	}
	reply, err := http.ReadResponse(l.reader, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = reply.Body.Close() }()
	body, err := io.ReadAll(reply.Body)
	if err == nil && reply.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", reply.StatusCode, body)
	}
	return body, err
}

// ask makes one request on a connection of its own.
func ask(ctx context.Context, address string, request []byte) ([]byte, error) {
	line, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = line.conn.Close() }()
	return line.exchange(request)
}

// flood sends count requests over that many connections, each as soon as the reply before it is there.
// handle, where given, sees every reply, on many goroutines.
func flood(
	ctx context.Context, address string, connections, count int, request requester, handle func(number int, body []byte) error,
) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var next atomic.Int64
	failures := make([]error, connections)
	var running sync.WaitGroup
	for place := range connections {
		running.Go(func() {
			line, err := dial(ctx, address)
			if err != nil {
				failures[place] = err
				return
			}
			defer func() { _ = line.conn.Close() }() //nolint:gocritic // one per connection of the load, all open to its end
			for ctx.Err() == nil {
				number := int(next.Add(1)) - 1
				if number >= count {
					return
				}
				body, err := line.exchange(request(number))
				if err == nil && handle != nil {
					err = handle(number, body)
				}
				if err != nil {
					failures[place] = err
					cancel()
					return
				}
			}
		})
	}
	running.Wait()
	return errors.Join(failures...)
}

// paced sends requests at even distances, whether replies are there or not, for a time, and gives how long
// each took from the moment it was due: what waits behind a slow one counts as slow.
func paced(
	ctx context.Context, address string, connections int, every, during time.Duration, request requester,
) ([]time.Duration, error) {
	due := make(chan time.Time, int(during/every)+1)
	times := make([][]time.Duration, connections)
	failures := make([]error, connections)
	var running sync.WaitGroup
	for place := range connections {
		line, err := dial(ctx, address)
		if err != nil {
			return nil, err
		}
		defer func() { _ = line.conn.Close() }() //nolint:gocritic // one per connection of the load, all open to its end
		running.Go(func() {
			number := place
			for at := range due {
				if _, err := line.exchange(request(number)); err != nil {
					failures[place] = err
					continue
				}
				times[place] = append(times[place], time.Since(at))
				number += connections
			}
		})
	}
	began := time.Now()
	for at := began; at.Sub(began) < during && ctx.Err() == nil; at = at.Add(every) {
		time.Sleep(time.Until(at))
		due <- at
	}
	close(due)
	running.Wait()
	var all []time.Duration
	for _, part := range times {
		all = append(all, part...)
	}
	return all, errors.Join(failures...)
}
