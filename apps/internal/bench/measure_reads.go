package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/doorward/doorward/apps/internal/bench/wiretap"
)

const (
	// connections is how many clients ask at once.
	connections = 16
	// readCount is how many reads a round has.
	readCount = 20_000
	// provenReads is how many reads are watched for statements: few enough to fit between two renewals of a
	// copy, of which there is one per session and user in 30 s.
	provenReads = 4000
	// readBound is how much of a bare handler's CPU a read may use.
	readBound = 2.5
)

func (b *bench) read(number int) []byte { return get("/v1/me", b.access[number%len(b.access)]) }

// warm makes three reads per reader, so that everything is remembered: the first brings what it needs from the
// database to the cache, the second from there into the server's own memory.
func (b *bench) warm(ctx context.Context) error {
	const passes = 3
	for range passes {
		if err := flood(ctx, b.server.address, 8, readers, b.read, nil); err != nil {
			return err
		}
	}
	b.counted()
	return nil
}

// measureReads compares warm reads with a bare handler of the same framework, in turns, and watches the wires.
func (b *bench) measureReads(ctx context.Context) ([]row, error) {
	bare, err := b.startBare(ctx)
	if err != nil {
		return nil, err
	}
	defer bare.stop()
	if err := flood(ctx, bare.address, connections, readCount/4, b.read, nil); err != nil {
		return nil, err
	}
	if err := b.warm(ctx); err != nil {
		return nil, err
	}
	if err := flood(ctx, b.server.address, connections, provenReads, b.read, nil); err != nil {
		return nil, err
	}
	sent := b.counted()
	for name, count := range sent {
		fmt.Fprintf(os.Stderr, "bench: warm reads have sent %s %d times\n", name, count.Statements)
	}
	var ratios, ours, theirs series
	for range b.rounds {
		if err := b.warm(ctx); err != nil {
			return nil, err
		}
		other, err := perRequest(ctx, bare, readCount, b.read)
		if err != nil {
			return nil, err
		}
		own, err := perRequest(ctx, b.server, readCount, b.read)
		if err != nil {
			return nil, err
		}
		ratios, ours, theirs = append(ratios, own/other), append(ours, own), append(theirs, other)
	}
	return []row{
		{
			"warm `GET /v1/me`, statements and cache commands",
			fmt.Sprintf("%d in %d requests", total(sent).Statements, provenReads), "0", len(sent) == 0,
		},
		{
			"warm `GET /v1/me`, server CPU against a bare Fiber JSON handler",
			fmt.Sprintf("%s×: %s µs to %s µs", ratios.show("%.2f"), ours.show("%.1f"), theirs.show("%.1f")),
			fmt.Sprintf("≤ %.1f×", readBound), ratios.median() <= readBound,
		},
	}, nil
}

// startBare starts the bare handler with a true answer of the server's to give.
func (b *bench) startBare(ctx context.Context) (*process, error) {
	answer, err := ask(ctx, b.server.address, b.read(0))
	if err != nil {
		return nil, err
	}
	path := b.file("answer.json")
	if err := os.WriteFile(path, answer, 0o600); err != nil {
		return nil, err
	}
	bare, err := launch(ctx, b.folder, b.bare, nil, "serve", "-answer", path)
	if err != nil {
		return nil, err
	}
	if bare.address, err = bare.firstLine(ctx); err == nil {
		err = b.sameAnswer(ctx, bare, answer)
	}
	if err != nil {
		bare.stop()
	}
	return bare, err
}

// sameAnswer makes sure that the bare handler answers what the server does.
func (b *bench) sameAnswer(ctx context.Context, bare *process, answer []byte) error {
	other, err := ask(ctx, bare.address, b.read(0))
	if err == nil && len(other) != len(bytes.TrimSpace(answer)) {
		err = fmt.Errorf("the bare handler answers %d bytes, the server %d", len(other), len(answer))
	}
	return err
}

// perRequest is the server CPU of one request of many, in µs.
func perRequest(ctx context.Context, server *process, count int, request requester) (float64, error) {
	before, err := server.cpu()
	if err != nil {
		return 0, err
	}
	if err := flood(ctx, server.address, connections, count, request, nil); err != nil {
		return 0, err
	}
	after, err := server.cpu()
	return float64((after - before).Microseconds()) / float64(count), err
}

func total(counts map[string]wiretap.Count) wiretap.Count {
	var sum wiretap.Count
	for _, count := range counts {
		sum.Statements += count.Statements
		sum.Trips += count.Trips
	}
	return sum
}

// hashCost is the CPU of one bare hash of many, in µs, made in a process of its own.
func (b *bench) hashCost(ctx context.Context, count int) (float64, error) {
	hashing, err := launch(ctx, b.folder, b.bare, nil, "hash", "-n", strconv.Itoa(count))
	if err != nil {
		return 0, err
	}
	line, err := hashing.firstLine(ctx)
	if err != nil {
		return 0, err
	}
	hashing.stop()
	return strconv.ParseFloat(line, 64)
}
