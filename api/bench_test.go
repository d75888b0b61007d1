package api_test

import (
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/api/oapi"
)

// call sends one request to a handler, without a network, and checks its status.
func call(b *testing.B, handler fasthttp.RequestHandler, raw string, status int) {
	b.Helper()
	b.ReportAllocs()
	var request fasthttp.RequestCtx
	fill := func() {
		request.Request.Reset()
		request.Response.Reset()
		head, body, _ := strings.Cut(raw, "\n\n")
		for line := range strings.SplitSeq(head, "\n") {
			name, value, _ := strings.Cut(line, ": ")
			switch name {
			case "GET", "POST":
				request.Request.Header.SetMethod(name)
				request.Request.SetRequestURI(value)
			default:
				request.Request.Header.Set(name, value)
			}
		}
		request.Request.SetBodyString(body)
	}
	for b.Loop() {
		fill()
		handler(&request)
		if request.Response.StatusCode() != status {
			b.Fatalf("%d %s", request.Response.StatusCode(), request.Response.Body())
		}
	}
}

// BenchmarkBare is what the others are measured against: Fiber, with a reply of the same size.
func BenchmarkBare(b *testing.B) {
	app := fiber.New()
	me := oapi.Me{User: oapi.User{Email: ada.Email, Name: ada.Profile.Name, Roles: ada.Roles}}
	app.Get("/v1/me", func(c *fiber.Ctx) error { return c.JSON(me) })
	call(b, app.Handler(), "GET: /v1/me\nHost: localhost\nAuthorization: Bearer good\nUser-Agent: bench", fiber.StatusOK)
}

// BenchmarkMe is an authenticated request through the whole edge, with a domain that costs nothing.
func BenchmarkMe(b *testing.B) {
	app, err := api.New((&world{}).deps(), api.Options{})
	if err != nil {
		b.Fatal(err)
	}
	call(b, app.Handler(), "GET: /v1/me\nHost: localhost\nAuthorization: Bearer good\nUser-Agent: bench", fiber.StatusOK)
}

// BenchmarkRefresh has a body to be checked.
func BenchmarkRefresh(b *testing.B) {
	app, err := api.New((&world{hold: nothing}).deps(), api.Options{})
	if err != nil {
		b.Fatal(err)
	}
	call(b, app.Handler(), "POST: /v1/auth/refresh\nHost: localhost\nContent-Type: application/json\nUser-Agent: bench\n\n"+
		`{"refresh_token":"`+strings.Repeat("a", 117)+`"}`, fiber.StatusOK)
}

// BenchmarkFraming reads the head of a browser's request.
func BenchmarkFraming(b *testing.B) {
	b.ReportAllocs()
	head := []byte("GET /v1/me HTTP/1.1\r\nHost: accounts.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101\r\n" +
		"Accept: application/json\r\nAccept-Language: en\r\nAccept-Encoding: gzip, br\r\nAuthorization: Bearer " +
		strings.Repeat("a", 700) + "\r\nSec-Fetch-Site: same-origin\r\nConnection: keep-alive\r\n\r\n")
	for b.Loop() {
		if _, _, err := api.Follow(head, len(head)); err != nil {
			b.Fatal(err)
		}
	}
}
