package sqlite

import (
	"context"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/session"
)

// BulkUsers adds users with their roles in one transaction, some thousands at a time. Users that exist
// already, by id, email or username, are left as they are, so that a load can be run again.
func (db *Database) BulkUsers(ctx context.Context, users []account.User) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		statements := newPrepared(db.current(ctx).raw)
		defer statements.Close()
		queries := litedb.New(statements)
		for _, user := range users {
			if err := addUser(ctx, queries, user); err != nil {
				return translate(err)
			}
		}
		return nil
	})
}

func addUser(ctx context.Context, queries *litedb.Queries, user account.User) error {
	added, err := queries.AddUser(ctx, litedb.AddUserParams(insertUserParams(user)))
	if err != nil || added == 0 {
		return err
	}
	for _, role := range user.Roles {
		if err := queries.InsertRole(ctx, litedb.InsertRoleParams{UserID: sqltype.ID(user.ID), Role: role}); err != nil {
			return err
		}
	}
	return nil
}

// BulkSessions adds sessions in one transaction, some thousands at a time. Those that exist already, or
// whose user does not, are left out.
func (db *Database) BulkSessions(ctx context.Context, sessions []session.Session) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		statements := newPrepared(db.current(ctx).raw)
		defer statements.Close()
		queries := litedb.New(statements)
		for _, loaded := range sessions {
			count, err := queries.CountUser(ctx, sqltype.ID(loaded.UserID))
			if err == nil && count > 0 {
				err = queries.AddSession(ctx, litedb.AddSessionParams(insertSessionParams(loaded)))
			}
			if err != nil {
				return translate(err)
			}
		}
		return nil
	})
}
