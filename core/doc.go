// Package core is the kernel of Doorward's domain: what every capability shares and nothing more.
//
// It holds the one error type, the clock, identifiers, who calls, the transaction port, the changes that
// every replica must hear of, and the page of a list. Each capability lives in a package of its own below
// this one and declares, in its ports.go, what it needs from outside.
//
// Imports go one way:
//
//	kernel ← secret ← verification, mail ← account ← credential, session, token ← signin, retention
//
// Nothing here knows HTTP, SQL, the wall clock or a network peer.
package core
