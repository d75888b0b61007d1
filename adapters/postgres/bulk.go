package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/session"
)

var (
	userColumns = []string{
		"id", "email", "email_key", "email_verified", "username", "username_key", "name", "bio", "image_url", "locale",
		"phone", "status", "password_hash", "password_changed_at", "must_reset", "created_at", "updated_at",
		"deleted_at", "purge_at",
		"second_factor_required", "enrol_by", "always_ask", "muted_notices", "rev", "source", "external_id", "country",
		"name_key", "theme", "timezone", "visibility",
	}
	roleColumns    = []string{"user_id", "role", "assigned_at"}
	sessionColumns = []string{
		"id", "user_id", "user_agent", "device_kind", "browser", "os", "ip", "location", "factors", "auth_time",
		"created_at", "last_used_at", "idle_expires_at", "expires_at", "ended_at", "end_reason", "generation", "nonce",
		"branches", "rotated_at", "used_nonce", "used_branch", "rev",
	}
)

// BulkUsers adds users with their roles by COPY, some thousands at a time. Users that exist already, by
// id, email or username, are left as they are, so that a load can be run again.
func (db *Database) BulkUsers(ctx context.Context, users []account.User) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		err := db.merge(ctx, "users", userColumns, len(users), func(i int) []any { return userRow(users[i]) }, "true")
		if err != nil {
			return err
		}
		var roles [][]any
		for _, user := range users {
			for _, role := range user.Roles {
				roles = append(roles, []any{user.ID, role, user.CreatedAt})
			}
		}
		return db.merge(ctx, "user_roles", roleColumns, len(roles), func(i int) []any { return roles[i] },
			"EXISTS (SELECT 1 FROM users WHERE users.id = loaded.user_id)")
	})
}

// BulkSessions adds sessions by COPY, some thousands at a time. Those that exist already, or whose user
// does not, are left out.
func (db *Database) BulkSessions(ctx context.Context, sessions []session.Session) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		return db.merge(ctx, "sessions", sessionColumns, len(sessions),
			func(i int) []any { return sessionRow(sessions[i]) },
			"EXISTS (SELECT 1 FROM users WHERE users.id = loaded.user_id)")
	})
}

// merge copies rows into a temporary table, and from there into the real one where condition holds and no
// unique constraint stands against it. Names and condition are constants of this file.
func (db *Database) merge(
	ctx context.Context, table string, columns []string, count int, row func(int) []any, condition string,
) error {
	tx, list := db.current(ctx), strings.Join(columns, ", ")
	_, err := tx.Exec(ctx, fmt.Sprintf(
		"CREATE TEMPORARY TABLE loaded ON COMMIT DROP AS SELECT %s FROM %s WITH NO DATA", list, table))
	if err != nil {
		return translate(err)
	}
	source := pgx.CopyFromSlice(count, func(i int) ([]any, error) { return row(i), nil })
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"loaded"}, columns, source); err != nil {
		return translate(err)
	}
	_, err = tx.Exec(ctx, fmt.Sprintf(
		"INSERT INTO %s (%s) SELECT %s FROM loaded WHERE %s ON CONFLICT DO NOTHING", table, list, list, condition))
	if err != nil {
		return translate(err)
	}
	_, err = tx.Exec(ctx, "DROP TABLE loaded")
	return translate(err)
}

func userRow(user account.User) []any {
	row := insertUserParams(user)
	return []any{
		row.ID, row.Email, row.EmailKey, row.EmailVerified, row.Username, row.UsernameKey, row.Name, row.Bio,
		row.ImageURL, row.Locale, row.Phone, row.Status, row.PasswordHash, row.PasswordChangedAt, row.MustReset,
		row.CreatedAt, row.UpdatedAt, row.DeletedAt, row.PurgeAt, row.SecondFactorRequired, row.EnrolBy,
		row.AlwaysAsk, row.MutedNotices, row.Rev, row.Source, row.ExternalID, row.Country, row.NameKey, row.Theme,
		row.Timezone, row.Visibility,
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
