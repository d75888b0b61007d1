// Package e2e holds the tests that drive whole servers through the generated client, in both ways to run:
// the embedded default, and PostgreSQL with Valkey and an SMTP server. Every reply is held against the
// contract on its way.
package e2e
