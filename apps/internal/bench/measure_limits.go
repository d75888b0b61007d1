package main

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/doorward/doorward/adapters/inprocess"
	"github.com/doorward/doorward/apps/internal/bench/wiretap"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/limit"
)

const (
	// checkCount is how many checks a round has, over so many sessions.
	checkCount, checkedSessions = 500_000, 10_000
	// checkBound is what a check in process may use of a core, in µs, where a hash costs referenceHash µs.
	checkBound = 2.0
	// countedLogins is how many sign-ins are watched for what they send to Valkey, one after the other.
	countedLogins = 100
)

// measureLimits compares checks in process with bare hashes, in turns, and counts what a limited call sends to
// Valkey.
func (b *bench) measureLimits(ctx context.Context) ([]row, error) {
	var costs, hashes, shares series
	for range b.rounds {
		hash, err := b.hashCost(ctx, hashCount)
		if err != nil {
			return nil, err
		}
		cost, err := checkCost(ctx)
		if err != nil {
			return nil, err
		}
		costs, hashes, shares = append(costs, cost), append(hashes, hash), append(shares, 100*cost/hash)
	}
	b.counted()
	if err := flood(ctx, b.server.address, 1, countedLogins, b.signIn(), nil); err != nil {
		return nil, err
	}
	sent := scripts(b.counted())
	bound := 100 * checkBound / referenceHash
	return []row{
		{
			"check of a limit in process, CPU against a bare argon2id hash",
			fmt.Sprintf("%s %%: %s µs to %s ms", shares.show("%.4f"), costs.show("%.2f"), hashes.milli().show("%.1f")),
			fmt.Sprintf("≤ %.2f %% (%.0f µs where a hash is %.0f ms)", bound, checkBound, referenceHash/1000),
			shares.median() <= bound,
		},
		{
			"`POST /v1/auth/login`, its limits in Valkey",
			fmt.Sprintf("%.2f scripts in %.2f round trips", float64(sent.Statements)/countedLogins, float64(sent.Trips)/countedLogins),
			"1 round trip", sent.Statements > countedLogins && sent.Trips <= countedLogins,
		},
	}, nil
}

// scripts are the script calls among what was sent.
func scripts(sent map[string]wiretap.Count) (sum wiretap.Count) {
	for name, count := range sent {
		if strings.HasPrefix(name, "valkey EVAL") {
			sum.Statements, sum.Trips = sum.Statements+count.Statements, sum.Trips+count.Trips
		}
	}
	return sum
}

// checkCost is the CPU of one check of many, in µs.
func checkCost(ctx context.Context) (float64, error) {
	limiter := inprocess.NewLimiter(core.ClockFunc(time.Now))
	rule := limit.Limit{Burst: limit.MaxBurst, Period: time.Second}
	buckets := make([]limit.Bucket, checkedSessions)
	for i := range buckets {
		id := core.ID{0: byte(i), 1: byte(i >> 8)}
		buckets[i] = limit.Bucket{Name: "session", Key: string(id[:]), Limit: rule}
	}
	before, err := ownCPU()
	if err != nil {
		return 0, err
	}
	for i := range checkCount {
		if _, err := limiter.Take(ctx, buckets[i%len(buckets)]); err != nil {
			return 0, err
		}
	}
	after, err := ownCPU()
	return float64(after-before) / float64(time.Microsecond) / checkCount, err
}

// ownCPU is the user and system time of this process.
func ownCPU() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, err
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}
