package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
)

// The SQLSTATE codes that mean something here (PostgreSQL manual, appendix A).
const (
	codeForeignKey      = "23503"
	codeUnique          = "23505"
	codeReadOnly        = "25006" // the primary has become a replica
	codeSerialization   = "40001"
	codeDeadlock        = "40P01"
	codeLockUnavailable = "55P03"
	codeCanceled        = "57014" // statement time-out
)

// classesAway are the classes of codes of a server that cannot serve now: connection exception,
// insufficient resources, operator intervention.
var classesAway = []string{"08", "53", "57"}

// The unique constraints that stand for an answer of the domain.
var conflicts = map[string]*core.Error{
	"users_email_key_unique":    account.ErrEmailTaken,
	"users_username_key_unique": account.ErrUsernameTaken,
	"users_external_id_unique":  account.ErrExternalIDTaken,
	"roles_name_unique":         access.ErrNameTaken,
	"access_groups_name_unique": access.ErrNameTaken,
	"permissions_key_unique":    access.ErrNameTaken,

	"service_accounts_name_unique": access.ErrNameTaken,
}

// translate makes an error of the domain of what the driver reports, and passes on what is one already.
// It is the only place where the two meet.
func translate(err error) error {
	var domain *core.Error
	var report *pgconn.PgError
	switch {
	case err == nil, errors.As(err, &domain):
		return err
	case errors.Is(err, pgx.ErrNoRows):
		return core.ErrNotFound
	case errors.As(err, &report):
		return translateReport(report)
	case away(err):
		return core.Unavailable(err)
	default:
		return err
	}
}

func translateReport(report *pgconn.PgError) error {
	switch report.Code {
	case codeUnique:
		if conflict, known := conflicts[report.ConstraintName]; known {
			return conflict
		}
		return core.ErrConflict.Because(report)
	case codeForeignKey:
		return core.ErrNotFound.Because(report)
	case codeReadOnly, codeSerialization, codeDeadlock, codeLockUnavailable, codeCanceled:
		return core.Unavailable(report)
	}
	for _, class := range classesAway {
		if strings.HasPrefix(report.Code, class) {
			return core.Unavailable(report)
		}
	}
	return core.Internal(report)
}

func away(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		pgconn.Timeout(err)
}
