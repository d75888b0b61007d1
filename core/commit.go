package core

import "context"

// Commit runs act in a transaction and, once that has committed, announces the changes that act gave. Call
// it outside a transaction: inside one it would announce what may still be rolled back. Errors are those
// of InTx.
func Commit(ctx context.Context, tx Transactor, announcer Announcer, act func(ctx context.Context) ([]Change, error)) error {
	var changes []Change
	err := tx.InTx(ctx, func(ctx context.Context) (err error) {
		changes, err = act(ctx)
		return err
	})
	if err == nil && len(changes) > 0 {
		announcer.Announce(ctx, changes...)
	}
	return err
}
