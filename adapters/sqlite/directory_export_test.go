package sqlite

// ListDialect is how lists of users are written for SQLite.
var ListDialect = listDialect
