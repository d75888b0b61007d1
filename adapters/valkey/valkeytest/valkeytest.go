// Package valkeytest is what tests of package valkey and of whole replicas share: a way to the test server,
// a proxy in front of it that fails in the ways of networks, and a primary whose reads can be held up.
package valkeytest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/valkey"
)

// patience is how long a test waits for what must happen before it gives up. It is no promise of anything,
// but shorter than a copy lives, so that nothing passes merely because a stale copy has died of age.
const patience = 20 * time.Second

// URL is that of the test server, from TEST_VALKEY_URL. Without one the test fails.
func URL(t testing.TB) string {
	t.Helper()
	found := os.Getenv("TEST_VALKEY_URL")
	if found == "" {
		t.Fatal("TEST_VALKEY_URL is not set: this test needs a Valkey or Redis")
	}
	return found
}

// Address is the host and port of the test server.
func Address(t testing.TB) string {
	t.Helper()
	parsed, err := url.Parse(URL(t))
	if err != nil {
		t.Fatal("TEST_VALKEY_URL is malformed")
	}
	return parsed.Host
}

// Prefix is one that no other test has.
func Prefix() string { return "test:" + rand.Text() }

// Replica is the cache of one replica, started, over the primary. It is stopped when the test ends.
func Replica(t testing.TB, config valkey.Config, primary valkey.Primary, observer valkey.Observer) (
	*valkey.Sessions, *valkey.Link,
) {
	t.Helper()
	link, err := valkey.NewLink(config)
	if err != nil {
		t.Fatal(err)
	}
	sessions := valkey.NewSessions(link, primary, observer)
	if err := link.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		if err := link.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return sessions, link
}

// Trusted waits until each link trusts its Valkey.
func Trusted(t testing.TB, links ...*valkey.Link) {
	t.Helper()
	for _, link := range links {
		Eventually(t, "Valkey is trusted", func() bool { return !link.Status().Degraded })
	}
}

// Eventually waits until the condition holds, and fails the test when it does not come to.
func Eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for !condition() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("it did not come about that %s", what)
		}
	}
}
