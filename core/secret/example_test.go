package secret_test

import (
	"fmt"

	"github.com/doorward/doorward/core/secret"
)

// A mail waits in the outbox: its contents must be read back, and only in its own row.
func ExampleRing_Seal() {
	ring, err := secret.ParseRing(secret.GenerateKey("2026-03"))
	if err != nil {
		panic(err)
	}
	sealed := ring.Seal("outbox/1", []byte("Your code is 123456."))

	opened, err := ring.Open("outbox/1", sealed)
	fmt.Println(string(opened), err)
	_, err = ring.Open("outbox/2", sealed)
	fmt.Println(err)
	// Output:
	// Your code is 123456. <nil>
	// secret: the value does not open with any key of the ring
}

// A code of six digits has too few values for a plain hash: its digest is keyed.
func ExampleRing_Digest() {
	ring, err := secret.ParseRing(secret.GenerateKey("2026-03"))
	if err != nil {
		panic(err)
	}
	digest := ring.Digest("code/registration/1", "123456")

	fmt.Println(ring.Matches(digest, "code/registration/1", "123456"))
	fmt.Println(ring.Matches(digest, "code/password_reset/1", "123456"))
	// Output:
	// true
	// false
}

// A link carries a token; only its digest is kept.
func ExampleNewToken() {
	token, stored := secret.NewToken()

	fmt.Println(len(token), secret.DigestToken(token) == stored)
	// Output: 43 true
}
