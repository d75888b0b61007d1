package sqlite

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/sealed"
	"github.com/doorward/doorward/core/secret"
)

// sealedColumn is where the values of a place are. Bound is an expression that gives a text or an identifier.
type sealedColumn struct{ table, key, bound, column string }

var sealedColumns = map[secret.Place]sealedColumn{
	secret.PlaceSigningKeys: {"signing_keys", "id", "''", "sealed"},
	secret.PlaceFactors:     {"factors", "id", "user_id", "sealed"},
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

func (s *Sealed) writing(ctx context.Context) litedb.DBTX {
	if tx := s.db.current(ctx); tx != nil {
		return tx.raw
	}
	return s.db.writer
}

// Stale implements sealed.Store.
func (s *Sealed) Stale(
	ctx context.Context, place secret.Place, current secret.Tag, after string, limit int,
) (stale []sealed.Value, err error) {
	column := sealedColumns[place]
	behind, err := column.parseKey(after)
	if err != nil {
		return nil, err
	}
	err = s.db.scan(ctx, fmt.Sprintf(
		"SELECT %[2]s, %[3]s, %[4]s FROM %[1]s WHERE %[2]s > ? AND substr(%[4]s, 1, 4) <> ? ORDER BY %[2]s LIMIT ?",
		column.table, column.key, column.bound, column.column),
		[]any{behind, current[:], max(limit, 0)}, func(scan func(...any) error) error {
			var key, bound any
			var value sealed.Value
			err := scan(&key, &bound, &value.Sealed)
			value.Key, value.Bound = columnText(key), columnText(bound)
			stale = append(stale, value)
			return err
		})
	return stale, err
}

// Replace implements sealed.Store.
func (s *Sealed) Replace(ctx context.Context, place secret.Place, value sealed.Value, fresh []byte) error {
	column := sealedColumns[place]
	key, err := column.parseKey(value.Key)
	if err != nil {
		return err
	}
	done, err := s.writing(ctx).ExecContext(ctx, fmt.Sprintf("UPDATE %[1]s SET %[3]s = ? WHERE %[2]s = ? AND %[3]s = ?",
		column.table, column.key, column.column), fresh, key, value.Sealed)
	if err != nil {
		return translate(err)
	}
	return affected(done.RowsAffected())
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
	counts := map[secret.Tag]int64{}
	err := s.db.scan(ctx, statement, nil, func(scan func(...any) error) error {
		var tag []byte
		var count int64
		err := scan(&tag, &count)
		counts[secret.TagOf(tag)] += count
		return err
	})
	return counts, err
}

// Passwords implements sealed.Census. A tag of four bytes is six letters of base64.
func (s *Sealed) Passwords(ctx context.Context) (map[secret.Tag]int64, error) {
	counts := map[secret.Tag]int64{}
	err := s.db.scan(ctx, `SELECT substr(password_hash, instr(password_hash, ',keyid=') + 7, 6), count(*) FROM users
WHERE password_hash LIKE '$argon2id$%,keyid=%' GROUP BY 1`, nil, func(scan func(...any) error) error {
		var id string
		var count int64
		if err := scan(&id, &count); err != nil {
			return err
		}
		tag, err := base64.RawStdEncoding.DecodeString(id)
		counts[secret.TagOf(tag)] += count
		return err
	})
	return counts, err
}

// Codes implements sealed.Census.
func (s *Sealed) Codes(ctx context.Context, now time.Time) (count int64, last time.Time, err error) {
	var until *sqltype.Time
	err = s.db.readingRaw(ctx).QueryRowContext(ctx, `SELECT count(*), max(expires_at) FROM flows
WHERE NOT closed AND expires_at > ? AND (user_id IS NOT NULL OR registration_id IS NOT NULL)`, sqltype.Time(now)).
		Scan(&count, &until)
	return count, presentTime(until), translate(err)
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
		return sqltype.ID{}, nil
	default:
		id, err := core.ParseID(text)
		return sqltype.ID(id), err
	}
}

// columnText gives an identifier in its usual form and other bytes in hex.
func columnText(value any) string {
	switch value := value.(type) {
	case []byte:
		if len(value) == len(core.ID{}) {
			return core.ID(value).String()
		}
		return hex.EncodeToString(value)
	default:
		return fmt.Sprint(value)
	}
}
