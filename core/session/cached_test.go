package session_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/session"
)

func fullSession() session.Session {
	at := coretest.Epoch
	return session.Session{
		ID: core.ID{1, 2, 3}, UserID: core.ID{4, 5, 6}, Rev: 7,
		Device: origin.Device{
			UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
			Kind:      "desktop", Browser: "Firefox", OS: "Linux", IP: "2001:db8::1", Location: "Malmö",
		},
		Factors: []string{"pwd", "otp"}, AuthTime: at, CreatedAt: at, LastUsedAt: at.Add(time.Microsecond),
		IdleExpiresAt: at.Add(168 * time.Hour), ExpiresAt: at.Add(720 * time.Hour),
		EndedAt: at.Add(time.Hour), EndReason: session.EndRevoked,
	}
}

func fullUser() account.User {
	at := coretest.Epoch
	return account.User{
		ID: core.ID{9}, Email: "Zoë@Example.com", EmailKey: "zoë@example.com", EmailVerified: true,
		Username: "Zoe", UsernameKey: "zoe", Status: account.StatusDeleted, MustReset: true,
		Profile: account.Profile{Name: "Zoë", Bio: "…", ImageURL: "https://example.com/z", Locale: "sv", Phone: "+46701234567"},
		Roles:   []string{account.RoleAdmin, account.RoleUser}, PasswordChangedAt: at, CreatedAt: at, UpdatedAt: at,
		DeletedAt: at, PurgeAt: at.Add(720 * time.Hour), Rev: 1 << 40,
		Protection: account.Protection{
			SecondFactors: []string{"email", "totp"}, Required: true, EnrolBy: at, AlwaysAsk: true, Muted: []string{"new_device"},
		},
		Groups: []core.ID{{3}, {5}}, Source: account.SourceImported, ExternalID: "legacy-7", Country: "SE",
		Preferences: account.Preferences{Theme: "dark", Timezone: "Europe/Stockholm", Visibility: account.VisibilityMembers},
	}
}

func TestCachedCopiesAreWhole(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]session.Session{"full": fullSession(), "zero": {}} {
		chained := want
		chained.Chain = session.Chain{Generation: 3, Branches: 1}
		got, err := session.DecodeCachedSession(session.EncodeCachedSession(chained))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s session: error %v (-want +got):\n%s", name, err, diff)
		}
	}
	for name, want := range map[string]account.User{"full": fullUser(), "zero": {}} {
		secret := want
		secret.Password = "$argon2id$canary"
		data := session.EncodeCachedUser(secret)
		got, err := session.DecodeCachedUser(data)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s user: error %v (-want +got):\n%s", name, err, diff)
		}
		if bytes.Contains(data, []byte("canary")) {
			t.Errorf("%s user: the copy holds the password hash", name)
		}
	}
}

func TestDecodeCachedRefuses(t *testing.T) {
	t.Parallel()
	held, owner := session.EncodeCachedSession(fullSession()), session.EncodeCachedUser(fullUser())
	refused := func(what string, heldData, ownerData []byte) {
		t.Helper()
		if _, err := session.DecodeCachedSession(heldData); !errors.Is(err, session.ErrCached) {
			t.Errorf("session %s: got error %v", what, err)
		}
		if _, err := session.DecodeCachedUser(ownerData); !errors.Is(err, session.ErrCached) {
			t.Errorf("user %s: got error %v", what, err)
		}
	}
	for cut := range held {
		refused("cut short", held[:cut], owner[:min(cut, len(owner)-1)])
	}
	refused("with a byte more", append(held[:len(held):len(held)], 0), append(owner[:len(owner):len(owner)], 0))
	refused("of another version", append([]byte{99}, held[1:]...), append([]byte{99}, owner[1:]...))
}

func FuzzDecodeCached(f *testing.F) {
	f.Add(session.EncodeCachedSession(fullSession()))
	f.Add(session.EncodeCachedUser(fullUser()))
	f.Add([]byte{1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		if held, err := session.DecodeCachedSession(data); err == nil {
			again, err := session.DecodeCachedSession(session.EncodeCachedSession(held))
			if diff := cmp.Diff(held, again); err != nil || diff != "" {
				t.Errorf("session: error %v\n%s", err, diff)
			}
		}
		if owner, err := session.DecodeCachedUser(data); err == nil {
			again, err := session.DecodeCachedUser(session.EncodeCachedUser(owner))
			if diff := cmp.Diff(owner, again); err != nil || diff != "" {
				t.Errorf("user: error %v\n%s", err, diff)
			}
		}
	})
}

func BenchmarkDecodeCachedSession(b *testing.B) {
	compact := session.EncodeCachedSession(fullSession())
	text, err := json.Marshal(fullSession())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("compact", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := session.DecodeCachedSession(compact); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var held session.Session
			if err := json.Unmarshal(text, &held); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDecodeCachedUser(b *testing.B) {
	compact := session.EncodeCachedUser(fullUser())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := session.DecodeCachedUser(compact); err != nil {
			b.Fatal(err)
		}
	}
}
