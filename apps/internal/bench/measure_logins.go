package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// loginCount is how many sign-ins a round has.
	loginCount = 40
	// loginBound is how many bare hashes a sign-in may cost, statementBound how many statements.
	loginBound     = 1.1
	statementBound = 4
	// crowd is how many sign in at once.
	crowd = 64
	// argonMemory is the memory of one hash, spareMemory what the rest may take.
	argonMemory, spareMemory = 19 << 20, 64 << 20
	// slowerBound is how much slower the slowest hundredth of reads may get while people sign in.
	slowerBound = 5.0
)

// signIn makes sign-ins of one person after the other.
func (b *bench) signIn() requester {
	var next atomic.Int64
	return func(int) []byte {
		email := b.emails[holders+int(next.Add(1))%(people-holders)]
		return post("/v1/auth/login", map[string]string{"identifier": email, "password": knownPassword})
	}
}

// measureLogins compares sign-ins with bare hashes, in turns.
func (b *bench) measureLogins(ctx context.Context) ([]row, error) {
	request := b.signIn()
	if err := flood(ctx, b.server.address, connections, connections, request, nil); err != nil {
		return nil, err
	}
	b.counted()
	var ratios, logins series
	for range b.rounds {
		hash, err := b.hashCost(ctx, loginCount)
		if err != nil {
			return nil, err
		}
		login, err := perRequest(ctx, b.server, loginCount, request)
		if err != nil {
			return nil, err
		}
		ratios, logins = append(ratios, login/hash), append(logins, login)
	}
	sent, count := b.counted(), float64(b.rounds*loginCount)
	return []row{
		{
			"`POST /v1/auth/login`, SQL per request", itemized(sent, count), fmt.Sprintf("≤ %d statements", statementBound),
			perEach(sent, count).Statements <= statementBound,
		},
		{
			"`POST /v1/auth/login`, server CPU against a bare argon2id hash",
			fmt.Sprintf("%s×: %s ms", ratios.show("%.3f"), logins.milli().show("%.1f")),
			fmt.Sprintf("≤ %.1f×", loginBound), ratios.median() <= loginBound,
		},
	}, nil
}

const (
	// readEvery and readFor are the distance of two paced reads, and how long a window of them lasts.
	readEvery = 5 * time.Millisecond
	readFor   = 4 * time.Second
	// readLines is how many connections they come over.
	readLines = 4
)

// measureReadsUnderLogins compares the slow hundredth of reads with and without a crowd that signs in all the
// time, in turns, and watches the memory meanwhile.
func (b *bench) measureReadsUnderLogins(ctx context.Context) ([]row, error) {
	var ratios, calm, busy, memory series
	for range b.rounds {
		if err := b.warm(ctx); err != nil {
			return nil, err
		}
		idle, err := paced(ctx, b.server.address, readLines, readEvery, readFor, b.read)
		if err != nil {
			return nil, err
		}
		if err := b.warm(ctx); err != nil {
			return nil, err
		}
		peak := b.server.peak()
		loaded, err := b.readUnderLogins(ctx)
		memory = append(memory, float64(peak())/(1<<20))
		if err != nil {
			return nil, err
		}
		before, during := slowest(idle), slowest(loaded)
		ratios, calm, busy = append(ratios, during/before), append(calm, before), append(busy, during)
	}
	limit := float64(hashWorkers()*argonMemory+spareMemory) / (1 << 20)
	return []row{
		{
			fmt.Sprintf("`GET /v1/me` while %d sign in: its p99 against that without them", crowd),
			fmt.Sprintf("%s×: %s ms to %s ms", ratios.show("%.1f"), busy.show("%.2f"), calm.show("%.2f")),
			fmt.Sprintf("≤ %.0f×", slowerBound), ratios.median() <= slowerBound,
		},
		{
			fmt.Sprintf("resident memory while %d sign in, highest", crowd), memory.show("%.0f") + " MiB",
			fmt.Sprintf("≤ %.0f MiB (%d × 19 + 64)", limit, hashWorkers()), memory.at(1) <= limit,
		},
	}, nil
}

// readUnderLogins makes paced reads while the crowd signs in, each again as soon as they are in.
func (b *bench) readUnderLogins(ctx context.Context) ([]time.Duration, error) {
	crowding, leave := context.WithCancel(ctx)
	defer leave()
	first := make(chan struct{})
	var seen atomic.Int64
	ended := make(chan error, 1)
	go func() {
		ended <- flood(crowding, b.server.address, crowd, 1<<20, b.signIn(), func(int, []byte) error {
			if seen.Add(1) == 1 {
				close(first)
			}
			return nil
		})
	}()
	select {
	case <-first:
	case err := <-ended:
		return nil, fmt.Errorf("nobody signed in: %w", err)
	}
	times, err := paced(ctx, b.server.address, readLines, readEvery, readFor, b.read)
	leave()
	if left := <-ended; err == nil {
		err = left
	}
	return times, err
}

// slowest is the time in ms that one in a hundred exceeds.
func slowest(times []time.Duration) float64 {
	all := make(series, len(times))
	for i, time := range times {
		all[i] = float64(time.Microseconds()) / 1000
	}
	return all.at(0.99)
}

// fewConnections is the pool on which a crowd must not starve.
const fewConnections = 4

// measureStarvation lets a crowd sign in on a pool of few connections.
func (b *bench) measureStarvation(ctx context.Context) ([]row, error) {
	few, err := b.start(ctx, map[string]string{"DATABASE_MAX_CONNS": fmt.Sprint(fewConnections)})
	if err != nil {
		return nil, err
	}
	defer few.stop()
	var done atomic.Int64
	var times series
	for range b.rounds {
		began := time.Now()
		err := flood(ctx, few.address, crowd, crowd, b.signIn(), func(int, []byte) error {
			done.Add(1)
			return nil
		})
		if err != nil {
			return nil, err
		}
		times = append(times, time.Since(began).Seconds())
	}
	return []row{{
		fmt.Sprintf("%d sign-ins at once on DATABASE_MAX_CONNS=%d", crowd, fewConnections),
		fmt.Sprintf("%d of %d finished, in %s s", done.Load(), b.rounds*crowd, times.show("%.1f")), "all finish",
		done.Load() == int64(b.rounds*crowd),
	}}, nil
}
