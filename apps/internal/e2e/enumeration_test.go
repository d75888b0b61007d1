package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// shape is what a reply shows: status, header fields and the members of its body without their values.
func shape(t *testing.T, response *http.Response, body []byte) string {
	t.Helper()
	var fields []string
	for name, values := range response.Header {
		switch name {
		case "Date", "X-Request-Id":
		case "Content-Length":
			fields = append(fields, name) // ids and times are of one length
		default:
			fields = append(fields, name+"="+strings.Join(values, ","))
		}
	}
	slices.Sort(fields)
	var decoded any
	if err := json.Unmarshal(body, &decoded); err != nil {
		t.Fatal(err)
	}
	blank(decoded)
	text, err := json.Marshal(decoded)
	if err != nil {
		t.Fatal(err)
	}
	return response.Status + "\n" + strings.Join(fields, "\n") + "\n" + string(text)
}

// blank empties what differs from one request to the next.
func blank(value any) {
	members, ok := value.(map[string]any)
	if !ok {
		return
	}
	for name, member := range members {
		switch name {
		case "id", "expires_at", "request_id":
			members[name] = ""
		default:
			blank(member)
		}
	}
}

// Nobody learns from an answer whether an address has an account, and both sides get a verification whose
// code can be tried as often.
func TestAnswersDoNotTellWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		known, unknown := s.newPerson(t).signUp(n), s.newPerson(t)
		ctx, stranger := t.Context(), n.stranger()
		// The generated client has read and closed the bodies.
		asks := map[string]func(p *person) (*http.Response, []byte, error){
			"register": func(p *person) (*http.Response, []byte, error) {
				request := p.registration()
				request.Username = ""
				reply, err := stranger.RegisterWithResponse(ctx, request)
				return reply.HTTPResponse, reply.Body, err
			},
			"forgot": func(p *person) (*http.Response, []byte, error) {
				reply, err := stranger.ForgotPasswordWithResponse(ctx, client.ForgotPasswordRequest{Identifier: p.email})
				return reply.HTTPResponse, reply.Body, err
			},
			"resend": func(p *person) (*http.Response, []byte, error) {
				reply, err := stranger.ResendVerificationWithResponse(ctx, client.ResendTo(p.email))
				return reply.HTTPResponse, reply.Body, err
			},
			"login": func(p *person) (*http.Response, []byte, error) {
				reply, err := stranger.LoginWithResponse(ctx, client.LoginRequest{Identifier: p.email, Password: "not it at all"})
				return reply.HTTPResponse, reply.Body, err
			},
		}
		for name, ask := range asks {
			var shapes []string
			for _, p := range []*person{known, unknown} {
				response, body, err := ask(p) //nolint:bodyclose // see above
				if err != nil {
					t.Fatal(err)
				}
				shapes = append(shapes, shape(t, response, body))
			}
			if shapes[0] != shapes[1] {
				t.Errorf("%s tells:\n%s\n---\n%s", name, shapes[0], shapes[1])
			}
		}
		s.await(t, known.email, mail.KindAlreadyRegistered, 1)
		s.await(t, known.email, mail.KindPasswordReset, 1)
		known.mustBeIn(n)
	})
}

// The verification of somebody unknown counts tries like that of somebody known, and no code fits it.
func TestDecoyCountsTries(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		known, unknown := s.newPerson(t).signUp(n), s.newPerson(t)
		for _, p := range []*person{known, unknown} {
			started := must[*client.ForgotPasswordResponse](t, 202)(n.stranger().ForgotPasswordWithResponse(t.Context(),
				client.ForgotPasswordRequest{Identifier: p.email})).JSON202
			for range 7 {
				mustFail[*client.ResetPasswordResponse](t, client.ProblemCodeInvalidCode)(n.stranger().ResetPasswordWithResponse(t.Context(),
					client.ResetWithCode(started.Verification.ID, "000000", "a wholly new phrase")))
			}
		}
	})
}

func TestAvailability(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		for name, want := range map[string]bool{ada.username: false, s.newPerson(t).username: true} {
			reply := must[*client.CheckAvailabilityResponse](t, 200)(n.stranger().CheckAvailabilityWithResponse(t.Context(),
				&client.CheckAvailabilityParams{Username: &name})).JSON200
			same(t, "available", reply.Available, want)
		}
	})
}
