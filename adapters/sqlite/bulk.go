package sqlite

import (
	"context"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/session"
)

// BulkUsers adds users with their roles and groups in one transaction, some thousands at a time. Users that exist
// already, by id, email or username, are left as they are, so that a load can be run again.
func (db *Database) BulkUsers(ctx context.Context, users []account.User) error {
	return bulk(ctx, db, users, addUser)
}

// BulkSessions adds sessions in one transaction, some thousands at a time. Those that exist already, or
// whose user does not, are left out.
func (db *Database) BulkSessions(ctx context.Context, sessions []session.Session) error {
	return bulk(ctx, db, sessions, owned(func(s session.Session) core.ID { return s.UserID },
		func(ctx context.Context, queries *litedb.Queries, s session.Session) error {
			return queries.AddSession(ctx, litedb.AddSessionParams(insertSessionParams(s)))
		}))
}

// BulkDevices is BulkSessions for devices.
func (db *Database) BulkDevices(ctx context.Context, devices []device.Device) error {
	return bulk(ctx, db, devices, owned(func(d device.Device) core.ID { return d.UserID },
		func(ctx context.Context, queries *litedb.Queries, d device.Device) error {
			return queries.AddDevice(ctx, litedb.AddDeviceParams(insertDeviceParams(d)))
		}))
}

// BulkFactors is BulkSessions for second factors.
func (db *Database) BulkFactors(ctx context.Context, factors []mfa.Factor) error {
	return bulk(ctx, db, factors, owned(func(f mfa.Factor) core.ID { return f.UserID },
		func(ctx context.Context, queries *litedb.Queries, f mfa.Factor) error {
			return queries.AddFactor(ctx, litedb.AddFactorParams(insertFactorParams(f)))
		}))
}

// BulkEvents adds events in one transaction, some thousands at a time. Those that exist already are left as they are.
func (db *Database) BulkEvents(ctx context.Context, events []audit.Event) error {
	return bulk(ctx, db, events, func(ctx context.Context, queries *litedb.Queries, e audit.Event) error {
		count, err := queries.CountEvent(ctx, sqltype.ID(e.ID))
		if err != nil || count > 0 {
			return err
		}
		return queries.InsertEvent(ctx, insertEventParams(e))
	})
}

// bulk adds rows one by one, in one transaction and with statements that are compiled once.
func bulk[Row any](
	ctx context.Context, db *Database, rows []Row, add func(context.Context, *litedb.Queries, Row) error,
) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		statements := newPrepared(db.current(ctx).raw)
		defer statements.Close()
		queries := litedb.New(statements)
		for _, row := range rows {
			if err := add(ctx, queries, row); err != nil {
				return translate(err)
			}
		}
		return nil
	})
}

// owned adds what belongs to a user where the user exists.
func owned[Row any](
	owner func(Row) core.ID, add func(context.Context, *litedb.Queries, Row) error,
) func(context.Context, *litedb.Queries, Row) error {
	return func(ctx context.Context, queries *litedb.Queries, row Row) error {
		count, err := queries.CountUser(ctx, sqltype.ID(owner(row)))
		if err != nil || count == 0 {
			return err
		}
		return add(ctx, queries, row)
	}
}

func addUser(ctx context.Context, queries *litedb.Queries, user account.User) error {
	added, err := queries.AddUser(ctx, litedb.AddUserParams(insertUserParams(user)))
	if err != nil || added == 0 {
		return err
	}
	at := sqltype.Time(user.CreatedAt)
	for _, role := range user.Roles {
		err := queries.InsertRole(ctx, litedb.InsertRoleParams{UserID: sqltype.ID(user.ID), Role: role, AssignedAt: at})
		if err != nil {
			return err
		}
	}
	for _, group := range user.Groups {
		err := queries.AddGroupMember(ctx, litedb.AddGroupMemberParams{
			UserID: sqltype.ID(user.ID), GroupID: sqltype.ID(group), AssignedAt: at,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
