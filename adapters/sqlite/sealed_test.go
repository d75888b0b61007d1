package sqlite_test

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	_ "modernc.org/sqlite" // the driver

	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/sealed"
	"github.com/doorward/doorward/core/sealed/sealedtest"
	"github.com/doorward/doorward/core/secret"
)

// sealedRows adds a row of each place: ?1 is its key, ?2 the value, ?3 a user.
var sealedRows = map[secret.Place]struct{ column, insert, clear, bound string }{
	secret.PlaceSigningKeys: {
		"signing_keys.sealed",
		"INSERT INTO signing_keys SELECT ?1, 'ES256', x'00', ?2, 0, 0, NULL FROM users WHERE id = ?3",
		"DELETE FROM signing_keys WHERE id = ?", "",
	},
	secret.PlaceFactors: {
		"factors.sealed",
		"INSERT INTO factors (id, user_id, kind, label, sealed, created_at) VALUES (?1, ?3, 'totp', '', ?2, 0)",
		"UPDATE factors SET sealed = NULL WHERE id = ?", "user",
	},
	secret.PlaceIntakes: {
		"intakes.payload",
		"INSERT INTO intakes SELECT ?1, 'register', ?2, 0, 0, 0 FROM users WHERE id = ?3",
		"DELETE FROM intakes WHERE id = ?", "register",
	},
	secret.PlaceFlows: {
		"flows.detail",
		`INSERT INTO flows (id, purpose, subject, user_id, digest, detail, tries, created_at, expires_at)
VALUES (?1, 'email_change', 'x', ?3, zeroblob(32), ?2, 0, 0, 0)`,
		"UPDATE flows SET detail = NULL WHERE id = ?", "email_change",
	},
	secret.PlaceLinks: {
		"links.detail",
		`INSERT INTO links (digest, purpose, user_id, detail, created_at, expires_at) VALUES (?1, 'email_undo', ?3, ?2, 0, 0)`,
		"UPDATE links SET detail = NULL WHERE digest = ?", "email_undo",
	},
	secret.PlaceOutbox: {
		"outbox.payload",
		"INSERT INTO outbox SELECT ?1, 'x', 'a@b', ?2, 'queued', 0, '', 0, 0, NULL FROM users WHERE id = ?3",
		"UPDATE outbox SET payload = NULL, state = 'sent', sent_at = 0 WHERE id = ?", "",
	},
	secret.PlaceMailbox: {
		"mailbox.contents",
		"INSERT INTO mailbox SELECT ?1, 'x', 'a@b', 'email', ?2, 0 FROM users WHERE id = ?3",
		"DELETE FROM mailbox WHERE id = ?", "",
	},
	secret.PlaceReplies: {
		"idempotency_keys.reply",
		"INSERT INTO idempotency_keys SELECT ?1, zeroblob(16), zeroblob(36), 0, 0, 0, ?2, 0 FROM users WHERE id = ?3",
		"UPDATE idempotency_keys SET reply = NULL WHERE digest = ?", "",
	},
}

// plain is a connection past the adapter.
type plain struct{ *sql.DB }

func connect(t *testing.T, path string) plain {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path)+"?_pragma=busy_timeout(5000)")
	coretest.Must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return plain{db}
}

func (p plain) run(t *testing.T, statement string, parameters ...any) {
	t.Helper()
	_, err := p.ExecContext(t.Context(), statement, parameters...)
	coretest.Must(t, err)
}

// keyOf gives the key of a row as the file keeps it.
func keyOf(t *testing.T, place secret.Place, text string) any {
	t.Helper()
	switch place {
	case secret.PlaceSigningKeys:
		return text
	case secret.PlaceLinks, secret.PlaceReplies:
		digest, err := hex.DecodeString(text)
		coretest.Must(t, err)
		return digest
	default:
		id, err := core.ParseID(text)
		coretest.Must(t, err)
		return sqltype.ID(id)
	}
}

func openSealed(t *testing.T) sealedtest.Stores {
	path := sqlitetest.File(t)
	db, raw, rows := sqlitetest.OpenFile(t, path), connect(t, path), 0
	user := accounttest.Person("")
	coretest.Must(t, db.Accounts().Create(t.Context(), user))
	return sealedtest.Stores{
		Store: db.Sealed(), Census: db.Sealed(),
		Put: func(t *testing.T, place secret.Place, contents []byte) sealed.Value {
			t.Helper()
			rows++
			row, value := sealedRows[place], sealed.Value{Key: core.ID{14: 1, 15: byte(rows)}.String(), Sealed: contents}
			if value.Bound = row.bound; row.bound == "user" {
				value.Bound = user.ID.String()
			}
			if place == secret.PlaceLinks || place == secret.PlaceReplies {
				value.Key = fmt.Sprintf("%064x", rows)
			}
			raw.run(t, row.insert, keyOf(t, place, value.Key), contents, sqltype.ID(user.ID))
			return value
		},
		Clear: func(t *testing.T, place secret.Place, value sealed.Value) {
			t.Helper()
			raw.run(t, sealedRows[place].clear, keyOf(t, place, value.Key))
		},
		PutRecoveryCode: func(t *testing.T, digest []byte) {
			t.Helper()
			raw.run(t, "INSERT INTO recovery_codes VALUES (?, ?, 0)", sqltype.ID(user.ID), digest)
		},
		PutPassword: func(t *testing.T, hash string) {
			t.Helper()
			person := accounttest.Person("")
			person.Password = account.PasswordHash(hash)
			coretest.Must(t, db.Accounts().Create(t.Context(), person))
		},
		PutCode: func(t *testing.T, code sealedtest.Code) {
			t.Helper()
			owner := any(sqltype.ID(user.ID))
			if code.Decoy {
				owner = nil
			}
			raw.run(t, "INSERT INTO flows VALUES (randomblob(16), 'x', 'x', NULL, ?, zeroblob(32), NULL, 0, 0, ?, ?)",
				owner, sqltype.Time(code.ExpiresAt), code.Closed)
		},
	}
}

func TestSealed(t *testing.T) {
	t.Parallel()
	sealedtest.TestStore(t, openSealed)
}

// opaque are the columns of bytes that hold nothing sealed, with the reason.
var opaque = map[string]string{
	"devices.digest":                 "SHA-256 of 256 random bits",
	"idempotency_keys.digest":        "SHA-256 of who calls and of a key, which opens nothing",
	"idempotency_keys.fingerprint":   "a keyed digest of a call",
	"flows.digest":                   "a keyed digest of a short code",
	"imported_users.line_digest":     "SHA-256 of what the row of the user holds",
	"imported_users.password_digest": "SHA-256 of a hash",
	"links.digest":                   "SHA-256 of 256 random bits",
	"personal_tokens.digest":         "SHA-256 of 256 random bits",
	"service_account_keys.digest":    "SHA-256 of 256 random bits",
	"recovery_codes.digest":          "a keyed digest with the tag of its key",
	"sessions.nonce":                 "random: half of what makes a refresh token, the other half being the master key",
	"sessions.used_nonce":            "as nonce, of the generation before",
	"signing_keys.public":            "public",
}

// Every column of bytes is either one whose values are sealed anew, or is known to hold nothing sealed: one that is
// added and forgotten fails here.
func TestNoSealedColumnIsForgotten(t *testing.T) {
	t.Parallel()
	rows, err := connect(t, sqlitetest.File(t)).QueryContext(t.Context(), `SELECT tables.name || '.' || columns.name
FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
WHERE tables.type = 'table' AND lower(columns.type) = 'blob'`)
	coretest.Must(t, err)
	defer func() { _ = rows.Close() }()
	var columns []string
	for rows.Next() {
		columns = append(columns, "")
		coretest.Must(t, rows.Scan(&columns[len(columns)-1]))
	}
	coretest.Must(t, rows.Err())
	known := slices.Collect(maps.Keys(opaque))
	for _, place := range secret.Places() {
		known = append(known, sealedRows[place].column)
	}
	slices.Sort(columns)
	slices.Sort(known)
	coretest.Equal(t, known, columns)
}
