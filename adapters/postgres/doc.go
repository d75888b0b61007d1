// Package postgres keeps everything in PostgreSQL 15 or later, or an engine that speaks its protocol.
//
// Open makes a Database, which is the core.Transactor and gives every store. A store's method runs in the
// transaction that its ctx carries, else by itself on a connection of the pool. Errors are those of the
// ports; what the driver reports is translated in errors.go and nowhere else. All reads ask the primary.
//
// Queries are written in the sql module and turned into pgdb by sqlc.
package postgres
