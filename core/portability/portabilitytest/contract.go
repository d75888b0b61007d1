package portabilitytest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/portability"
)

// Stores is what the suite is run on: the stores of one fresh, empty database with the built-in roles.
type Stores struct {
	Tx          core.Transactor
	Accounts    account.Store
	Memberships access.Memberships
	Porting     portability.Store
	History     audit.History
}

// TestStore proves that a portability.Store keeps its contract. Open gives fresh stores; it may be called by several
// tests at once.
func TestStore(t *testing.T, open func(t *testing.T) Stores) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, stores Stores){
		"adds accounts with roles and marks":     addsAll,
		"tells who assigned the roles, and when": tellsWhoAssigned,
		"adds none where one cannot be":          addsNone,
		"a refusal leaves the transaction alive": refusalSpares,
		"tells who stands in the way":            tellsStanding,
		"looks up nothing":                       standsNothing,
		"overwrites marks":                       remembers,
		"severs what has a mark":                 severs,
		"gives pages by id":                      givesPages,
		"leaves out who may not sign in":         leavesOut,
		"one of many adds":                       oneAdds,
		"rolls back with its transaction":        rollsBack,
	})
}

// imported is an account of that name, and a mark.
func imported(name string) portability.Imported {
	user := accounttest.Person(name)
	user.Source, user.ExternalID, user.Roles = account.SourceImported, "ext-"+name, []string{account.RoleUser}
	return portability.Imported{User: user, At: user.CreatedAt, Mark: portability.Mark{
		Line: portability.Digest{1, 31: 9}, Password: portability.Digest{2}, PasswordAt: coretest.Epoch.Add(time.Second),
		EmailKey: user.EmailKey, EmailVerified: true, ExternalID: user.ExternalID,
	}}
}

func standing(t *testing.T, s Stores, names ...string) portability.Standing {
	t.Helper()
	var ids, emails, usernames []string
	for _, name := range names {
		each := imported(name)
		ids, emails = append(ids, each.User.ExternalID), append(emails, each.User.EmailKey)
		usernames = append(usernames, each.User.UsernameKey)
	}
	found, err := s.Porting.Standing(t.Context(), ids, emails, usernames)
	coretest.Must(t, err)
	return found
}

func addsAll(t *testing.T, s Stores) {
	ada, grace := imported("ada"), imported("grace")
	ada.User.Roles = []string{account.RoleAdmin, account.RoleUser}
	grace.User.Username, grace.User.UsernameKey, grace.User.Password = "", "", ""
	grace.User.PasswordChangedAt = time.Time{}
	grace.Mark.Password, grace.Mark.PasswordAt, grace.Mark.EmailVerified = portability.Digest{}, time.Time{}, false
	event := audit.Event{
		ID: accounttest.NewID(), At: coretest.Epoch, Action: audit.ActionUserImport, Outcome: audit.Success,
		ActorKind: audit.Service, Actor: accounttest.NewID(), Subject: ada.User.ID, KeepUntil: coretest.Epoch,
	}
	coretest.Must(t, s.Porting.Add(t.Context(), []portability.Imported{ada, grace}, event))
	found := standing(t, s, "ada", "grace")
	for _, each := range []portability.Imported{ada, grace} {
		user, err := s.Accounts.Find(t.Context(), each.User.ID)
		coretest.Must(t, err)
		coretest.Equal(t, each.User, user)
		coretest.Equal(t, portability.Known{User: user, Mark: each.Mark, Marked: true}, found.Accounts[each.User.ExternalID])
	}
	events, err := s.History.Find(t.Context(), audit.Query{Subject: ada.User.ID}, core.Page{Limit: 5})
	coretest.Must(t, err)
	coretest.Equal(t, 1, len(events))
}

// tellsWhoAssigned adds accounts that another system opened long ago: their roles were assigned today.
func tellsWhoAssigned(t *testing.T, s Stores) {
	ada, grace := imported("ada"), imported("grace")
	ada.User.Roles = []string{account.RoleAdmin, account.RoleUser}
	ada.By, ada.At = accounttest.NewID(), ada.User.CreatedAt.Add(time.Hour)
	grace.At = grace.User.CreatedAt.Add(time.Minute) // nobody whom the store knows
	coretest.Must(t, s.Porting.Add(t.Context(), []portability.Imported{ada, grace}))
	for _, each := range []portability.Imported{ada, grace} {
		var want []access.Membership
		for _, role := range each.User.Roles {
			want = append(want, access.Membership{Role: role, By: each.By, At: each.At})
		}
		held, err := s.Memberships.Of(t.Context(), each.User.ID, access.KindRole)
		coretest.Must(t, err)
		coretest.Equal(t, want, held)
	}
}

func addsNone(t *testing.T, s Stores) {
	coretest.Must(t, s.Porting.Add(t.Context(), []portability.Imported{imported("ada")}))
	for want, spoil := range map[*core.Error]func(user *account.User){
		account.ErrEmailTaken:      func(user *account.User) { user.EmailKey = imported("ada").User.EmailKey },
		account.ErrUsernameTaken:   func(user *account.User) { user.UsernameKey = imported("ada").User.UsernameKey },
		account.ErrExternalIDTaken: func(user *account.User) { user.ExternalID = "ext-ada" },
		core.ErrNotFound:           func(user *account.User) { user.Roles = []string{"PIRATE"} },
	} {
		good, bad := imported("good"), imported("bad")
		spoil(&bad.User)
		event := audit.Event{
			ID: accounttest.NewID(), At: coretest.Epoch, Action: audit.ActionUserImport,
			Outcome: audit.Success, ActorKind: audit.System, Subject: good.User.ID, KeepUntil: coretest.Epoch,
		}
		coretest.Refused(t, s.Porting.Add(t.Context(), []portability.Imported{good, bad}, event), want)
		_, err := s.Accounts.Find(t.Context(), good.User.ID)
		coretest.Refused(t, err, core.ErrNotFound)
		events, err := s.History.Find(t.Context(), audit.Query{Subject: good.User.ID}, core.Page{Limit: 5})
		coretest.Must(t, err)
		coretest.Equal(t, 0, len(events))
	}
}

func refusalSpares(t *testing.T, s Stores) {
	coretest.Must(t, s.Porting.Add(t.Context(), []portability.Imported{imported("ada")}))
	twin, grace := imported("twin"), imported("grace")
	twin.User.EmailKey = imported("ada").User.EmailKey
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Refused(t, s.Porting.Add(ctx, []portability.Imported{grace, twin}), account.ErrEmailTaken)
		return s.Porting.Add(ctx, []portability.Imported{grace})
	}))
	_, err := s.Accounts.Find(t.Context(), grace.User.ID)
	coretest.Must(t, err)
}

func tellsStanding(t *testing.T, s Stores) {
	ada, grace := imported("ada"), accounttest.Person("grace")
	grace.ExternalID = "ext-grace"
	coretest.Must(t, s.Porting.Add(t.Context(), []portability.Imported{ada}))
	coretest.Must(t, s.Accounts.Create(t.Context(), grace))
	found := standing(t, s, "ada", "grace", "nobody")
	coretest.Equal(t, 2, len(found.Accounts))
	if known := found.Accounts["ext-grace"]; known.Marked || known.User.ID != grace.ID || known.Mark != (portability.Mark{}) {
		t.Errorf("an account that no import made: %+v", known)
	}
	ada.User.ExternalID = "ext-other"
	_, err := s.Accounts.Save(t.Context(), ada.User)
	coretest.Must(t, err)
	if known := standing(t, s, "other").Accounts["ext-other"]; known.Marked || known.Mark != (portability.Mark{}) {
		t.Errorf("an account that was made under another id: %+v", known)
	}
	coretest.Equal(t, map[string]core.ID{ada.User.EmailKey: ada.User.ID, grace.EmailKey: grace.ID}, found.Emails)
	coretest.Equal(t, map[string]core.ID{ada.User.UsernameKey: ada.User.ID, grace.UsernameKey: grace.ID}, found.Usernames)
}

func standsNothing(t *testing.T, s Stores) {
	coretest.Must(t, s.Accounts.Create(t.Context(), accounttest.Person("ada")))
	found, err := s.Porting.Standing(t.Context(), nil, nil, nil)
	coretest.Must(t, err)
	coretest.Equal(t, 0, len(found.Accounts)+len(found.Emails)+len(found.Usernames))
}

func remembers(t *testing.T, s Stores) {
	ada := imported("ada")
	coretest.Must(t, s.Porting.Add(t.Context(), []portability.Imported{ada}))
	mark := portability.Mark{Line: portability.Digest{7}, EmailKey: "else@example.com", ExternalID: "ext-ada", Severed: true}
	coretest.Must(t, s.Porting.Remember(t.Context(), ada.User.ID, mark))
	coretest.Equal(t, mark, standing(t, s, "ada").Accounts["ext-ada"].Mark)
	coretest.Refused(t, s.Porting.Remember(t.Context(), accounttest.NewID(), mark), core.ErrNotFound)
}

func severs(t *testing.T, s Stores) {
	ada, grace := imported("ada"), imported("grace")
	coretest.Must(t, s.Porting.Add(t.Context(), []portability.Imported{ada, grace}))
	for range 2 {
		coretest.Must(t, s.Porting.Sever(t.Context(), ada.User.ID))
	}
	coretest.Must(t, s.Porting.Sever(t.Context(), accounttest.NewID()))
	found := standing(t, s, "ada", "grace").Accounts
	ada.Mark.Severed = true
	coretest.Equal(t, ada.Mark, found["ext-ada"].Mark)
	coretest.Equal(t, grace.Mark, found["ext-grace"].Mark)
}

func givesPages(t *testing.T, s Stores) {
	var want []account.User
	for i := range 7 {
		each := imported(fmt.Sprintf("user%d", i))
		each.User.MustReset = i == 3
		coretest.Must(t, s.Porting.Add(t.Context(), []portability.Imported{each}))
		want = append(want, told(each.User))
	}
	slices.SortFunc(want, func(a, b account.User) int { return coretest.CompareIDs(a.ID, b.ID) })
	var got []account.User
	for after := (core.ID{}); ; after = got[len(got)-1].ID {
		page, err := s.Porting.Page(t.Context(), after, 3)
		coretest.Must(t, err)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
	}
	coretest.Equal(t, want, got)
}

func leavesOut(t *testing.T, s Stores) {
	var want []core.ID
	for _, status := range []account.Status{
		account.StatusActive, account.StatusSuspended, account.StatusDeactivated, account.StatusDeleted,
	} {
		user := accounttest.Person(string(status))
		if user.Status = status; status == account.StatusDeleted {
			user.DeletedAt, user.PurgeAt = coretest.Epoch, coretest.Epoch.Add(time.Hour)
		}
		coretest.Must(t, s.Accounts.Create(t.Context(), user))
		if status == account.StatusActive || status == account.StatusDeactivated {
			want = append(want, user.ID)
		}
	}
	page, err := s.Porting.Page(t.Context(), core.ID{}, 10)
	coretest.Must(t, err)
	var got []core.ID
	for _, user := range page {
		got = append(got, user.ID)
	}
	slices.SortFunc(want, coretest.CompareIDs)
	coretest.Equal(t, want, got)
}

func oneAdds(t *testing.T, s Stores) {
	const racers = 16
	results := make(chan error, racers)
	for range racers {
		go func() { results <- s.Porting.Add(t.Context(), []portability.Imported{imported("ada")}) }()
	}
	won := 0
	for range racers {
		if err := <-results; err == nil {
			won++
		} else if core.AsError(err).Kind != core.KindConflict {
			t.Error(err)
		}
	}
	coretest.Equal(t, 1, won)
}

func rollsBack(t *testing.T, s Stores) {
	ada := imported("ada")
	err := s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Must(t, s.Porting.Add(ctx, []portability.Imported{ada}))
		found, err := s.Porting.Standing(ctx, []string{"ext-ada"}, nil, nil)
		coretest.Must(t, err)
		coretest.Equal(t, 1, len(found.Accounts))
		return core.ErrConflict
	})
	coretest.Refused(t, err, core.ErrConflict)
	coretest.Equal(t, 0, len(standing(t, s, "ada").Accounts))
}
