// Package core is the kernel of Doorward's domain: what every capability shares and nothing more.
//
// It holds the one error type, the clock, identifiers, the transaction port, the key ring for secrets
// at rest and the page of a list. Each capability lives in a package of its own below this one and
// declares, in its ports.go, what it needs from outside.
//
// Imports go one way:
//
//	kernel ← verification, mail ← account ← credential, session, token ← signin, retention
//
// Nothing here knows HTTP, SQL, the wall clock or a network peer.
package core
