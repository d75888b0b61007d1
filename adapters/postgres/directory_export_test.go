package postgres

// ListDialect is how lists of users are written for PostgreSQL.
var ListDialect = listDialect
