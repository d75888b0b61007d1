package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/doorward/doorward/apps/internal/terminal"
	"github.com/doorward/doorward/core/retention"
)

// sweep runs the sweeper, and tells a terminal how it goes and anybody else, in one line of JSON, what was
// done: also of a run that failed, how far it came.
func sweep(ctx context.Context, sweeper *retention.Sweeper, options retention.Options) error {
	watched := terminal.Is(os.Stdout)
	var bars painter
	if watched {
		bars.out = os.Stdout
	}
	options.Progress = bars.paint
	summary, err := sweeper.Run(ctx, options)
	if summary.Counts == nil {
		return err
	}
	if watched {
		printSummary(summary)
		return err
	}
	if printed := encodeSummary(os.Stdout, summary, err); err == nil {
		err = printed
	}
	return err
}

// painter shows one bar after another, one for each kind.
type painter struct {
	out  io.Writer
	kind retention.Kind
	bar  *terminal.Bar
	seen int64
}

func (p *painter) paint(progress retention.Progress) {
	if p.bar == nil || p.kind != progress.Kind {
		p.bar, p.kind, p.seen = terminal.NewBar(p.out, string(progress.Kind), 0), progress.Kind, 0
	}
	p.bar.Add(progress.Removed - p.seen)
	p.seen = progress.Removed
	if progress.Done {
		p.bar.Done()
	}
}

func printSummary(summary retention.Summary) {
	verb := "removed"
	if summary.DryRun {
		verb = "would be removed"
	}
	var rows int64
	for _, kind := range retention.Kinds() {
		if count := summary.Counts[kind]; count > 0 {
			fmt.Printf("%-14s %d\n", kind, count)
			rows += count
		}
	}
	fmt.Printf("%d rows %s in %s\n", rows, verb, summary.Duration.Round(1e6))
}

// report is the summary for programs. Counts holds every kind that was swept.
type report struct {
	DryRun  bool                     `json:"dry_run"`
	Counts  map[retention.Kind]int64 `json:"counts"`
	Seconds float64                  `json:"seconds"`
	Error   string                   `json:"error,omitempty"`
}

func encodeSummary(out io.Writer, summary retention.Summary, failure error) error {
	told := report{DryRun: summary.DryRun, Counts: summary.Counts, Seconds: summary.Duration.Seconds()}
	if failure != nil {
		told.Error = failure.Error()
	}
	return json.NewEncoder(out).Encode(told)
}
