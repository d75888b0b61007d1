// Package directory is what administrators do with accounts: finding them, opening them for others, changing,
// suspending, deleting and bringing them back, and helping those who are locked out. Every act is judged by an
// access.Warden in the transaction that does it, written down with who did it and why, and told to the person where it
// concerns them.
package directory
