package form_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/core"
)

var now = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

// TestCursors reads back what was written, and nothing else.
func TestCursors(t *testing.T) {
	t.Parallel()
	position := core.Position{At: now.Add(123456 * time.Microsecond), ID: core.ID{1, 15: 255}}
	text := form.Cursor(position)
	if got, err := form.Position(text); err != nil || got != position {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := form.Position(""); err != nil || !got.IsZero() {
		t.Errorf("the beginning: %+v %v", got, err)
	}
	page, err := form.Page(7, text)
	if want := (core.Page{Limit: 7, After: position}); err != nil || page != want {
		t.Errorf("%+v %v", page, err)
	}
	for _, bad := range []string{text[1:], text + "A", "Ag" + text[2:], text + "=", text[:len(text)-1] + "\n", "!"} {
		if _, err := form.Position(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add(form.Cursor(core.Position{At: now, ID: core.ID{15: 1}}))
	f.Add(form.Cursor(core.Position{At: time.UnixMicro(-1), ID: core.ID{15: 1}}))
	f.Fuzz(func(t *testing.T, text string) {
		position, err := form.Position(text)
		switch {
		case err != nil && core.AsError(err).Kind != core.KindInvalid:
			t.Errorf("%q: %v", text, err)
		case err == nil && text != "" && form.Cursor(position) != text:
			t.Errorf("%q is another spelling of %q", text, form.Cursor(position))
		}
	})
}
