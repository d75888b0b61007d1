package credential_test

import (
	"context"
	"testing"

	"github.com/doorward/doorward/core/internal/house"
)

func TestNothingIsHalfDone(t *testing.T) {
	t.Parallel()
	type act = func(ctx context.Context) error
	cases := map[string]func(f forgotten) act{
		"reset by code": func(f forgotten) act {
			return func(ctx context.Context) error { return f.Password.Reset(ctx, f.byCode()) }
		},
		"reset by link": func(f forgotten) act {
			return func(ctx context.Context) error { return f.Password.Reset(ctx, f.byLink()) }
		},
		"change": func(f forgotten) act {
			caller := f.Principal(f.member)
			return func(ctx context.Context) error { return f.Password.Change(ctx, caller, house.Passphrase, fresh) }
		},
		"forgot": func(f forgotten) act {
			return func(ctx context.Context) error {
				_, err := f.Password.Forgot(ctx, ada)
				return err
			}
		},
	}
	for name, prepare := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			house.Stumble(t, func(t *testing.T) (act, act) {
				do := prepare(forget(t))
				return do, do
			})
		})
	}
}
