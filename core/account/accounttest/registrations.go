package accounttest

import (
	"fmt"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
)

// TestRegistrations proves that an account.Registrations keeps its contract. Open gives fresh stores; it may
// be called by several tests at once.
func TestRegistrations(t *testing.T, open func(t *testing.T) Stores) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, stores Stores){
		"gives back what was put":     putIsFound,
		"hides what has expired":      expiredIsHidden,
		"lists the newest ten":        listsNewest,
		"settles one address at once": settles,
	})
}

func putIsFound(t *testing.T, s Stores) {
	named, nameless := Pending("ada"), Pending("grace")
	nameless.Username, nameless.UsernameKey, nameless.Password = "", "", ""
	for _, registration := range []account.Registration{named, nameless} {
		coretest.Must(t, s.Registrations.Put(t.Context(), registration))
		found, err := s.Registrations.Find(t.Context(), registration.ID, at(0))
		coretest.Must(t, err)
		coretest.Equal(t, registration, found)
	}
	_, err := s.Registrations.Find(t.Context(), NewID(), at(0))
	coretest.Refused(t, err, core.ErrNotFound)
}

func expiredIsHidden(t *testing.T, s Stores) {
	registration := Pending("ada")
	coretest.Must(t, s.Registrations.Put(t.Context(), registration))
	for now, want := range map[time.Time]int{
		registration.ExpiresAt.Add(-time.Microsecond): 1, registration.ExpiresAt: 0,
	} {
		_, err := s.Registrations.Find(t.Context(), registration.ID, now)
		coretest.Equal(t, want == 1, err == nil)
		live, err := s.Registrations.ByEmail(t.Context(), registration.EmailKey, now)
		coretest.Must(t, err)
		coretest.Equal(t, want, len(live))
	}
}

func listsNewest(t *testing.T, s Stores) {
	var want []core.ID
	for i := range 12 {
		registration := Pending("ada")
		registration.Username, registration.UsernameKey = fmt.Sprint("ada", i), fmt.Sprint("ada", i)
		registration.CreatedAt = at(time.Duration(i/2) * time.Minute)
		coretest.Must(t, s.Registrations.Put(t.Context(), registration))
		want = append([]core.ID{registration.ID}, want...)
	}
	coretest.Must(t, s.Registrations.Put(t.Context(), Pending("grace")))
	live, err := s.Registrations.ByEmail(t.Context(), "ada@example.com", at(0))
	coretest.Must(t, err)
	var got []core.ID
	for _, registration := range live {
		got = append(got, registration.ID)
	}
	coretest.Equal(t, want[:10], got)
}

func settles(t *testing.T, s Stores) {
	first, second, other := Pending("ada"), Pending("ada"), Pending("grace")
	for _, registration := range []account.Registration{first, second, other} {
		coretest.Must(t, s.Registrations.Put(t.Context(), registration))
	}
	coretest.Must(t, s.Registrations.Settle(t.Context(), first.EmailKey))
	for _, registration := range []account.Registration{first, second} {
		_, err := s.Registrations.Find(t.Context(), registration.ID, at(0))
		coretest.Refused(t, err, core.ErrNotFound)
	}
	_, err := s.Registrations.Find(t.Context(), other.ID, at(0))
	coretest.Must(t, err)
	coretest.Must(t, s.Registrations.Settle(t.Context(), "nobody@example.com"))
}
