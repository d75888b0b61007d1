package sqlite

import (
	"context"
	"time"

	"github.com/doorward/doorward/adapters/internal/dossier"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/portability"
)

// Holdings is a portability.Holdings.
type Holdings struct{ db *Database }

// Holdings tells what is held about a person.
func (db *Database) Holdings() *Holdings { return &Holdings{db} }

// Held implements portability.Holdings.
func (h *Holdings) Held(
	ctx context.Context, section portability.Section, about account.User, after core.ID, limit int,
) (held []portability.Record, err error) {
	for _, part := range dossier.PartsOf(section) {
		if part.Place == "" && !after.IsZero() {
			continue
		}
		arguments := []any{sqltype.ID(about.ID)}
		if part.ByEmail {
			arguments[0] = about.Email
		}
		if part.Place != "" {
			arguments = append(arguments, sqltype.ID(after), limit)
		}
		statement := part.Query(func(int) string { return "?" })
		err := h.db.scan(ctx, statement, arguments, func(scan func(...any) error) error {
			record, err := readRecord(part, scan)
			held = append(held, record)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return held, nil
}

func readRecord(part dossier.Part, scan func(...any) error) (record portability.Record, err error) {
	targets := make([]any, len(part.Columns))
	for i, column := range part.Columns {
		switch column.Kind {
		case dossier.Time:
			targets[i] = new(*sqltype.Time)
		case dossier.ID:
			targets[i] = new(*sqltype.ID)
		case dossier.Text, dossier.List:
			targets[i] = new(*string)
		}
	}
	all := targets
	if part.Place != "" {
		all = append([]any{(*sqltype.ID)(&record.Place)}, targets...)
	}
	if err := scan(all...); err != nil {
		return record, err
	}
	for i, column := range part.Columns {
		targets[i] = taken(column.Kind, targets[i])
	}
	record.JSON, err = part.Encode(targets)
	return record, err
}

// taken gives the value of a column that was read, as it is written.
func taken(kind dossier.Kind, target any) any {
	switch held := target.(type) {
	case **sqltype.Time:
		return (*time.Time)(*held)
	case **sqltype.ID:
		return (*core.ID)(*held)
	case **string:
		if kind == dossier.List && *held != nil {
			return decodeList(**held)
		}
		return *held
	}
	return nil
}
