package directory_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/directory"
)

// TestPages reads a list and a search to their ends.
func TestPages(t *testing.T) {
	t.Parallel()
	s := open(t)
	for i := range 9 {
		s.Must(s.Users.Create(s.Ctx, accounttest.Person(fmt.Sprintf("reader%d", i))))
	}
	read := func(page func(after directory.Place) (directory.Page, error)) (names []string) {
		for after := (directory.Place{}); ; {
			part, err := page(after)
			s.Must(err)
			for _, user := range part.Users {
				names = append(names, user.EmailKey)
			}
			if after = part.Next; after.IsZero() {
				return names
			}
		}
	}
	listed := read(func(after directory.Place) (directory.Page, error) {
		return s.Directory.List(s.Ctx, directory.Listing{Sort: directory.ByEmail, After: after, Limit: 4})
	})
	coretest.Equal(t, 11, len(listed))
	coretest.Equal(t, true, slices.IsSorted(listed))
	searched := read(func(after directory.Place) (directory.Page, error) {
		return s.Directory.Search(s.Ctx, "READER", directory.Search{After: after, Limit: 4})
	})
	coretest.Equal(t, 9, len(searched))
	for limit, want := range map[int]int{0: 11, -1: 1, 1000: 11} {
		page, err := s.Directory.List(s.Ctx, directory.Listing{Sort: directory.NewestFirst, Limit: limit})
		s.Must(err)
		coretest.Equal(t, want, len(page.Users))
	}
}

func TestSearchRefuses(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, typed := range []string{"", "  ", "a\x00", "a\nb", "\xff", strings.Repeat("я", 255)} {
		_, err := s.Directory.Search(s.Ctx, typed, directory.Search{})
		s.Refused(err, core.Invalid())
	}
	_, err := s.Directory.Search(s.Ctx, strings.Repeat("я", 254), directory.Search{})
	s.Must(err)
}

func TestManyInOrder(t *testing.T) {
	t.Parallel()
	s := open(t)
	ids := []core.ID{s.id, s.IDs.New(), s.admin.UserID, s.id}
	users, err := s.Directory.Many(s.Ctx, ids)
	s.Must(err)
	coretest.Equal(t, []core.ID{s.id, s.admin.UserID}, []core.ID{users[0].ID, users[1].ID})
	coretest.Equal(t, 2, len(users))
}

// TestProfiles shows each kind of profile to each kind of viewer.
func TestProfiles(t *testing.T) {
	t.Parallel()
	s := open(t)
	viewer := func(who core.ID, bits ...access.Bit) access.Rights {
		return access.Rights{Who: who, Set: access.NewSet(bits...)}
	}
	machine := s.IDs.New()
	viewers := map[string]access.Rights{
		"stranger": {}, "member": viewer(s.admin.UserID, access.MeRead), "owner": viewer(s.id, access.MeRead),
		"reader": viewer(s.admin.UserID, access.MeRead, access.UsersRead), "machine that reads": viewer(machine, access.UsersRead),
		"machine": viewer(machine, access.MailRead), "token of the owner's without me.read": viewer(s.id, access.MeWrite),
	}
	for _, c := range []struct {
		visibility account.Visibility
		status     account.Status
		sees       []string
	}{
		{account.VisibilityPublic, account.StatusActive, slices.Collect(maps.Keys(viewers))},
		{account.VisibilityMembers, account.StatusActive, []string{"member", "owner", "reader", "machine that reads"}},
		{account.VisibilityPrivate, account.StatusActive, []string{"owner", "reader", "machine that reads"}},
		{account.VisibilityPublic, account.StatusSuspended, []string{"owner", "reader", "machine that reads"}},
		{account.VisibilityMembers, account.StatusDeactivated, []string{"owner", "reader", "machine that reads"}},
	} {
		s.Alter(s.id, func(user *account.User) { user.Preferences.Visibility, user.Status = c.visibility, c.status })
		for name, viewer := range viewers {
			_, err := s.Directory.Profile(s.Ctx, viewer, s.id)
			if slices.Contains(c.sees, name) {
				s.Must(err)
			} else {
				s.Refused(err, core.ErrNotFound)
			}
			_, err = s.Directory.Profile(s.Ctx, viewer, s.IDs.New())
			s.Refused(err, core.ErrNotFound)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	keys := directory.Keys{Email: "ada@example.com", Username: "countess", Name: "ada lovelace"}
	for typed, want := range map[string]string{
		"A": "ada lovelace", "ada@": "ada@example.com", "COUNT": "countess", "Ada  Love": "ada lovelace", "": "", "x": "", "lovelace": "",
		"\uff21da": "ada lovelace",
	} {
		got, found := directory.NewSearchText(typed).Match(keys)
		if got != want || found != (want != "") {
			t.Errorf("%q finds %q", typed, got)
		}
	}
}

func FuzzSearchText(f *testing.F) {
	for _, seed := range []string{"", "Ada", "stra\u00dfe", "\u0130", "\ufdfa", "a\u0345", " \u00a0x", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		text := directory.NewSearchText(typed)
		if !utf8.ValidString(typed) {
			return
		}
		if again := directory.NewSearchText(text.Name); again.Name != text.Name {
			t.Fatalf("%q: %q becomes %q", typed, text.Name, again.Name)
		}
		if _, found := text.Match(directory.Keys{Name: account.NameKey(typed)}); found != (text.Name != "") {
			t.Fatalf("%q does not find itself", typed)
		}
	})
}
