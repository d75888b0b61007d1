// Command bench measures what docs/benchmarks.md states: the built server as a process of its own, on
// PostgreSQL and Valkey through taps that count, under the load of this process. Every figure is a ratio or a
// count taken within one run, because absolute times of a shared machine mean little.
//
// It is bounded in requests and in time, and takes down what it has started. TEST_POSTGRES_URL (of a role
// that may create databases) and TEST_VALKEY_URL name the servers.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// runLimit bounds the whole run.
const runLimit = 12 * time.Minute

// options say what is measured, and with what.
type options struct {
	server, bare string
	document     string
	rounds       int
	only         string
	// million is the address of a database that the seeder has filled: what is measured is then how that is read and
	// kept clean, with the built cleanup.
	million, cleanup string
}

func main() {
	var chosen options
	flag.StringVar(&chosen.server, "server", "", "the built server")
	flag.StringVar(&chosen.bare, "bare", "", "the built program to compare with")
	flag.StringVar(&chosen.document, "document", "", "document whose table is replaced; none when empty")
	flag.IntVar(&chosen.rounds, "rounds", 5, "rounds of each measurement")
	flag.StringVar(&chosen.only, "only", "", "measure this alone: reads, refreshes, logins, crowd, pool, limits or start; with -million lists, porting or cleanup")
	flag.StringVar(&chosen.million, "million", "", "database that the seeder has filled: measure lists, porting and the cleanup on it instead")
	flag.StringVar(&chosen.cleanup, "cleanup", "", "the built cleanup")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	err := run(ctx, chosen)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, chosen options) error {
	folder, err := os.MkdirTemp("", "doorward-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	bench := &bench{options: chosen, folder: folder}
	defer bench.close()
	open, parts := bench.open, bench.parts()
	if chosen.million != "" {
		open, parts = bench.openMillion, bench.millionParts()
	}
	if err := open(ctx); err != nil {
		return err
	}
	var rows []row
	for _, part := range parts {
		if chosen.only != "" && chosen.only != part.name {
			continue
		}
		measured, err := part.measure(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		for _, row := range measured {
			fmt.Fprintln(os.Stderr, row)
		}
		rows = append(rows, measured...)
	}
	report := newReport(rows, chosen.rounds)
	fmt.Print(report)
	if chosen.document == "" {
		return nil
	}
	return replaceTable(chosen.document, bench.table(), report)
}

// part is one measurement.
type part struct {
	name    string
	measure func(context.Context) ([]row, error)
}

func (b *bench) parts() []part {
	return []part{
		{"reads", b.measureReads},
		{"refreshes", b.measureRefreshes},
		{"logins", b.measureLogins},
		{"crowd", b.measureReadsUnderLogins},
		{"pool", b.measureStarvation},
		{"limits", b.measureLimits},
		{"start", b.measureStart},
	}
}
