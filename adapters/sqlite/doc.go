// Package sqlite keeps everything in one SQLite file: the embedded default, and small sites that run a
// single node.
//
// Open makes a Database, which is the core.Transactor and gives every store. The file is in WAL mode: one
// connection writes, others read beside it. A store's method runs in the transaction that its ctx carries,
// else by itself. Errors are those of the ports; what the driver reports is translated in errors.go and
// nowhere else.
//
// Queries are written in the sql module and turned into litedb by sqlc. The driver is pure Go.
package sqlite
