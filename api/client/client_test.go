package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/doorward/doorward/api/client"
)

// The example runs against a server that knows one person.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer secret" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"user":{"name":"Ada Lovelace","email":"ada@example.com"}}`)
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"status":401,"code":"token_expired","detail":"The token has expired.","request_id":"r1"}`)
	}))
	defer server.Close()

	token := "old"
	doorward, err := client.NewClientWithResponses(server.URL, client.WithToken(func() string { return token }))
	if err != nil {
		panic(err)
	}
	for range 2 {
		me, err := doorward.GetMeWithResponse(context.Background())
		if err == nil {
			err = client.Failure(me)
		}
		var failure *client.Error
		switch {
		case errors.As(err, &failure) && failure.Code == client.ProblemCodeTokenExpired:
			fmt.Println("refreshing after:", failure)
			token = "secret" // from RefreshWithResponse
		case err != nil:
			panic(err)
		default:
			fmt.Println("hello", me.JSON200.User.Name)
		}
	}
	// Output:
	// refreshing after: 401 token_expired: The token has expired. (request r1)
	// hello Ada Lovelace
}

// answer is a reply without a server.
type answer struct {
	status int
	media  string
	body   string
}

func (a answer) StatusCode() int     { return a.status }
func (a answer) ContentType() string { return a.media }
func (a answer) Bytes() []byte       { return []byte(a.body) }

// TestFailure tells failures from replies, whoever wrote them.
func TestFailure(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		reply answer
		want  string
	}{
		{"success", answer{status: 204}, ""},
		{"redirect", answer{status: 303}, ""},
		{"problem", answer{400, "application/problem+json", `{"status":400,"code":"invalid_input","detail":"No.","request_id":"r",
			"errors":[{"field":"email","code":"required","message":"This is required."}]}`}, "400 invalid_input: No. [email: This is required.] (request r)"},
		{"of a proxy", answer{502, "text/html", "<h1>Bad Gateway"}, "502 : Bad Gateway (request )"},
		{"broken", answer{500, "application/problem+json", "{"}, "read the problem of a 500: unexpected end of JSON input"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := client.Failure(test.reply); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// TestBodies writes each alternative the way the contract names it.
func TestBodies(t *testing.T) {
	t.Parallel()
	for want, body := range map[string]any{
		`{"code":"c","verification_id":"v"}`:                    client.ByCode("v", "c"),
		`{"token":"t"}`:                                         client.ByLink("t"),
		`{"identifier":"i"}`:                                    client.ResendTo("i"),
		`{"verification_id":"v"}`:                               client.ResendOf("v"),
		`{"new_password":"p","token":"t"}`:                      client.ResetWithLink("t", "p"),
		`{"code":"c","new_password":"p","verification_id":"v"}`: client.ResetWithCode("v", "c", "p"),
	} {
		got, err := json.Marshal(body)
		if err != nil || string(got) != want {
			t.Errorf("%s %v, want %s", got, err, want)
		}
	}
}
