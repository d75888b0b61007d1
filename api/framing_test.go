package api_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/api"
)

const (
	login    = `{"identifier":"a","password":"p"}`
	loggedIn = "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	coded    = loggedIn + "Transfer-Encoding: chunked\r\n\r\n"
	me       = "GET /v1/me HTTP/1.1\r\nHost: x\r\n"
)

var (
	length  = fmt.Sprintf("Content-Length: %d\r\n", len(login))
	chunked = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(login), login)
)

// frameTests are requests with the status that they are answered with.
var frameTests = []struct {
	name, raw string
	status    int
}{
	{"plain", loggedIn + length + "\r\n" + login, 200},
	{"chunked", coded + chunked, 200},
	{"several chunks", coded + "1\r\n{\r\n" + fmt.Sprintf("%X\r\n", len(login)-1) + login[1:] + "\r\n0\r\n\r\n", 200},
	{"an empty line before", "\r\n" + loggedIn + length + "\r\n" + login, 200},
	{"the whole address", "GET http://X/health/live HTTP/1.1\r\nHost: x\r\n\r\n", 200},
	{"HTTP/1.0 without a host", "GET /health/live HTTP/1.0\r\n\r\n", 200},
	{"an address in the query", "GET /v1/me?u=http://y/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 401},

	{"length twice", loggedIn + length + length + "\r\n" + login, 400},
	{"two lengths", loggedIn + length + "Content-Length: 1\r\n\r\n" + login, 400},
	{"a list of lengths", loggedIn + "Content-Length: 33, 33\r\n\r\n" + login, 400},
	{"a signed length", loggedIn + "Content-Length: +33\r\n\r\n" + login, 400},
	{"a negative length", loggedIn + "Content-Length: -1\r\n\r\n", 400},
	{"a hexadecimal length", loggedIn + "Content-Length: 0x21\r\n\r\n" + login, 400},
	{"an empty length", loggedIn + "Content-Length:\r\n\r\n" + login, 400},
	{"length and coding", loggedIn + length + "Transfer-Encoding: chunked\r\n\r\n" + chunked, 400},
	{"coding and length", loggedIn + "Transfer-Encoding: chunked\r\n" + length + "\r\n" + chunked, 400},
	{"unknown coding", loggedIn + "Transfer-Encoding: xchunked\r\n\r\n" + chunked, 400},
	{"two codings", loggedIn + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunked, 400},
	{"coding twice", loggedIn + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunked, 400},
	{"coding in HTTP/1.0", strings.Replace(coded, "1.1", "1.0", 1) + chunked, 400},
	{"coding behind a vertical tab", loggedIn + "Transfer-Encoding: \vchunked\r\n\r\n" + chunked, 400},

	{"an extension of a chunk", coded + strings.Replace(chunked, "\r\n", ";a=b\r\n", 1), 400},
	{"a space behind the size", coded + strings.Replace(chunked, "\r\n", " \r\n", 1), 400},
	{"a size with a prefix", coded + "0x" + chunked, 400},
	{"a signed size", coded + "+" + chunked, 400},
	{"no size", coded + "\r\n" + chunked, 400},
	{"a size of nine digits", coded + "000000021" + chunked[2:], 400},
	{"a size behind a bare LF", coded + strings.Replace(chunked, "\r\n", "\n", 1), 400},
	{"a chunk longer than its size", coded + "1" + chunked[2:], 400},
	{"a chunk that ends in a bare LF", coded + strings.Replace(chunked, "}\r\n", "}\n", 1), 400},
	{"a trailer", coded + strings.Replace(chunked, "0\r\n", "0\r\nX-A: b\r\n", 1), 400},
	{"a body that ends in a bare LF", coded + strings.TrimSuffix(chunked, "\r\n") + "\n", 400},

	{"bare LF behind the request line", "GET /v1/me HTTP/1.1\nHost: x\r\n\r\n", 400},
	{"bare LF behind a field", "GET /v1/me HTTP/1.1\r\nHost: x\n\r\n", 400},
	{"bare LF at the end", me + "\n", 400},
	{"only bare LF", "GET /v1/me HTTP/1.1\nHost: x\n\n", 400},
	{"a bare CR", me + "X-A: b\rX-B: c\r\n\r\n", 400},
	{"NUL", me + "X-A: b\x00\r\n\r\n", 400},
	{"space before the colon", me + "X-A : b\r\n\r\n", 400},
	{"folded line", me + "X-A: b\r\n c\r\n\r\n", 400},
	{"folded at once", "GET /v1/me HTTP/1.1\r\n Host: x\r\n\r\n", 400},
	{"no colon", me + "X-A\r\n\r\n", 400},
	{"no name", me + ": b\r\n\r\n", 400},

	{"no host", "GET /v1/me HTTP/1.1\r\n\r\n", 400},
	{"an empty host", "GET /v1/me HTTP/1.1\r\nHost:\r\n\r\n", 400},
	{"two hosts", me + "Host: y\r\n\r\n", 400},
	{"the same host twice", me + "Host: x\r\n\r\n", 400},
	{"a host behind a name", "GET /v1/me HTTP/1.1\r\nHost: x@y\r\n\r\n", 400},
	{"a host with a path", "GET /v1/me HTTP/1.1\r\nHost: x/y\r\n\r\n", 400},
	{"the address of another host", "GET http://y/v1/me HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"the address of a longer host", "GET http://x@y/v1/me HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"another scheme", "GET file://x/v1/me HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"no slash", "GET v1/me HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"a tunnel", "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"the server as a whole", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"a fragment", "GET /v1/me#a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"two spaces", "GET  /v1/me HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"a tab", "GET\t/v1/me HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"no version", "GET /v1/me\r\nHost: x\r\n\r\n", 400},
	{"another version", "GET /v1/me HTTP/1.2\r\nHost: x\r\n\r\n", 400},
	{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},

	{"two tokens", me + "Authorization: Bearer a\r\nAuthorization: Bearer good\r\n\r\n", 400},
	{"two types", loggedIn + "Content-Type: text/plain\r\n" + length + "\r\n" + login, 400},
	{"two origins", me + "Origin: https://a.example\r\nOrigin: https://b.example\r\n\r\n", 400},
	{"unknown method", "BREW /v1/me HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"not HTTP", "hello\r\n\r\n", 400},
	{"long head", me + "X-A: " + strings.Repeat("a", 20<<10) + "\r\n\r\n", 431},
	{"long head without an end", me + "X-A: " + strings.Repeat("a", 20<<10), 431},
	{"long body", loggedIn + "Content-Length: 65537\r\n\r\n", 413},
	{"long body in chunks", coded + "10001\r\n", 413},
}

// TestFraming refuses what two servers could cut apart differently, in a reply that is as shielded as any
// other, and closes the connection.
func TestFraming(t *testing.T) {
	t.Parallel()
	address := listen(t, api.Options{AppURL: "https://x"})
	for _, test := range frameTests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			response, body, closed := exchange(t, address, test.raw)
			defer response.Body.Close() //nolint:errcheck // read to its end
			if response.StatusCode != test.status {
				t.Fatalf("%d, want %d: %s", response.StatusCode, test.status, body)
			}
			checkShield(t, response)
			if test.status == http.StatusOK {
				return
			}
			problem := response.Header.Get("Content-Type") == "application/problem+json" && bytes.Contains(body, []byte(`"request_id"`))
			if !problem || !closed {
				t.Errorf("closed: %v, %v %s", closed, response.Header, body)
			}
		})
	}
}

// TestNothingHidesBehindARequest sends requests of which the body of one ends in the middle of the text of
// another: each is answered once, and what was hidden in a body is none.
func TestNothingHidesBehindARequest(t *testing.T) {
	t.Parallel()
	address := listen(t, api.Options{})
	hidden := "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
	first := fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", loggedIn, len(hidden), hidden)
	last := "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	if statuses := fmt.Sprint(statusesOf(t, address, first+loggedIn+length+"\r\n"+login+last)); statuses != "[400 200 200]" {
		t.Errorf("answered %s", statuses)
	}
}

// hold opens a connection, sends raw bytes, and leaves it open.
func hold(t *testing.T, address, raw string) net.Conn {
	t.Helper()
	connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() }) // it may be closed already
	if err := connection.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(connection, raw); err != nil {
		t.Fatal(err)
	}
	return connection
}

// statusesOf sends raw bytes and reads replies until the server closes the connection.
func statusesOf(t *testing.T, address, raw string) (statuses []int) {
	t.Helper()
	connection := hold(t, address, raw)
	for reader := bufio.NewReader(connection); ; {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return statuses
		}
		_, err = io.Copy(io.Discard, response.Body)
		if err = errors.Join(err, response.Body.Close()); err != nil {
			t.Fatal(err)
		}
		statuses = append(statuses, response.StatusCode)
	}
}

// TestCrowds tells connections beyond the limit so, as shielded as any other reply, and takes new ones when old
// ones have gone.
func TestCrowds(t *testing.T) {
	t.Parallel()
	address := listen(t, api.Options{MaxConnections: 2})
	first := hold(t, address, me)
	hold(t, address, me)
	response, body, closed := exchange(t, address, me+"\r\n")
	defer response.Body.Close() //nolint:errcheck // read to its end
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") != "1" || !closed {
		t.Errorf("%d %v, closed %v: %s", response.StatusCode, response.Header, closed, body)
	}
	checkShield(t, response)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; {
		response, body, _ := exchange(t, address, me+"Connection: close\r\n\r\n")
		_ = response.Body.Close()
		if response.StatusCode == http.StatusUnauthorized {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d %s", response.StatusCode, body)
		}
	}
}

// FuzzFraming holds what passes against the standard library: it reads the same requests, with the same ends,
// and so would a proxy. In whatever pieces a stream arrives, it is judged alike.
func FuzzFraming(f *testing.F) {
	for _, test := range frameTests {
		f.Add([]byte(test.raw), 7)
		f.Add([]byte(test.raw+me+"\r\n"), 1)
	}
	f.Fuzz(func(t *testing.T, stream []byte, piece int) {
		if piece <= 0 || len(stream) > 1<<16 {
			return
		}
		good, whole, err := api.Follow(stream, len(stream)+1)
		pieces, _, errPieces := api.Follow(stream, piece)
		if (err == nil) != (errPieces == nil) || err == nil && pieces != good {
			t.Fatalf("%d, %v in one; %d, %v in pieces of %d", good, err, pieces, errPieces, piece)
		}
		if err != nil || !whole {
			return
		}
		reader := bufio.NewReader(bytes.NewReader(stream))
		for {
			for skipped, _ := reader.Peek(2); string(skipped) == "\r\n"; skipped, _ = reader.Peek(2) {
				_, _ = reader.Discard(2)
			}
			request, err := http.ReadRequest(reader)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatalf("%q passes here, elsewhere: %v", stream, err)
			}
			if _, err := io.Copy(io.Discard, request.Body); err != nil {
				t.Fatalf("the body of %q passes here, elsewhere: %v", stream, err)
			}
		}
	})
}

// TestWhoSendsTooMuchHearsOfIt sends more than is read: the answer reaches who is still sending, and is not lost with a
// connection that is reset.
func TestWhoSendsTooMuchHearsOfIt(t *testing.T) {
	t.Parallel()
	address := listen(t, api.Options{})
	text := strings.Repeat("q", 2<<20)
	for range 20 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/v1/auth/login", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("answered %d, %v", response.StatusCode, err)
		}
	}
}
