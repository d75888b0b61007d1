package postgres

import (
	"context"
	"strconv"
	"time"

	"github.com/doorward/doorward/adapters/internal/dossier"
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
		records, err := h.part(ctx, part, about, after, limit)
		if err != nil {
			return nil, translate(err)
		}
		held = append(held, records...)
	}
	return held, nil
}

func (h *Holdings) part(
	ctx context.Context, part dossier.Part, about account.User, after core.ID, limit int,
) (held []portability.Record, err error) {
	arguments := []any{about.ID}
	if part.ByEmail {
		arguments[0] = about.Email
	}
	if part.Place != "" {
		arguments = append(arguments, after, limit)
	}
	rows, err := h.db.on(ctx).Query(ctx, part.Query(func(n int) string { return "$" + strconv.Itoa(n) }), arguments...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var record portability.Record
		targets, values := targetsOf(part)
		if part.Place != "" {
			targets = append([]any{&record.Place}, targets...)
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		if record.JSON, err = part.Encode(values()); err != nil {
			return nil, err
		}
		held = append(held, record)
	}
	return held, rows.Err()
}

// targetsOf gives what the columns of a part are read into, and how to take them from there.
func targetsOf(part dossier.Part) (targets []any, values func() []any) {
	targets = make([]any, len(part.Columns))
	for i, column := range part.Columns {
		switch column.Kind {
		case dossier.Time:
			targets[i] = new(*time.Time)
		case dossier.ID:
			targets[i] = new(*core.ID)
		case dossier.List:
			targets[i] = new([]string)
		case dossier.Text:
			targets[i] = new(*string)
		}
	}
	return targets, func() []any {
		taken := make([]any, len(targets))
		for i, target := range targets {
			if at, ok := target.(**time.Time); ok && *at != nil {
				**at = (*at).UTC()
			}
			taken[i] = target
		}
		return taken
	}
}
