package postgres

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/secret"
)

// Devices is a device.Store.
type Devices struct{ db *Database }

// Devices gives the store of known devices.
func (db *Database) Devices() *Devices { return &Devices{db} }

// Put implements device.Store.
func (d *Devices) Put(ctx context.Context, added device.Device) error {
	return d.db.guarded(ctx, func(ctx context.Context) error {
		queries := d.db.queries(ctx)
		if err := queries.LockUser(ctx, added.UserID); err != nil {
			return err
		}
		if err := queries.InsertDevice(ctx, insertDeviceParams(added)); err != nil {
			return err
		}
		return queries.OutgrowDevices(ctx, pgdb.OutgrowDevicesParams{
			UserID: added.UserID, ID: added.ID, Others: device.MaxDevices - 1,
		})
	})
}

// List implements device.Store.
func (d *Devices) List(
	ctx context.Context, user core.ID, now time.Time, page core.Page,
) (_ []device.Device, err error) {
	var rows []pgdb.Device
	if page.After.IsZero() {
		rows, err = d.db.queries(ctx).ListDevices(ctx, pgdb.ListDevicesParams{
			UserID: user, Now: now, PageLimit: limit32(page.Limit),
		})
	} else {
		rows, err = d.db.queries(ctx).ListDevicesAfter(ctx, pgdb.ListDevicesAfterParams{
			UserID: user, Now: now, AfterAt: page.After.At, AfterID: page.After.ID, PageLimit: limit32(page.Limit),
		})
	}
	return each(rows, toDevice), translate(err)
}

// Forget implements device.Store.
func (d *Devices) Forget(ctx context.Context, user, id core.ID) error {
	return affected(d.db.queries(ctx).ForgetDevice(ctx, pgdb.ForgetDeviceParams{ID: id, UserID: user}))
}

// ForgetAll implements device.Store.
func (d *Devices) ForgetAll(ctx context.Context, user core.ID) error {
	return translate(d.db.queries(ctx).ForgetDevices(ctx, user))
}

func insertDeviceParams(d device.Device) pgdb.InsertDeviceParams {
	return pgdb.InsertDeviceParams{
		ID: d.ID, UserID: d.UserID, Digest: d.Digest[:], UserAgent: d.From.UserAgent, Kind: d.From.Kind,
		Browser: d.From.Browser, OS: d.From.OS, IP: d.From.IP, Location: d.From.Location, CreatedAt: d.CreatedAt,
		LastUsedAt: d.LastUsedAt, ExpiresAt: d.ExpiresAt, TrustedUntil: optionalTime(d.TrustedUntil),
	}
}

func toDevice(row pgdb.Device) device.Device {
	return device.Device{
		ID: row.ID, UserID: row.UserID, Digest: secret.TokenDigest(row.Digest),
		From: origin.Device{
			UserAgent: row.UserAgent, Kind: row.Kind, Browser: row.Browser, OS: row.OS, IP: row.IP, Location: row.Location,
		},
		CreatedAt: row.CreatedAt, LastUsedAt: row.LastUsedAt, ExpiresAt: row.ExpiresAt,
		TrustedUntil: present(row.TrustedUntil),
	}
}

// hexadecimal is a bytea within JSON, as PostgreSQL writes and reads it.
type hexadecimal []byte

// MarshalText implements encoding.TextMarshaler.
func (h hexadecimal) MarshalText() ([]byte, error) { return []byte(`\x` + hex.EncodeToString(h)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *hexadecimal) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(strings.TrimPrefix(string(text), `\x`))
	return err
}

// known is a row of devices as JSON, see event.
type known struct {
	ID           core.ID     `json:"id"`
	UserID       core.ID     `json:"user_id"`
	Digest       hexadecimal `json:"digest"`
	UserAgent    string      `json:"user_agent"`
	Kind         string      `json:"kind"`
	Browser      string      `json:"browser"`
	OS           string      `json:"os"`
	IP           string      `json:"ip"`
	Location     string      `json:"location"`
	CreatedAt    time.Time   `json:"created_at"`
	LastUsedAt   time.Time   `json:"last_used_at"`
	ExpiresAt    time.Time   `json:"expires_at"`
	TrustedUntil *time.Time  `json:"trusted_until"`
}

// encodeDevice gives the argument of statements that write a device; an empty list for the zero one.
func encodeDevice(d device.Device) string {
	if d.ID.IsZero() {
		return "[]"
	}
	row := insertDeviceParams(d)
	encoded, _ := json.Marshal([]known{{ // texts, identifiers and times of this millennium always encode
		ID: row.ID, UserID: row.UserID, Digest: row.Digest, UserAgent: row.UserAgent, Kind: row.Kind, Browser: row.Browser,
		OS: row.OS, IP: row.IP, Location: row.Location, CreatedAt: row.CreatedAt, LastUsedAt: row.LastUsedAt,
		ExpiresAt: row.ExpiresAt, TrustedUntil: row.TrustedUntil,
	}})
	return string(encoded)
}

// decodeDevice reads a device that a statement gave as JSON; nil for null.
func decodeDevice(encoded []byte) (*device.Device, error) {
	var row *known
	if err := json.Unmarshal(encoded, &row); err != nil || row == nil {
		return nil, err
	}
	found := toDevice(pgdb.Device{
		ID: row.ID, UserID: row.UserID, Digest: row.Digest, UserAgent: row.UserAgent, Kind: row.Kind, Browser: row.Browser,
		OS: row.OS, IP: row.IP, Location: row.Location, CreatedAt: row.CreatedAt.UTC(), LastUsedAt: row.LastUsedAt.UTC(),
		ExpiresAt: row.ExpiresAt.UTC(), TrustedUntil: inUTC(row.TrustedUntil),
	})
	return &found, nil
}

func inUTC(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	moved := at.UTC()
	return &moved
}
