package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/doorward/doorward/apps/internal/bench/wiretap"
)

const (
	// refreshCount is how many sessions are refreshed in a round, each for the first time: every one rotates.
	refreshCount = 3000
	// refreshBound is what a refresh may use of a core, in µs, where a hash costs referenceHash µs.
	refreshBound, referenceHash = 150.0, 20_000.0
	// hashCount is how many bare hashes a round has.
	hashCount = 20
)

// measureRefreshes compares refreshes with bare hashes, in turns.
func (b *bench) measureRefreshes(ctx context.Context) ([]row, error) {
	if err := flood(ctx, b.server.address, connections, refreshCount/2, refresh(b.takeRefreshes(refreshCount/2)), nil); err != nil {
		return nil, err
	}
	b.counted()
	var costs, hashes, shares series
	for range b.rounds {
		hash, err := b.hashCost(ctx, hashCount)
		if err != nil {
			return nil, err
		}
		cost, err := perRequest(ctx, b.server, refreshCount, refresh(b.takeRefreshes(refreshCount)))
		if err != nil {
			return nil, err
		}
		costs, hashes, shares = append(costs, cost), append(hashes, hash), append(shares, 100*cost/hash)
	}
	sent, count := b.counted(), float64(b.rounds*refreshCount)
	bound := 100 * refreshBound / referenceHash
	return []row{
		{
			"`POST /v1/auth/refresh`, SQL per request", itemized(sent, count), "1 statement, 1 round trip",
			perEach(sent, count) == wiretap.Count{Statements: 1, Trips: 1},
		},
		{
			"`POST /v1/auth/refresh`, server CPU against a bare argon2id hash",
			fmt.Sprintf("%s %%: %s µs to %s ms", shares.show("%.2f"), costs.show("%.0f"), hashes.milli().show("%.1f")),
			fmt.Sprintf("≤ %.2f %% (%.0f µs where a hash is %.0f ms)", bound, refreshBound, referenceHash/1000),
			shares.median() <= bound,
		},
	}, nil
}

func (s series) milli() series {
	scaled := make(series, len(s))
	for i, figure := range s {
		scaled[i] = figure / 1000
	}
	return scaled
}

// perEach is how much SQL a request sends, rounded up where a few of many send more. A statement that is
// prepared once per connection is not a request's.
func perEach(sent map[string]wiretap.Count, count float64) wiretap.Count {
	sent = sqlOf(sent)
	sum := total(sent)
	const rare = 0.01
	return wiretap.Count{
		Statements: int(float64(sum.Statements)/count + 1 - rare), Trips: int(float64(sum.Trips)/count + 1 - rare),
	}
}

func sqlOf(sent map[string]wiretap.Count) map[string]wiretap.Count {
	kept := maps.Clone(sent)
	maps.DeleteFunc(kept, func(name string, _ wiretap.Count) bool {
		return name == wiretap.Prepare || strings.HasPrefix(name, "valkey ")
	})
	return kept
}

// itemized writes what a request sends.
func itemized(sent map[string]wiretap.Count, count float64) string {
	sent = sqlOf(sent)
	sum := total(sent)
	parts := make([]string, 0, len(sent))
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		parts = append(parts, fmt.Sprintf("%s %.2f", name, float64(sent[name].Statements)/count))
	}
	return fmt.Sprintf("%.2f statements in %.2f round trips (%s)",
		float64(sum.Statements)/count, float64(sum.Trips)/count, strings.Join(parts, ", "))
}
