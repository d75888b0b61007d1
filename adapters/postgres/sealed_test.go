package postgres_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/sealed"
	"github.com/doorward/doorward/core/sealed/sealedtest"
	"github.com/doorward/doorward/core/secret"
)

// sealedRows adds a row of each place: $1 is its key, $2 the value, $3 a user.
var sealedRows = map[secret.Place]struct{ column, insert, clear, bound string }{
	secret.PlaceSigningKeys: {
		"signing_keys.sealed",
		"INSERT INTO signing_keys VALUES ($1, 'ES256', 'x', $2, now(), now()) RETURNING $3::uuid",
		"DELETE FROM signing_keys WHERE id = $1", "",
	},
	secret.PlaceFactors: {
		"factors.sealed",
		"INSERT INTO factors (id, user_id, kind, label, sealed, created_at) VALUES ($1, $3, 'totp', '', $2, now())",
		"UPDATE factors SET sealed = NULL WHERE id = $1", "user",
	},
	secret.PlaceIntakes: {
		"intakes.payload",
		"INSERT INTO intakes VALUES ($1, 'register', $2, now(), now(), 0) RETURNING $3::uuid",
		"DELETE FROM intakes WHERE id = $1", "register",
	},
	secret.PlaceFlows: {
		"flows.detail",
		`INSERT INTO flows (id, purpose, subject, user_id, digest, detail, tries, created_at, expires_at)
VALUES ($1, 'email_change', 'x', $3, sha256('x'), $2, 0, now(), now())`,
		"UPDATE flows SET detail = NULL WHERE id = $1", "email_change",
	},
	secret.PlaceLinks: {
		"links.detail",
		`INSERT INTO links (digest, purpose, user_id, detail, created_at, expires_at)
VALUES ($1, 'email_undo', $3, $2, now(), now())`,
		"UPDATE links SET detail = NULL WHERE digest = $1", "email_undo",
	},
	secret.PlaceOutbox: {
		"outbox.payload",
		"INSERT INTO outbox VALUES ($1, 'x', 'a@b', $2, 'queued', 0, '', now(), now()) RETURNING $3::uuid",
		"UPDATE outbox SET payload = NULL, state = 'sent', sent_at = now() WHERE id = $1", "",
	},
	secret.PlaceMailbox: {
		"mailbox.contents",
		"INSERT INTO mailbox VALUES ($1, 'x', 'a@b', 'email', $2, now()) RETURNING $3::uuid",
		"DELETE FROM mailbox WHERE id = $1", "",
	},
	secret.PlaceReplies: {
		"idempotency_keys.reply",
		`INSERT INTO idempotency_keys VALUES ($1, $3::uuid, decode(repeat('00', 36), 'hex'), now(), now(), now(), $2, now())`,
		"UPDATE idempotency_keys SET reply = NULL WHERE digest = $1", "",
	},
}

// plain is a connection past the adapter.
type plain struct{ *pgx.Conn }

func connect(t *testing.T, address string) plain {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	coretest.Must(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return plain{conn}
}

func (p plain) run(t *testing.T, statement string, parameters ...any) {
	t.Helper()
	_, err := p.Exec(t.Context(), statement, parameters...)
	coretest.Must(t, err)
}

// byDigest tells that the rows of a place have a digest for their key.
func byDigest(place secret.Place) bool {
	return place == secret.PlaceLinks || place == secret.PlaceReplies
}

func openSealed(t *testing.T) sealedtest.Stores {
	address := postgrestest.URL(t)
	db, raw := postgrestest.OpenURL(t, address), connect(t, address)
	user := accounttest.Person("")
	coretest.Must(t, db.Accounts().Create(t.Context(), user))
	rows := 0
	key := func(place secret.Place, text string) any {
		if digest, err := hex.DecodeString(text); err == nil && byDigest(place) {
			return digest
		}
		return text
	}
	return sealedtest.Stores{
		Store: db.Sealed(), Census: db.Sealed(),
		Put: func(t *testing.T, place secret.Place, contents []byte) sealed.Value {
			t.Helper()
			rows++
			row, value := sealedRows[place], sealed.Value{Key: core.ID{14: 1, 15: byte(rows)}.String(), Sealed: contents}
			if value.Bound = row.bound; row.bound == "user" {
				value.Bound = user.ID.String()
			}
			if byDigest(place) {
				value.Key = fmt.Sprintf("%064x", rows)
			}
			raw.run(t, row.insert, key(place, value.Key), contents, user.ID.String())
			return value
		},
		Clear: func(t *testing.T, place secret.Place, value sealed.Value) {
			t.Helper()
			raw.run(t, sealedRows[place].clear, key(place, value.Key))
		},
		PutRecoveryCode: func(t *testing.T, digest []byte) {
			t.Helper()
			raw.run(t, "INSERT INTO recovery_codes VALUES ($1, $2, now())", user.ID.String(), digest)
		},
		PutPassword: func(t *testing.T, hash string) {
			t.Helper()
			person := accounttest.Person("")
			person.Password = account.PasswordHash(hash)
			coretest.Must(t, db.Accounts().Create(t.Context(), person))
		},
		PutCode: func(t *testing.T, code sealedtest.Code) {
			t.Helper()
			var owner *string
			if text := user.ID.String(); !code.Decoy {
				owner = &text
			}
			raw.run(t, `INSERT INTO flows VALUES
(gen_random_uuid(), 'x', 'x', NULL, $1, sha256('x'), NULL, 0, now(), $2, $3)`, owner, code.ExpiresAt, code.Closed)
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
	rows, err := connect(t, postgrestest.URL(t)).Query(t.Context(), `SELECT table_name || '.' || column_name
FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'bytea'`)
	coretest.Must(t, err)
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	coretest.Must(t, err)
	known := slices.Collect(maps.Keys(opaque))
	for _, place := range secret.Places() {
		known = append(known, sealedRows[place].column)
	}
	slices.Sort(columns)
	slices.Sort(known)
	coretest.Equal(t, known, columns)
}
