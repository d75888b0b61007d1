package portabilitytest

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/portability"
)

// Kept is what the suite of portability.Holdings is run on: the stores of one fresh, empty database.
type Kept struct {
	Accounts account.Store
	Devices  device.Store
	Factors  mfa.Store
	Codes    mfa.RecoveryCodes
	Outbox   mail.Outbox
	Holdings portability.Holdings
}

// TestHoldings proves that a portability.Holdings keeps its contract. It is for databases: what is told stands in the
// tables of many stores.
func TestHoldings(t *testing.T, open func(t *testing.T) Kept) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, kept Kept){
		"tells every section":         tellsSections,
		"tells of nobody else":        tellsOwn,
		"gives pages by place":        pagesByPlace,
		"gives the placeless at once": placelessOnce,
	})
}

// settle fills a few tables with what is about a user.
func settle(t *testing.T, k Kept, name string, devices int) account.User {
	t.Helper()
	user := accounttest.Person(name)
	user.Roles = []string{account.RoleAdmin, account.RoleUser}
	coretest.Must(t, k.Accounts.Create(t.Context(), user))
	for i := range devices {
		digest := device.Device{}.Digest
		digest[0], digest[1] = byte(i), name[0]
		coretest.Must(t, k.Devices.Put(t.Context(), device.Device{
			ID: accounttest.NewID(), UserID: user.ID, Digest: digest, From: origin.Device{Browser: "Firefox"},
			CreatedAt: coretest.Epoch, LastUsedAt: coretest.Epoch, ExpiresAt: coretest.Epoch.Add(time.Hour),
		}))
	}
	coretest.Must(t, k.Factors.Add(t.Context(), mfa.Factor{
		ID: accounttest.NewID(), UserID: user.ID, Kind: mfa.KindTOTP, Label: "phone", Sealed: []byte("a secret"),
		LastStep: -1, CreatedAt: coretest.Epoch,
	}))
	coretest.Must(t, k.Codes.Replace(t.Context(), user.ID, [][]byte{make([]byte, 32), append(make([]byte, 31), name[0])}, coretest.Epoch))
	coretest.Must(t, k.Outbox.Put(t.Context(), mail.Envelope{
		ID: accounttest.NewID(), Kind: mail.KindNewDevice, To: user.Email, Payload: []byte("sealed"), State: mail.StateQueued,
		CreatedAt: coretest.Epoch, NextAt: coretest.Epoch,
	}))
	return user
}

func held(t *testing.T, k Kept, section portability.Section, user account.User) []portability.Record {
	t.Helper()
	records, err := k.Holdings.Held(t.Context(), section, user, core.ID{}, 100)
	coretest.Must(t, err)
	return records
}

func tellsSections(t *testing.T, k Kept) {
	user := settle(t, k, "ada", 2)
	want := map[portability.Section]int{
		portability.SectionRoles: 2, portability.SectionDevices: 2, portability.SectionFactors: 1,
		portability.SectionRecoveryCodes: 2, portability.SectionMails: 1,
	}
	for _, section := range portability.Sections() {
		records := held(t, k, section, user)
		coretest.Equal(t, want[section], len(records))
		for _, record := range records {
			if !json.Valid(record.JSON) {
				t.Errorf("%s: %s", section, record.JSON)
			}
		}
	}
	factor := held(t, k, portability.SectionFactors, user)[0]
	coretest.Equal(t, `{"id":"`+factor.Place.String()+`","kind":"totp","label":"phone","created_at":"`+
		coretest.Epoch.Format(time.RFC3339Nano)+`","confirmed_at":null,"last_used_at":null}`, string(factor.JSON))
}

func tellsOwn(t *testing.T, k Kept) {
	settle(t, k, "ada", 3)
	grace := accounttest.Person("grace")
	coretest.Must(t, k.Accounts.Create(t.Context(), grace))
	for _, section := range portability.Sections() {
		if section != portability.SectionRoles {
			coretest.Equal(t, 0, len(held(t, k, section, grace)))
		}
	}
}

func pagesByPlace(t *testing.T, k Kept) {
	user := settle(t, k, "ada", 5)
	settle(t, k, "grace", 5)
	seen, after := 0, core.ID{}
	for {
		page, err := k.Holdings.Held(t.Context(), portability.SectionDevices, user, after, 2)
		coretest.Must(t, err)
		if len(page) == 0 {
			break
		}
		for _, record := range page {
			if coretest.CompareIDs(record.Place, after) <= 0 {
				t.Error("places do not ascend")
			}
			after = record.Place
		}
		seen += len(page)
	}
	coretest.Equal(t, 5, seen)
}

func placelessOnce(t *testing.T, k Kept) {
	user := settle(t, k, "ada", 0)
	records, err := k.Holdings.Held(t.Context(), portability.SectionRecoveryCodes, user, user.ID, 100)
	coretest.Must(t, err)
	coretest.Equal(t, 0, len(records))
}

// Shelf is a portability.Holdings that tells the same of everybody.
type Shelf map[portability.Section][]portability.Record

// Held implements portability.Holdings.
func (s Shelf) Held(
	_ context.Context, section portability.Section, _ account.User, after core.ID, limit int,
) (page []portability.Record, _ error) {
	for _, record := range s[section] {
		placeless := record.Place.IsZero() && after.IsZero()
		if placeless || coretest.CompareIDs(record.Place, after) > 0 && len(page) < limit {
			page = append(page, record)
		}
	}
	return page, nil
}
