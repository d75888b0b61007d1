package account_test

import (
	"context"
	"testing"

	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
)

func TestNothingIsHalfDone(t *testing.T) {
	t.Parallel()
	type act = func(ctx context.Context) error
	cases := map[string]func(t *testing.T, m member) act{
		"profile": func(_ *testing.T, m member) act {
			name := "Grace"
			return func(ctx context.Context) error {
				_, err := m.Account.UpdateProfile(ctx, m.caller, account.ProfileChange{Name: &name})
				return err
			}
		},
		"settings": settingsAct,
		"username": func(_ *testing.T, m member) act {
			name := "grace"
			return func(ctx context.Context) error {
				_, err := m.Account.UpdateProfile(ctx, m.caller, account.ProfileChange{Username: &name})
				return err
			}
		},
		"deactivate": func(_ *testing.T, m member) act {
			return func(ctx context.Context) error { return m.Account.Deactivate(ctx, m.caller) }
		},
		"delete": func(_ *testing.T, m member) act {
			owners := []member{owner(m.House, "first@example.com"), owner(m.House, "second@example.com")}
			return func(ctx context.Context) error {
				_, err := m.Account.Delete(ctx, owners[0].caller)
				return err
			}
		},
		"restore": func(_ *testing.T, m member) act {
			_, err := m.Account.Delete(m.Ctx, m.caller)
			m.Must(err)
			token := m.Letter(mail.KindDeleted, ada).Token
			return func(ctx context.Context) error { return m.Account.Restore(ctx, token) }
		},
		"request": func(_ *testing.T, m member) act {
			return func(ctx context.Context) error {
				_, err := m.Account.RequestEmailChange(ctx, m.caller, lovelace)
				return err
			}
		},
		"confirm": func(_ *testing.T, m member) act {
			receipt, letter := m.request(lovelace)
			return func(ctx context.Context) error {
				_, err := m.Account.ConfirmEmailChange(ctx, m.caller, receipt.ID, letter.Code)
				return err
			}
		},
		"undo": func(_ *testing.T, m member) act {
			token := m.move(ada, lovelace)
			return func(ctx context.Context) error { return m.Account.UndoEmailChange(ctx, token) }
		},
	}
	for name, prepare := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			house.Stumble(t, func(t *testing.T) (act, act) {
				do := prepare(t, join(t))
				return do, do
			})
		})
	}
}
