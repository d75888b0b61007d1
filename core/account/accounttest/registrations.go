package accounttest

import (
	"fmt"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// TestRegistrations proves that an account.Registrations keeps its contract. Open gives fresh stores; it may
// be called by several tests at once.
func TestRegistrations(t *testing.T, open func(t *testing.T) Stores) {
	t.Helper()
	cases := map[string]func(t *testing.T, stores Stores){
		"gives back what was put":     putIsFound,
		"hides what has expired":      expiredIsHidden,
		"lists the newest ten":        listsNewest,
		"settles one address at once": settles,
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func putIsFound(t *testing.T, s Stores) {
	named, nameless := Pending("ada"), Pending("grace")
	nameless.Username, nameless.UsernameKey, nameless.Password = "", "", ""
	for _, registration := range []account.Registration{named, nameless} {
		must(t, s.Registrations.Put(t.Context(), registration))
		found, err := s.Registrations.Find(t.Context(), registration.ID, at(0))
		must(t, err)
		equal(t, registration, found)
	}
	_, err := s.Registrations.Find(t.Context(), NewID(), at(0))
	is(t, err, core.ErrNotFound)
}

func expiredIsHidden(t *testing.T, s Stores) {
	registration := Pending("ada")
	must(t, s.Registrations.Put(t.Context(), registration))
	for now, want := range map[time.Time]int{
		registration.ExpiresAt.Add(-time.Microsecond): 1, registration.ExpiresAt: 0,
	} {
		_, err := s.Registrations.Find(t.Context(), registration.ID, now)
		equal(t, want == 1, err == nil)
		live, err := s.Registrations.ByEmail(t.Context(), registration.EmailKey, now)
		must(t, err)
		equal(t, want, len(live))
	}
}

func listsNewest(t *testing.T, s Stores) {
	var want []core.ID
	for i := range 12 {
		registration := Pending("ada")
		registration.Username, registration.UsernameKey = fmt.Sprint("ada", i), fmt.Sprint("ada", i)
		registration.CreatedAt = at(time.Duration(i/2) * time.Minute)
		must(t, s.Registrations.Put(t.Context(), registration))
		want = append([]core.ID{registration.ID}, want...)
	}
	must(t, s.Registrations.Put(t.Context(), Pending("grace")))
	live, err := s.Registrations.ByEmail(t.Context(), "ada@example.com", at(0))
	must(t, err)
	var got []core.ID
	for _, registration := range live {
		got = append(got, registration.ID)
	}
	equal(t, want[:10], got)
}

func settles(t *testing.T, s Stores) {
	first, second, other := Pending("ada"), Pending("ada"), Pending("grace")
	for _, registration := range []account.Registration{first, second, other} {
		must(t, s.Registrations.Put(t.Context(), registration))
	}
	must(t, s.Registrations.Settle(t.Context(), first.EmailKey))
	for _, registration := range []account.Registration{first, second} {
		_, err := s.Registrations.Find(t.Context(), registration.ID, at(0))
		is(t, err, core.ErrNotFound)
	}
	_, err := s.Registrations.Find(t.Context(), other.ID, at(0))
	must(t, err)
	must(t, s.Registrations.Settle(t.Context(), "nobody@example.com"))
}
