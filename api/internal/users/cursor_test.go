package users_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/api/internal/users"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/directory"
)

var at = time.Date(2026, 3, 1, 9, 30, 0, 123000, time.UTC)

func lists() []users.Bound {
	yes, no := true, false
	return []users.Bound{
		{Sort: directory.NewestFirst},
		{Sort: directory.OldestFirst},
		{Sort: directory.ByName},
		{Sort: directory.ByEmail},
		{Search: "ada"},
		{Search: "adam"},
		{Search: "ada", Filter: directory.Filter{Status: account.StatusActive}},
		{Sort: directory.NewestFirst, Filter: directory.Filter{Role: "A"}},
		{Sort: directory.NewestFirst, Filter: directory.Filter{Country: "AA"}},
		{Sort: directory.NewestFirst, Filter: directory.Filter{EmailVerified: &yes}},
		{Sort: directory.NewestFirst, Filter: directory.Filter{EmailVerified: &no}},
		{Sort: directory.NewestFirst, Filter: directory.Filter{SecondFactor: &no}},
		{Sort: directory.NewestFirst, Filter: directory.Filter{CreatedFrom: at}},
		{Sort: directory.NewestFirst, Filter: directory.Filter{CreatedTo: at}},
	}
}

// TestCursors reads back what was written in the same list, and in no other.
func TestCursors(t *testing.T) {
	t.Parallel()
	for i, bound := range lists() {
		place := directory.Place{ID: core.ID{1, 15: 255}, At: at}
		if bound.Search != "" || bound.Sort.Keyed() {
			place = directory.Place{ID: place.ID, Key: "ada löwe"}
		}
		text := users.Write(bound, place)
		for j, other := range lists() {
			got, err := users.Read(other, text)
			if i == j && (err != nil || got != place) || i != j && err == nil {
				t.Errorf("list %d in list %d: %+v %v", i, j, got, err)
			}
		}
		for _, bad := range []string{text[1:], text + "A", "AQ" + text[2:], text + "=", "!", text[:20]} {
			if got, err := users.Read(bound, bad); err == nil && got == place {
				t.Errorf("%q was read", bad)
			}
		}
		if bound.Search != "" || bound.Sort.Keyed() {
			if _, err := users.Read(bound, users.Write(bound, directory.Place{ID: place.ID, Key: "a\x00"})); err == nil {
				t.Error("a key with a NUL was read, which no database compares with")
			}
		}
		if got, err := users.Read(bound, ""); err != nil || !got.IsZero() {
			t.Errorf("the beginning: %+v %v", got, err)
		}
	}
	if text := users.Write(lists()[0], directory.Place{}); text != "" {
		t.Errorf("the end is written %q", text)
	}
}

func FuzzCursor(f *testing.F) {
	f.Add("", true)
	f.Add(users.Write(users.Bound{Sort: directory.NewestFirst}, directory.Place{ID: core.ID{1}, At: at}), false)
	f.Add(users.Write(users.Bound{Sort: directory.ByName}, directory.Place{ID: core.ID{1}, Key: "ada"}), true)
	f.Add(users.Write(users.Bound{Sort: directory.ByName}, directory.Place{ID: core.ID{1}, Key: "\xff"}), true)
	f.Fuzz(func(t *testing.T, text string, keyed bool) {
		bound := users.Bound{Sort: directory.NewestFirst}
		if keyed {
			bound.Sort = directory.ByName
		}
		place, err := users.Read(bound, text)
		switch {
		case err != nil && core.AsError(err).Kind != core.KindInvalid:
			t.Errorf("%q: %v", text, err)
		case err == nil && text != "" && users.Write(bound, place) != text:
			t.Errorf("%q is another spelling of %q", text, users.Write(bound, place))
		}
	})
}
