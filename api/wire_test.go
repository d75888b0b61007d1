package api_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
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
	go func() { served <- api.Serve(app, listener) }()
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

// TestSlowRequests does not wait for ever for a head or a body, and says so in a reply like any other.
func TestSlowRequests(t *testing.T) {
	t.Parallel()
	address := listen(t, api.Options{ReadTimeout: 50 * time.Millisecond})
	for name, raw := range map[string]string{
		"request line": "POST /v1/auth",
		"head":         "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Ty",
		"body":         loggedIn + "Content-Length: 10\r\n\r\n{",
		"chunk":        coded + "a\r\n{",
		"end":          coded + "2\r\n{}\r\n",
	} {
		response, body, closed := exchange(t, address, raw)
		_ = response.Body.Close() // read to its end
		if response.StatusCode != http.StatusRequestTimeout || !closed {
			t.Errorf("%s: %d %v %s", name, response.StatusCode, closed, body)
		}
		checkShield(t, response)
	}
}
