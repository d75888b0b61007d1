package valkey_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/valkey"
	"github.com/doorward/doorward/adapters/valkey/valkeytest"
)

// BenchmarkWarmLookup is what every request of a busy client costs: a session and its user, both held.
func BenchmarkWarmLookup(b *testing.B) {
	primary := valkeytest.NewPrimary()
	opened := primary.Open()
	config := valkey.Config{URL: valkeytest.URL(b), Prefix: valkeytest.Prefix()}
	sessions, link := valkeytest.Replica(b, config, primary, nil)
	valkeytest.Trusted(b, link)
	warm(b, sessions, primary, opened.ID)
	look := func() {
		if _, err := sessions.Session(b.Context(), opened.ID); err != nil {
			b.Fatal(err)
		}
		if _, err := sessions.User(b.Context(), opened.UserID); err != nil {
			b.Fatal(err)
		}
	}
	look()
	look()
	reads := primary.Reads()
	b.ReportAllocs()
	for b.Loop() {
		look()
	}
	b.ReportMetric(float64(primary.Reads()-reads)/float64(b.N), "reads/op")
}

// BenchmarkParallelWarmLookup is the same from all processors at once.
func BenchmarkParallelWarmLookup(b *testing.B) {
	primary := valkeytest.NewPrimary()
	opened := primary.Open()
	config := valkey.Config{URL: valkeytest.URL(b), Prefix: valkeytest.Prefix()}
	sessions, link := valkeytest.Replica(b, config, primary, nil)
	valkeytest.Trusted(b, link)
	warm(b, sessions, primary, opened.ID)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(each *testing.PB) {
		for each.Next() {
			if _, err := sessions.Session(b.Context(), opened.ID); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkPublish is what a revocation adds to its request: one change, through a warm connection.
func BenchmarkPublish(b *testing.B) {
	primary := valkeytest.NewPrimary()
	opened := primary.Open()
	config := valkey.Config{URL: valkeytest.URL(b), Prefix: valkeytest.Prefix()}
	sessions, link := valkeytest.Replica(b, config, primary, nil)
	valkeytest.Trusted(b, link)
	for b.Loop() {
		if err := sessions.Publish(b.Context(), primary.End(opened.ID)); err != nil {
			b.Fatal(err)
		}
	}
}
