package audit_test

import (
	"strings"
	"testing"

	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
)

// TestListed tells every name whole, and how many there was no room for.
func TestListed(t *testing.T) {
	t.Parallel()
	half := strings.Repeat("a", audit.ValueMax/2)
	for name, test := range map[string]struct {
		names []string
		want  string
	}{
		"none":         {nil, ""},
		"some":         {[]string{"users.export", "users.read"}, "users.export users.read"},
		"too many":     {[]string{half, "b", half, "c"}, half + " b +2"},
		"one too long": {[]string{half + half}, "+1"},
	} {
		got := audit.Listed(test.names)
		coretest.Equal(t, test.want, got)
		if len(got) > audit.ValueMax {
			t.Errorf("%s: %d bytes", name, len(got))
		}
	}
}
