package core

import "context"

// Transactor runs a function in one database transaction.
type Transactor interface {
	// InTx begins a transaction, carries it in the ctx it hands to fn, and commits when fn returns nil.
	// Every store that is given that ctx takes part. A nested call joins the outer transaction; when it
	// fails, the whole is rolled back and fails with its error, even if the outer function goes on. An
	// error or a panic rolls back and is passed on. When the database asks for it (serialisation failure,
	// deadlock) fn is run again from the start, so fn sends no mail, touches no cache, hashes nothing and
	// waits for no network peer. An error of a store, such as a taken name, leaves the transaction usable.
	// Errors: those of fn, and KindUnavailable when the database is away or ctx ends.
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
}
