package sqlite

import (
	"context"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
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
	return d.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		return addDevice(ctx, queries, added)
	})
}

// addDevice adds a device in the transaction of what made it known.
func addDevice(ctx context.Context, queries *litedb.Queries, added device.Device) error {
	if err := queries.InsertDevice(ctx, insertDeviceParams(added)); err != nil {
		return err
	}
	return queries.OutgrowDevices(ctx, litedb.OutgrowDevicesParams{
		UserID: sqltype.ID(added.UserID), ID: sqltype.ID(added.ID), Others: device.MaxDevices - 1,
	})
}

// List implements device.Store.
func (d *Devices) List(
	ctx context.Context, user core.ID, now time.Time, page core.Page,
) (_ []device.Device, err error) {
	var rows []litedb.Device
	if page.After.IsZero() {
		rows, err = d.db.reading(ctx).ListDevices(ctx, litedb.ListDevicesParams{
			UserID: sqltype.ID(user), Now: sqltype.Time(now), PageLimit: int64(page.Limit),
		})
	} else {
		rows, err = d.db.reading(ctx).ListDevicesAfter(ctx, litedb.ListDevicesAfterParams{
			UserID: sqltype.ID(user), Now: sqltype.Time(now), AfterAt: sqltype.Time(page.After.At),
			AfterID: sqltype.ID(page.After.ID), PageLimit: int64(page.Limit),
		})
	}
	return each(rows, toDevice), translate(err)
}

// Forget implements device.Store.
func (d *Devices) Forget(ctx context.Context, user, id core.ID) error {
	return affected(d.db.writing(ctx).ForgetDevice(ctx, litedb.ForgetDeviceParams{ID: sqltype.ID(id), UserID: sqltype.ID(user)}))
}

// ForgetAll implements device.Store.
func (d *Devices) ForgetAll(ctx context.Context, user core.ID) error {
	return translate(d.db.writing(ctx).ForgetDevices(ctx, sqltype.ID(user)))
}

func insertDeviceParams(d device.Device) litedb.InsertDeviceParams {
	return litedb.InsertDeviceParams{
		ID: sqltype.ID(d.ID), UserID: sqltype.ID(d.UserID), Digest: d.Digest[:], UserAgent: d.From.UserAgent,
		Kind: d.From.Kind, Browser: d.From.Browser, OS: d.From.OS, IP: d.From.IP, Location: d.From.Location,
		CreatedAt: sqltype.Time(d.CreatedAt), LastUsedAt: sqltype.Time(d.LastUsedAt),
		ExpiresAt: sqltype.Time(d.ExpiresAt), TrustedUntil: optionalTime(d.TrustedUntil),
	}
}

func renewDeviceParams(d device.Device) litedb.RenewDeviceParams {
	return litedb.RenewDeviceParams{
		ID: sqltype.ID(d.ID), UserID: sqltype.ID(d.UserID), Digest: d.Digest[:], UserAgent: d.From.UserAgent,
		Kind: d.From.Kind, Browser: d.From.Browser, OS: d.From.OS, IP: d.From.IP, Location: d.From.Location,
		LastUsedAt: sqltype.Time(d.LastUsedAt), ExpiresAt: sqltype.Time(d.ExpiresAt),
		TrustedUntil: optionalTime(d.TrustedUntil),
	}
}

func toDevice(row litedb.Device) device.Device {
	return device.Device{
		ID: core.ID(row.ID), UserID: core.ID(row.UserID), Digest: secret.TokenDigest(row.Digest),
		From: origin.Device{
			UserAgent: row.UserAgent, Kind: row.Kind, Browser: row.Browser, OS: row.OS, IP: row.IP, Location: row.Location,
		},
		CreatedAt: time.Time(row.CreatedAt), LastUsedAt: time.Time(row.LastUsedAt),
		ExpiresAt: time.Time(row.ExpiresAt), TrustedUntil: presentTime(row.TrustedUntil),
	}
}
