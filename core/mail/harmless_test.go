package mail_test

import (
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mail/mailtest"
	"github.com/doorward/doorward/core/secret"
)

// TestOnlyHarmlessLettersAreHeldBack mutes every kind there is: those about what people sign in with, locks,
// theft and new devices leave all the same.
func TestOnlyHarmlessLettersAreHeldBack(t *testing.T) {
	t.Parallel()
	muted := map[mail.Kind]bool{
		mail.KindAlreadyRegistered: true, mail.KindDeviceTrusted: true, mail.KindSessionEvicted: true,
	}
	if len(mail.HarmlessKinds()) != len(muted) {
		t.Errorf("harmless are %v", mail.HarmlessKinds())
	}
	ring, err := secret.ParseRing(secret.GenerateKey("test"))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds(t) {
		clock := coretest.NewClock()
		outbox := mailtest.NewOutbox(coretest.NewDatabase())
		office := mail.NewOffice(outbox, ring, clock, core.NewIDs(clock))
		for _, unwanted := range []bool{true, false} {
			sample := letter(kind)
			sample.Unwanted = unwanted
			if err := office.Post(t.Context(), sample); err != nil {
				t.Fatal(err)
			}
		}
		stats, err := outbox.Stats(t.Context(), clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		want := int64(2)
		if muted[kind] {
			want = 1
		}
		if stats.Queued != want {
			t.Errorf("%s: %d of a muted and a wanted letter are queued, want %d", kind, stats.Queued, want)
		}
	}
}
