package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/session"
)

// load is rows of one table.
type load struct {
	table   string
	columns []string
	count   int
	row     func(i int) []any
	// condition holds for those of the rows, called loaded, that may be added. It is a constant of this file.
	condition string
}

var (
	userColumns = []string{
		"id", "email", "email_key", "email_verified", "username", "username_key", "name", "bio", "image_url", "locale",
		"phone", "status", "password_hash", "password_changed_at", "must_reset", "created_at", "updated_at",
		"deleted_at", "purge_at",
		"second_factor_required", "enrol_by", "always_ask", "muted_notices", "rev", "source", "external_id", "country",
		"name_key", "theme", "timezone", "visibility", "has_second_factor",
	}
	roleColumns    = []string{"user_id", "role", "assigned_at"}
	memberColumns  = []string{"user_id", "group_id", "assigned_at"}
	sessionColumns = []string{
		"id", "user_id", "user_agent", "device_kind", "browser", "os", "ip", "location", "factors", "auth_time",
		"created_at", "last_used_at", "idle_expires_at", "expires_at", "ended_at", "end_reason", "generation", "nonce",
		"branches", "rotated_at", "used_nonce", "used_branch", "rev",
	}
	deviceColumns = []string{
		"id", "user_id", "digest", "user_agent", "kind", "browser", "os", "ip", "location", "created_at", "last_used_at",
		"expires_at", "trusted_until",
	}
	factorColumns = []string{
		"id", "user_id", "kind", "label", "sealed", "last_step", "created_at", "confirmed_at", "last_used_at",
	}
	eventColumns = []string{
		"id", "at", "action", "outcome", "reason", "actor_kind", "actor", "subject", "session_id", "request_id", "ip",
		"user_agent", "device", "location", "metadata", "keep_until",
	}
)

// ownerExists is the condition of what belongs to a user.
const ownerExists = "EXISTS (SELECT 1 FROM users WHERE users.id = loaded.user_id)"

// BulkUsers adds users with their roles and groups by COPY, some thousands at a time. Users that exist already, by
// id, email or username, are left as they are, so that a load can be run again.
func (db *Database) BulkUsers(ctx context.Context, users []account.User) error {
	var roles, members [][]any
	for _, user := range users {
		for _, role := range user.Roles {
			roles = append(roles, []any{user.ID, role, user.CreatedAt})
		}
		for _, group := range user.Groups {
			members = append(members, []any{user.ID, group, user.CreatedAt})
		}
	}
	return db.bulk(ctx, identify(users, func(user account.User) core.ID { return user.ID }),
		load{"users", userColumns, len(users), func(i int) []any { return userRow(users[i]) }, "true"},
		load{"user_roles", roleColumns, len(roles), func(i int) []any { return roles[i] }, ownerExists},
		load{
			"user_groups", memberColumns, len(members), func(i int) []any { return members[i] },
			ownerExists + " AND EXISTS (SELECT 1 FROM access_groups WHERE access_groups.id = loaded.group_id)",
		})
}

// BulkSessions adds sessions by COPY, some thousands at a time. Those that exist already, or whose user
// does not, are left out.
func (db *Database) BulkSessions(ctx context.Context, sessions []session.Session) error {
	return db.bulk(ctx, identify(sessions, func(s session.Session) core.ID { return s.ID }),
		load{"sessions", sessionColumns, len(sessions), func(i int) []any { return sessionRow(sessions[i]) }, ownerExists})
}

// BulkDevices is BulkSessions for devices.
func (db *Database) BulkDevices(ctx context.Context, devices []device.Device) error {
	return db.bulk(ctx, identify(devices, func(d device.Device) core.ID { return d.ID }),
		load{"devices", deviceColumns, len(devices), func(i int) []any { return deviceRow(devices[i]) }, ownerExists})
}

// BulkFactors is BulkSessions for second factors.
func (db *Database) BulkFactors(ctx context.Context, factors []mfa.Factor) error {
	return db.bulk(ctx, identify(factors, func(f mfa.Factor) core.ID { return f.ID }),
		load{"factors", factorColumns, len(factors), func(i int) []any { return factorRow(factors[i]) }, ownerExists})
}

// BulkEvents adds events by COPY, some thousands at a time. Those that exist already are left as they are.
func (db *Database) BulkEvents(ctx context.Context, events []audit.Event) error {
	return db.bulk(ctx, identify(events, func(e audit.Event) core.ID { return e.ID }),
		load{"audit_log", eventColumns, len(events), func(i int) []any { return eventRow(events[i]) }, "true"})
}

func identify[Row any](rows []Row, id func(Row) core.ID) []core.ID {
	ids := make([]core.ID, len(rows))
	for i, row := range rows {
		ids[i] = id(row)
	}
	return ids
}

// bulk adds the rows of ids, the first load, with those that hang on them. Where none of them is there it copies
// straight into the tables, which is the fastest way; where all are there it does nothing; else, or where a rule
// stands against one, it looks at each.
func (db *Database) bulk(ctx context.Context, ids []core.ID, loads ...load) error {
	var there int
	err := db.on(ctx).QueryRow(ctx, "SELECT count(*) FROM "+loads[0].table+" WHERE id = ANY($1)", ids).Scan(&there)
	if err != nil || there == len(ids) {
		return translate(err)
	}
	if there == 0 {
		clash := false
		err := db.InTx(ctx, func(ctx context.Context) (err error) {
			clash, err = db.copyAll(ctx, loads)
			return err
		})
		if !clash {
			return err
		}
	}
	return db.InTx(ctx, func(ctx context.Context) error {
		for _, rows := range loads {
			if err := db.merge(ctx, rows); err != nil {
				return err
			}
		}
		return nil
	})
}

// copyAll copies the rows. clash tells that a rule of the schema stood against one of them.
func (db *Database) copyAll(ctx context.Context, loads []load) (clash bool, err error) {
	for _, rows := range loads {
		if rows.count == 0 {
			continue
		}
		_, err := db.current(ctx).CopyFrom(ctx, pgx.Identifier{rows.table}, rows.columns, rows.source())
		var report *pgconn.PgError
		if errors.As(err, &report) && (report.Code == codeUnique || report.Code == codeForeignKey) {
			return true, translate(err)
		}
		if err != nil {
			return false, translate(err)
		}
	}
	return false, nil
}

func (l load) source() pgx.CopyFromSource {
	return pgx.CopyFromSlice(l.count, func(i int) ([]any, error) { return l.row(i), nil })
}

// merge copies rows into a temporary table, and from there into the real one where the condition holds and no
// unique constraint stands against it.
func (db *Database) merge(ctx context.Context, rows load) error {
	tx, list := db.current(ctx), strings.Join(rows.columns, ", ")
	_, err := tx.Exec(ctx, fmt.Sprintf(
		"CREATE TEMPORARY TABLE loaded ON COMMIT DROP AS SELECT %s FROM %s WITH NO DATA", list, rows.table))
	if err != nil {
		return translate(err)
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"loaded"}, rows.columns, rows.source()); err != nil {
		return translate(err)
	}
	_, err = tx.Exec(ctx, fmt.Sprintf(
		"INSERT INTO %s (%s) SELECT %s FROM loaded WHERE %s ON CONFLICT DO NOTHING", rows.table, list, list, rows.condition))
	if err != nil {
		return translate(err)
	}
	_, err = tx.Exec(ctx, "DROP TABLE loaded")
	return translate(err)
}

// The flag is what the trigger of factors would set: told at once, it does not touch every such user again.
func userRow(user account.User) []any {
	row := insertUserParams(user)
	return []any{
		row.ID, row.Email, row.EmailKey, row.EmailVerified, row.Username, row.UsernameKey, row.Name, row.Bio,
		row.ImageURL, row.Locale, row.Phone, row.Status, row.PasswordHash, row.PasswordChangedAt, row.MustReset,
		row.CreatedAt, row.UpdatedAt, row.DeletedAt, row.PurgeAt, row.SecondFactorRequired, row.EnrolBy,
		row.AlwaysAsk, row.MutedNotices, row.Rev, row.Source, row.ExternalID, row.Country, row.NameKey, row.Theme,
		row.Timezone, row.Visibility, len(user.Protection.SecondFactors) > 0,
	}
}

func sessionRow(loaded session.Session) []any {
	return []any{
		loaded.ID, loaded.UserID, loaded.Device.UserAgent, loaded.Device.Kind, loaded.Device.Browser, loaded.Device.OS,
		loaded.Device.IP, loaded.Device.Location, factors(loaded.Factors), loaded.AuthTime, loaded.CreatedAt,
		loaded.LastUsedAt, loaded.IdleExpiresAt, loaded.ExpiresAt, optionalTime(loaded.EndedAt),
		optionalText(loaded.EndReason), loaded.Chain.Generation, loaded.Chain.Nonce[:], loaded.Chain.Branches,
		loaded.Chain.RotatedAt, loaded.Chain.UsedNonce[:], loaded.Chain.UsedBranch, loaded.Rev,
	}
}

func deviceRow(loaded device.Device) []any {
	row := insertDeviceParams(loaded)
	return []any{
		row.ID, row.UserID, row.Digest, row.UserAgent, row.Kind, row.Browser, row.OS, row.IP, row.Location,
		row.CreatedAt, row.LastUsedAt, row.ExpiresAt, row.TrustedUntil,
	}
}

func factorRow(loaded mfa.Factor) []any {
	return []any{
		loaded.ID, loaded.UserID, string(loaded.Kind), loaded.Label, loaded.Sealed, loaded.LastStep, loaded.CreatedAt,
		optionalTime(loaded.ConfirmedAt), optionalTime(loaded.LastUsedAt),
	}
}

func eventRow(loaded audit.Event) []any {
	metadata := []byte("{}")
	if loaded.Metadata != nil {
		metadata, _ = json.Marshal(loaded.Metadata) // texts always encode
	}
	return []any{
		loaded.ID, loaded.At, string(loaded.Action), string(loaded.Outcome), loaded.Reason, string(loaded.ActorKind),
		optionalID(loaded.Actor), optionalID(loaded.Subject), optionalID(loaded.SessionID), loaded.RequestID, loaded.IP,
		loaded.UserAgent, loaded.Device, loaded.Location, json.RawMessage(metadata), loaded.KeepUntil,
	}
}
