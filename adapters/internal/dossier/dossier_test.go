package dossier_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/adapters/internal/dossier"
	"github.com/doorward/doorward/core/portability"
)

// TestEverySectionStandsSomewhere holds the parts to the sections of the document, and its texts to what SQL can say.
func TestEverySectionStandsSomewhere(t *testing.T) {
	t.Parallel()
	for _, section := range portability.Sections() {
		parts := dossier.PartsOf(section)
		if len(parts) == 0 {
			t.Errorf("%s stands nowhere", section)
		}
		for _, part := range parts {
			query := part.Query(func(n int) string { return fmt.Sprintf("$%d", n) })
			if !strings.HasPrefix(query, "SELECT ") || strings.Contains(query, "digest") || strings.Contains(query, "sealed") {
				t.Errorf("%s: %s", section, query)
			}
			values := make([]any, len(part.Columns))
			text, err := part.Encode(values)
			if err != nil || !strings.HasPrefix(string(text), "{") || strings.Count(string(text), ":null") != len(values) {
				t.Errorf("%s: %s %v", section, text, err)
			}
		}
	}
}

// TestUntold finds columns that name a person in tables that nobody has thought of.
func TestUntold(t *testing.T) {
	t.Parallel()
	columns := []dossier.SchemaColumn{
		{Table: "sessions", Column: "user_id"},
		{Table: "roles", Column: "name"},
		{Table: "diary", Column: "user_id"},
		{Table: "letters", Column: "recipient"},
		{Table: "imported_users", Column: "user_id"},
		{Table: "gone", Column: "id"},
	}
	if got := dossier.Untold(columns); !slices.Equal(got, []string{"diary.user_id", "letters.recipient"}) {
		t.Errorf("untold: %v", got)
	}
}
