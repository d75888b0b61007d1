package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

const (
	// startBound is how long the embedded server may take to be ready, idleBound what it may hold at rest.
	startBound = 100.0
	idleBound  = 50e6
	// restFor is how long a server rests before its memory is read.
	restFor = 3 * time.Second
)

// measureStart starts the embedded default: on an empty folder, which it migrates, and again.
func (b *bench) measureStart(ctx context.Context) ([]row, error) {
	var first, again, memory series
	for round := range b.rounds {
		folder := b.file("embedded" + strconv.Itoa(round))
		if err := os.Mkdir(folder, 0o700); err != nil {
			return nil, err
		}
		took, _, err := b.startEmbedded(ctx, folder, 0)
		if err != nil {
			return nil, err
		}
		first = append(first, took)
		took, held, err := b.startEmbedded(ctx, folder, restFor)
		if err != nil {
			return nil, err
		}
		again, memory = append(again, took), append(memory, float64(held)/1e6)
	}
	return []row{
		{
			"embedded, start to ready, on an empty folder (keys made, migrated)", first.show("%.0f") + " ms",
			fmt.Sprintf("≤ %.0f ms", startBound), first.median() <= startBound,
		},
		{
			"embedded, start to ready, migrated", again.show("%.0f") + " ms",
			fmt.Sprintf("≤ %.0f ms", startBound), again.median() <= startBound,
		},
		{
			"embedded, resident memory at rest", memory.show("%.1f") + " MB",
			fmt.Sprintf("≤ %.0f MB", idleBound/1e6), memory.median() <= idleBound/1e6,
		},
	}, nil
}

// startEmbedded starts the server without a setting but its port, and gives how many ms it took to be ready
// and what it held after a rest.
func (b *bench) startEmbedded(ctx context.Context, folder string, rest time.Duration) (float64, int64, error) {
	port, err := freePort(ctx)
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	server, err := launch(ctx, folder, b.options.server, []string{"PORT=" + strconv.Itoa(port)})
	if err != nil {
		return 0, 0, err
	}
	defer server.stop()
	server.address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	if err := server.await(ctx); err != nil {
		return 0, 0, err
	}
	took := time.Since(began)
	time.Sleep(rest)
	held, err := server.resident()
	return float64(took.Microseconds()) / 1000, held, err
}
