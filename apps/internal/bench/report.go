package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// row is one line of the table.
type row struct {
	path, measured, bound string
	holds                 bool
}

// String writes the row as Markdown.
func (r row) String() string {
	verdict := "yes"
	if !r.holds {
		verdict = "**no**"
	}
	return fmt.Sprintf("| %s | %s | %s | %s |", r.path, r.measured, r.bound, verdict)
}

// table names the table of the document that the report replaces.
func (b *bench) table() string {
	if b.million != "" {
		return "million"
	}
	return "bench"
}

func newReport(rows []row, rounds int) string {
	var text strings.Builder
	fmt.Fprintf(&text, "Medians of %d rounds (lowest–highest). %d cores (%s/%s), %s; everything on this one machine.\n\n",
		rounds, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	text.WriteString("| path | measured | bound | holds |\n| --- | --- | --- | --- |\n")
	for _, row := range rows {
		fmt.Fprintln(&text, row)
	}
	return text.String()
}

// replaceTable writes the report between the two lines in the document that name the table.
func replaceTable(path, table, report string) error {
	tableBegins, tableEnds := "<!-- "+table+": begin -->\n", "<!-- "+table+": end -->\n"
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, begun := bytes.Cut(text, []byte(tableBegins))
	_, after, ended := bytes.Cut(rest, []byte(tableEnds))
	if !begun || !ended {
		return errors.New(path + " does not have the two lines that the table stands between")
	}
	return os.WriteFile(path, slices.Concat(before, []byte(tableBegins), []byte(report), []byte(tableEnds), after), 0o600) //nolint:gosec // whoever runs it names the page
}

// series are the figures of the rounds of one measurement.
type series []float64

func (s series) sorted() series { return slices.Sorted(slices.Values(s)) }

// at gives the figure below which that share of them lies, 0 when there are none.
func (s series) at(share float64) float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := s.sorted()
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

// median is the middle figure, the mean of both middle ones where they are even in number.
func (s series) median() float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := s.sorted()
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// show writes the median with the lowest and the highest, in that format.
func (s series) show(format string) string {
	sorted := s.sorted()
	return fmt.Sprintf(format+" ("+format+"–"+format+")", s.median(), sorted[0], sorted[len(sorted)-1])
}
