package form_test

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/core"
)

// TestAbsence writes what is missing as null, save lists, and what is there as it is.
func TestAbsence(t *testing.T) {
	t.Parallel()
	position := core.Position{At: now, ID: core.ID{15: 1}}
	for name, test := range map[string]struct {
		value any
		want  string
	}{
		"no text":      {form.Optional(""), `null`},
		"a text":       {form.Optional("Ada"), `"Ada"`},
		"no time":      {form.Time(time.Time{}), `null`},
		"a time":       {form.Time(now), `"2026-03-01T09:30:00Z"`},
		"no id":        {form.ID(core.ID{}), `null`},
		"an id":        {form.ID(core.ID{15: 1}), `"00000000-0000-0000-0000-000000000001"`},
		"no items":     {form.Each([]int(nil), strconv.Itoa), `[]`},
		"items":        {form.Each([]int{1, 2}, strconv.Itoa), `["1","2"]`},
		"no list":      {form.List(nil), `[]`},
		"a list":       {form.List([]string{"pwd"}), `["pwd"]`},
		"no next page": {form.Next(core.Position{}), `null`},
		"a next page":  {form.Next(position), `"` + form.Cursor(position) + `"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(test.value)
			if err != nil || string(got) != test.want {
				t.Errorf("%s %v, want %s", got, err, test.want)
			}
		})
	}
}
