package main

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	// expired is how many events the cleanup removes.
	expired = 1_000_000
	// enterEvery and enterFor are the distance of two sign-ins, and how long they are measured without the cleanup
	// before and after it: some hundreds, for a hundredth of them to be one at the least.
	enterEvery, enterFor = 150 * time.Millisecond, 30 * time.Second
	// enterLines is how many connections they come over.
	enterLines = 8
	// enterBound is how much slower the slowest hundredth of them may get.
	enterBound = 2.0
)

// measureCleanup compares sign-ins while the cleanup removes expired events with the quicker of those before and those
// after it: what else the machine does can only make the promise harder to keep.
func (b *bench) measureCleanup(ctx context.Context) ([]row, error) {
	if err := b.age(ctx); err != nil {
		return nil, err
	}
	enter := b.enter()
	if err := flood(ctx, b.server.address, enterLines, 4*enterLines, enter, nil); err != nil {
		return nil, err
	}
	calm, err := paced(ctx, b.server.address, enterLines, enterEvery, enterFor, enter)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	busy, err := b.enterWhileCleaning(ctx, enter)
	if err != nil {
		return nil, err
	}
	took := time.Since(began)
	after, err := paced(ctx, b.server.address, enterLines, enterEvery, enterFor, enter)
	if err != nil {
		return nil, err
	}
	left, err := b.texts(ctx, "SELECT count(*)::text FROM audit_log WHERE action = 'bench.expired'")
	if err != nil {
		return nil, err
	}
	ratio := slowest(busy) / min(slowest(calm), slowest(after))
	return []row{
		{
			"`POST /v1/auth/login` while the cleanup removes 1000 thousand expired events: its p99 against that without it",
			fmt.Sprintf("%.2f×: %.0f ms to %.0f ms before and %.0f ms after (medians %.0f, %.0f and %.0f ms; %d, %d and %d sign-ins)", ratio,
				slowest(busy), slowest(calm), slowest(after), typical(busy), typical(calm), typical(after), len(busy), len(calm), len(after)),
			fmt.Sprintf("≤ %.0f×", enterBound), ratio <= enterBound,
		},
		{
			"the cleanup meanwhile", fmt.Sprintf("%.0f events/s, in %.0f s; %s left", expired/took.Seconds(), took.Seconds(), left[0]),
			"none left", left[0] == "0",
		},
	}, nil
}

// typical is the median in ms.
func typical(times []time.Duration) float64 {
	all := make(series, len(times))
	for i, time := range times {
		all[i] = float64(time.Microseconds()) / 1000
	}
	return all.median()
}

// age writes events that have expired, spread over people as real ones are.
func (b *bench) age(ctx context.Context) error {
	err := b.administer(ctx, `INSERT INTO audit_log (id, at, action, outcome, reason, actor_kind, actor, subject, session_id,
			request_id, ip, user_agent, device, location, metadata, keep_until)
		SELECT gen_random_uuid(), at, 'bench.expired', 'success', '', 'person', person.id, person.id, NULL,
			'', '192.0.2.1', 'bench', 'Firefox, Linux', '', '{}', at + interval '365 days'
		FROM (SELECT id, row_number() OVER () AS number FROM users LIMIT `+strconv.Itoa(expired)+`) AS person,
			LATERAL (SELECT timestamptz '2020-01-01' + person.number * interval '10 seconds' AS at) AS aged`)
	if err != nil {
		return err
	}
	if err := b.administer(ctx, "VACUUM ANALYZE audit_log"); err != nil {
		return err
	}
	// What was written just now is on its way to the disk for minutes, which both phases would wait for, and not alike.
	return b.administer(ctx, "CHECKPOINT")
}

// enter makes sign-ins of one seeded person after the other.
func (b *bench) enter() requester {
	var next atomic.Int64
	return func(int) []byte {
		email := b.emails[int(next.Add(1))%len(b.emails)]
		return post("/v1/auth/login", map[string]string{"identifier": email, "password": seededPassword})
	}
}

// enterWhileCleaning measures sign-ins from the start of the cleanup to its end.
func (b *bench) enterWhileCleaning(ctx context.Context, enter requester) (times []time.Duration, err error) {
	environment := []string{}
	for name, value := range b.variables {
		environment = append(environment, name+"="+value)
	}
	sweep, err := launch(ctx, b.folder, b.cleanup, environment, "-kinds", "audit")
	if err != nil {
		return nil, err
	}
	for {
		window, err := paced(ctx, b.server.address, enterLines, enterEvery, 2*time.Second, enter)
		times = append(times, window...)
		if err != nil {
			sweep.stop()
			return nil, err
		}
		select {
		case err := <-sweep.ended:
			return times, err
		default:
		}
	}
}
