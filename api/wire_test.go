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

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/api"
)

// listen serves a world on a real connection and gives its address.
func listen(t *testing.T, options api.Options) string {
	t.Helper()
	app, err := api.New((&world{}).deps(), options)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, app)
}

// serve listens on the loopback interface until the test ends.
func serve(t *testing.T, app *fiber.App) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- app.Listener(listener) }()
	t.Cleanup(func() {
		if err := app.ShutdownWithTimeout(time.Second); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// exchange writes raw bytes and reads one reply, and whether the server closed the connection then.
func exchange(t *testing.T, address, raw string) (response *http.Response, body []byte, closed bool) {
	t.Helper()
	var dialer net.Dialer
	connection, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close() //nolint:errcheck // nothing is lost
	if err = connection.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err = io.WriteString(connection, raw); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(connection)
	response, err = http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	body, err = io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err = connection.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	_, err = reader.ReadByte()
	var timeout net.Error
	return response, body, err != nil && (!errors.As(err, &timeout) || !timeout.Timeout())
}

// TestFraming refuses what two servers could cut apart differently, and closes the connection.
func TestFraming(t *testing.T) {
	t.Parallel()
	address := listen(t, api.Options{})
	const login = `{"identifier":"a","password":"p"}`
	head := "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	length := fmt.Sprintf("Content-Length: %d\r\n", len(login))
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(login), login)
	for _, test := range []struct {
		name, raw string
		status    int
	}{
		{"plain", head + length + "\r\n" + login, 200},
		{"chunked", head + "Transfer-Encoding: chunked\r\n\r\n" + chunked, 200},
		{"length twice", head + length + length + "\r\n" + login, 400},
		{"two lengths", head + length + "Content-Length: 1\r\n\r\n" + login, 400},
		{"length and coding", head + length + "Transfer-Encoding: chunked\r\n\r\n" + chunked, 400},
		{"coding and length", head + "Transfer-Encoding: chunked\r\n" + length + "\r\n" + chunked, 400},
		{"unknown coding", head + "Transfer-Encoding: xchunked\r\n\r\n" + chunked, 400},
		{"two hosts", "GET /v1/me HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
		{"two tokens", "GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer good\r\n\r\n", 400},
		{"space before the colon", "GET /v1/me HTTP/1.1\r\nHost: x\r\nX-A : b\r\n\r\n", 400},
		{"folded line", "GET /v1/me HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n", 400},
		{"stray line end", "GET /v1/me HTTP/1.1\r\nHost: x\r\nX-A: b\rX-B: c\r\n\r\n", 400},
		{"unknown method", "BREW /v1/me HTTP/1.1\r\nHost: x\r\n\r\n", 400},
		{"not HTTP", "hello\r\n\r\n", 400},
		{"long head", "GET /v1/me HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 20<<10) + "\r\n\r\n", 431},
		{"long body", head + "Content-Length: 65537\r\n\r\n", 413},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			response, body, closed := exchange(t, address, test.raw)
			defer response.Body.Close() //nolint:errcheck // read to its end
			if response.StatusCode != test.status {
				t.Errorf("%d, want %d: %s", response.StatusCode, test.status, body)
			}
			if test.status == http.StatusOK {
				return
			}
			problem := response.Header.Get("Content-Type") == "application/problem+json" && bytes.Contains(body, []byte(`"request_id"`))
			if !problem || !closed || response.Header.Get("X-Content-Type-Options") == "" {
				t.Errorf("closed: %v, %v %s", closed, response.Header, body)
			}
		})
	}
}

// TestSlowRequests does not wait for ever for a body.
func TestSlowRequests(t *testing.T) {
	t.Parallel()
	address := listen(t, api.Options{ReadTimeout: 50 * time.Millisecond})
	response, body, closed := exchange(t, address,
		"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{")
	defer response.Body.Close() //nolint:errcheck // read to its end
	if response.StatusCode != http.StatusRequestTimeout || !closed {
		t.Errorf("%d %v %s", response.StatusCode, closed, body)
	}
}
