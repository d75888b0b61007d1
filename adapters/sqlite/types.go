package sqlite

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/verification"
)

// optionalID gives null for the zero identifier.
func optionalID(id core.ID) *sqltype.ID {
	if id.IsZero() {
		return nil
	}
	column := sqltype.ID(id)
	return &column
}

// optionalTime gives null for the zero time.
func optionalTime(at time.Time) *sqltype.Time {
	if at.IsZero() {
		return nil
	}
	column := sqltype.Time(at)
	return &column
}

// optionalText gives null for the empty text.
func optionalText[T ~string](text T) *string {
	if text == "" {
		return nil
	}
	plain := string(text)
	return &plain
}

// present gives what the pointer leads to, or the zero value for null.
func present[T any](value *T) T {
	if value == nil {
		var zero T
		return zero
	}
	return *value
}

func presentTime(at *sqltype.Time) time.Time { return time.Time(present(at)) }

// encodeList and decodeList keep a list of texts as JSON.
func encodeList(list []string) string {
	if list == nil {
		return "[]"
	}
	text, _ := json.Marshal(list) // texts always encode
	return string(text)
}

func decodeList(text string) []string {
	var list []string
	_ = json.Unmarshal([]byte(text), &list) // the schema admits nothing else
	return list
}

// each turns rows into values of the domain; no rows are nil.
func each[Row, Value any](rows []Row, to func(Row) Value) []Value {
	if len(rows) == 0 {
		return nil
	}
	values := make([]Value, len(rows))
	for i, row := range rows {
		values[i] = to(row)
	}
	return values
}

// affected is core.ErrNotFound when a statement that names one row found none.
func affected(rows int64, err error) error {
	if err == nil && rows == 0 {
		return core.ErrNotFound
	}
	return translate(err)
}

// What an UPDATE returns has no order, whatever its subselect says.
func sortIntakes(intakes []verification.Intake) {
	slices.SortFunc(intakes, func(a, b verification.Intake) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), slices.Compare(a.ID[:], b.ID[:]))
	})
}

// decodeIDs reads a JSON array of identifiers in hexadecimal, as a view of this schema writes it; nil for none.
func decodeIDs(text string) (ids []core.ID) {
	for _, digits := range decodeList(text) {
		var id core.ID
		if n, err := hex.Decode(id[:], []byte(digits)); err == nil && n == len(id) {
			ids = append(ids, id)
		}
	}
	return ids
}
