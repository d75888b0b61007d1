package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
)

// The unique columns that stand for an answer of the domain, as SQLite names them in its message.
var conflicts = map[string]*core.Error{
	"users.email_key":    account.ErrEmailTaken,
	"users.username_key": account.ErrUsernameTaken,
	"users.external_id":  account.ErrExternalIDTaken,
	"roles.name":         access.ErrNameTaken,
	"access_groups.name": access.ErrNameTaken,
	"permissions.key":    access.ErrNameTaken,

	"service_accounts.name": access.ErrNameTaken,
}

// translate makes an error of the domain of what the driver reports, and passes on what is one already.
// It is the only place where the two meet.
func translate(err error) error {
	var domain *core.Error
	var report *sqlite.Error
	switch {
	case err == nil, errors.As(err, &domain):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return core.ErrNotFound
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, sql.ErrTxDone), errors.Is(err, sql.ErrConnDone):
		return core.Unavailable(err)
	case errors.As(err, &report):
		return translateReport(report)
	default:
		return err
	}
}

func translateReport(report *sqlite.Error) error {
	switch report.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		for column, conflict := range conflicts {
			if strings.Contains(report.Error(), column) {
				return conflict
			}
		}
		return core.ErrConflict.Because(report)
	case sqlite3.SQLITE_CONSTRAINT_TRIGGER:
		return core.ErrConflict.Because(report)
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return core.ErrNotFound.Because(report)
	}
	switch report.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_CANTOPEN:
		return core.Unavailable(report)
	}
	return core.Internal(report)
}
