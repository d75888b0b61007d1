package signin_test

import (
	"context"
	"slices"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/signin"
)

// trust finishes a sign-in on a client that is trusted from then on, and gives its device token.
func (g guarded) trust(t *testing.T) string {
	t.Helper()
	signedIn, err := g.SignIn.VerifySecondFactor(g.Ctx, signin.SecondStep{
		Challenge: g.Challenged(ada, "").ID, Factor: mfa.KindTOTP, Code: g.app.Code(), Trust: true,
	})
	g.Must(err)
	return signedIn.DeviceToken
}

func TestTrustedDevice(t *testing.T) {
	t.Parallel()
	enter := func(g guarded, ctx context.Context, identifier, shown string) signin.Entry {
		entry, err := g.SignIn.Login(ctx, signin.Credentials{
			Identifier: identifier, Password: house.Passphrase, DeviceToken: shown,
		})
		g.Must(err)
		return entry
	}
	browser := func(g guarded, name string) context.Context {
		client := house.Client
		client.UserAgent = name
		return core.WithClient(g.Ctx, client)
	}
	cases := map[string]struct {
		act    func(g guarded, shown string) signin.Entry
		spared bool
	}{
		"spares the second factor": {func(g guarded, shown string) signin.Entry { return enter(g, g.Ctx, ada, shown) }, true},
		"under another browser":    {func(g guarded, shown string) signin.Entry { return enter(g, browser(g, "Lynx"), ada, shown) }, false},
		"with another token":       {func(g guarded, shown string) signin.Entry { return enter(g, g.Ctx, ada, shown+"x") }, false},
		"when its time is over": {func(g guarded, shown string) signin.Entry {
			g.Later(device.DefaultTrustTTL)
			return enter(g, g.Ctx, ada, shown)
		}, false},
		"when always asked": {func(g guarded, shown string) signin.Entry {
			g.Alter(g.caller.UserID, func(u *account.User) { u.Protection.AlwaysAsk = true })
			return enter(g, g.Ctx, ada, shown)
		}, false},
		"when it was forgotten": {func(g guarded, shown string) signin.Entry {
			g.Must(g.Devices.ForgetAll(g.Ctx, g.caller))
			return enter(g, g.Ctx, ada, shown)
		}, false},
		"of somebody else": {func(g guarded, shown string) signin.Entry {
			g.Enrol(g.Principal(g.Member("grace@example.com", "")))
			return enter(g, g.Ctx, "grace@example.com", shown)
		}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := guard(t)
			entry := c.act(g, g.trust(t))
			if spared := entry.SignedIn != nil; spared != c.spared {
				t.Errorf("spared: %v", spared)
			}
			if entry.SignedIn != nil && !slices.Equal(entry.SignedIn.Session.Factors, []string{"pwd"}) {
				t.Errorf("the session claims %v", entry.SignedIn.Session.Factors)
			}
			coretest.Equal(t, 1, g.Letters(mail.KindDeviceTrusted, ada))
		})
	}
}

// A trusted device token may be used as often and by as many as its client likes, until it is taken back.
func TestManySignInsOnATrustedDevice(t *testing.T) {
	t.Parallel()
	g := guard(t)
	shown := g.trust(t)
	for range 4 {
		for _, err := range house.Race(t, lockout.DefaultTries, func(int) error {
			entry, err := g.SignIn.Login(g.Ctx, signin.Credentials{Identifier: ada, Password: house.Passphrase, DeviceToken: shown})
			if err == nil && entry.SignedIn == nil {
				t.Error("a trusted device was asked for a second factor")
			}
			return err
		}) {
			g.Must(err)
		}
	}
	g.Must(g.Devices.ForgetAll(g.Ctx, g.caller))
	g.Challenged(ada, shown)
}
