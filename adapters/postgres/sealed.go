package postgres

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/sealed"
	"github.com/doorward/doorward/core/secret"
)

// sealedColumn is where the values of a place are. Bound is an expression that gives a text.
type sealedColumn struct{ table, key, bound, column string }

var sealedColumns = map[secret.Place]sealedColumn{
	secret.PlaceSigningKeys: {"signing_keys", "id", "''", "sealed"},
	secret.PlaceFactors:     {"factors", "id", "user_id::text", "sealed"},
	secret.PlaceIntakes:     {"intakes", "id", "kind", "payload"},
	secret.PlaceFlows:       {"flows", "id", "purpose", "detail"},
	secret.PlaceLinks:       {"links", "digest", "purpose", "detail"},
	secret.PlaceOutbox:      {"outbox", "id", "''", "payload"},
	secret.PlaceMailbox:     {"mailbox", "id", "''", "contents"},
	secret.PlaceReplies:     {"idempotency_keys", "digest", "''", "reply"},
}

// Sealed is a sealed.Store and a sealed.Census. Its statements are put together from the names above, one text
// for eight tables.
type Sealed struct{ db *Database }

// Sealed gives the store of sealed values, whatever they hold.
func (db *Database) Sealed() *Sealed { return &Sealed{db} }

// Stale implements sealed.Store.
func (s *Sealed) Stale(
	ctx context.Context, place secret.Place, current secret.Tag, after string, limit int,
) ([]sealed.Value, error) {
	column := sealedColumns[place]
	behind, err := column.parseKey(after)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.on(ctx).Query(ctx, fmt.Sprintf(
		"SELECT %[2]s, %[3]s, %[4]s FROM %[1]s WHERE %[2]s > $1 AND substr(%[4]s, 1, 4) <> $2 ORDER BY %[2]s LIMIT $3",
		column.table, column.key, column.bound, column.column), behind, current[:], limit32(limit))
	if err != nil {
		return nil, translate(err)
	}
	values, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (value sealed.Value, err error) {
		var key any
		err = row.Scan(&key, &value.Bound, &value.Sealed)
		value.Key = keyText(key)
		return value, err
	})
	return values, translate(err)
}

// Replace implements sealed.Store.
func (s *Sealed) Replace(ctx context.Context, place secret.Place, value sealed.Value, fresh []byte) error {
	column := sealedColumns[place]
	key, err := column.parseKey(value.Key)
	if err != nil {
		return err
	}
	done, err := s.db.on(ctx).Exec(ctx, fmt.Sprintf("UPDATE %[1]s SET %[3]s = $1 WHERE %[2]s = $2 AND %[3]s = $3",
		column.table, column.key, column.column), fresh, key, value.Sealed)
	return affected(done.RowsAffected(), err)
}

// Tally implements sealed.Store.
func (s *Sealed) Tally(ctx context.Context, place secret.Place) (map[secret.Tag]int64, error) {
	column := sealedColumns[place]
	return s.byTag(ctx, fmt.Sprintf("SELECT substr(%[2]s, 1, 4), count(*) FROM %[1]s WHERE %[2]s IS NOT NULL GROUP BY 1",
		column.table, column.column))
}

// RecoveryCodes implements sealed.Census.
func (s *Sealed) RecoveryCodes(ctx context.Context) (map[secret.Tag]int64, error) {
	return s.byTag(ctx, "SELECT substr(digest, 1, 4), count(*) FROM recovery_codes GROUP BY 1")
}

func (s *Sealed) byTag(ctx context.Context, statement string) (map[secret.Tag]int64, error) {
	rows, err := s.db.on(ctx).Query(ctx, statement)
	if err != nil {
		return nil, translate(err)
	}
	counts, tag, count := map[secret.Tag]int64{}, []byte(nil), int64(0)
	_, err = pgx.ForEachRow(rows, []any{&tag, &count}, func() error {
		counts[secret.TagOf(tag)] += count
		return nil
	})
	return counts, translate(err)
}

// Passwords implements sealed.Census.
func (s *Sealed) Passwords(ctx context.Context) (map[secret.Tag]int64, error) {
	rows, err := s.db.on(ctx).Query(ctx, `SELECT substring(password_hash FROM ',keyid=([A-Za-z0-9+/]+)'), count(*) FROM users
WHERE password_hash LIKE '$argon2id$%,keyid=%' GROUP BY 1`)
	if err != nil {
		return nil, translate(err)
	}
	counts, id, count := map[secret.Tag]int64{}, "", int64(0)
	_, err = pgx.ForEachRow(rows, []any{&id, &count}, func() error {
		tag, err := base64.RawStdEncoding.DecodeString(id)
		counts[secret.TagOf(tag)] += count
		return err
	})
	return counts, translate(err)
}

// Codes implements sealed.Census.
func (s *Sealed) Codes(ctx context.Context, now time.Time) (count int64, last time.Time, err error) {
	var until *time.Time
	err = s.db.on(ctx).QueryRow(ctx, `SELECT count(*), max(expires_at) FROM flows
WHERE NOT closed AND expires_at > $1 AND (user_id IS NOT NULL OR registration_id IS NOT NULL)`, now).Scan(&count, &until)
	return count, present(until), translate(err)
}

// parseKey gives the key that a text names, one below all keys for the empty text.
func (c sealedColumn) parseKey(text string) (any, error) {
	switch {
	case c.key == "digest":
		digest, err := hex.DecodeString(text)
		return digest, err
	case c.table == "signing_keys":
		return text, nil
	case text == "":
		return core.ID{}, nil
	default:
		return core.ParseID(text)
	}
}

func keyText(key any) string {
	switch key := key.(type) {
	case [16]byte:
		return core.ID(key).String()
	case []byte:
		return hex.EncodeToString(key)
	default:
		return fmt.Sprint(key)
	}
}
