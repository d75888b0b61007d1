package signin_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
)

// TestLettersTellWhoAsked holds the letters that a worker writes, long after the request, to the client that made
// it.
func TestLettersTellWhoAsked(t *testing.T) {
	t.Parallel()
	asker := core.Client{IP: netip.MustParseAddr("198.51.100.9"), UserAgent: "Lynx"}
	for name, c := range map[string]struct {
		kind mail.Kind
		ask  func(ctx context.Context, h *house.House) error
	}{
		"again by id": {mail.KindRegistration, func(ctx context.Context, h *house.House) error {
			_, err := h.SignIn.Resend(ctx, h.Register(ada, "").ID)
			return err
		}},
		"again by address": {mail.KindRegistration, func(ctx context.Context, h *house.House) error {
			h.Register(ada, "")
			_, err := h.SignIn.ResendTo(ctx, ada)
			return err
		}},
		"a confirmation": {mail.KindConfirmation, func(ctx context.Context, h *house.House) error {
			member := h.Member(ada, "")
			_, _, err := account.Edit(ctx, h.Users, member.User.ID, func(user *account.User) error {
				user.EmailVerified = false
				return nil
			})
			h.Must(err)
			_, err = h.SignIn.ResendTo(ctx, ada)
			return err
		}},
		"a new password": {mail.KindPasswordReset, func(ctx context.Context, h *house.House) error {
			h.Member(ada, "")
			_, err := h.Password.Forgot(ctx, ada)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := house.Open(t)
			h.Must(c.ask(core.WithClient(h.Ctx, asker), h))
			h.Work()
			letter := h.Letter(c.kind, ada)
			if letter.IP != asker.IP.String() || letter.Device != asker.UserAgent || letter.At.IsZero() {
				t.Errorf("it tells of %q, %q at %v", letter.IP, letter.Device, letter.At)
			}
		})
	}
}
