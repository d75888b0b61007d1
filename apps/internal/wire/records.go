package wire

import (
	"context"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/idempotency"
	"github.com/doorward/doorward/core/mail"
)

// newPostmaster looks after mails that were not delivered.
func newPostmaster(in shared, ledger mail.Ledger, warden *access.Warden) *mail.Postmaster {
	return mail.NewPostmaster(mail.PostmasterDeps{
		Ledger: ledger, Ring: in.Ring, Tx: in.Tx, Trail: in.Trail, Clock: in.Clock,
		Permit: func(ctx context.Context, caller core.Principal) error {
			judged, err := warden.Enter(ctx, caller)
			if err != nil {
				return err
			}
			act := access.Act{Any: access.MailRetry}
			return access.Decide(&judged.Caller, act, &access.Resource{}).Err(act)
		},
	})
}

// newRepetitions sees to it that a call that is repeated is done once.
func newRepetitions(in basics, settings config.Settings, store idempotency.Store) api.Repetitions {
	return idempotency.NewGuard(
		idempotency.Deps{Store: store, Ring: in.Ring, Clock: in.Clock, IDs: in.IDs, Log: in.Log},
		idempotency.Config{CallTimeout: settings.Server.RequestTimeout})
}

func newAuditLog(trail *audit.Trail) api.AuditLog { return api.AuditLog{Trail: trail} }

func newOperations(postmaster *mail.Postmaster) api.Operations {
	return api.Operations{Post: postmaster}
}
