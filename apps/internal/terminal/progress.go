// Package terminal shows people at a terminal how far a long command has come.
package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
)

// Is reports whether a person reads the file: it is a terminal, and not one that says it can do nothing.
func Is(file *os.File) bool {
	return os.Getenv("TERM") != "dumb" && (isatty.IsTerminal(file.Fd()) || isatty.IsCygwinTerminal(file.Fd()))
}

// repaint is the pause between two paintings: ten a second look steady and cost nothing. Lines that stay come seldom
// enough to be read in a log.
const (
	repaint   = 100 * time.Millisecond
	lineEvery = 10 * time.Second
)

// barWidth is the number of cells of a bar: with its figures it fits into 80 columns.
const barWidth = 14

// Bar is a line that is painted over again and again. Use it from one goroutine. A Bar of a nil Writer
// paints nothing, so that callers need not ask whether anybody looks.
type Bar struct {
	out     io.Writer
	lines   bool
	label   string
	total   int64
	done    int64
	began   time.Time
	painted time.Time
}

// NewBar begins a bar of total steps; with a total of 0 it only counts.
func NewBar(out io.Writer, label string, total int64) *Bar {
	return &Bar{out: out, label: label, total: total, began: time.Now()}
}

// NewLines is NewBar for what is no terminal: every ten seconds a line of its own tells how far it is.
func NewLines(out io.Writer, label string, total int64) *Bar {
	now := time.Now()
	return &Bar{out: out, lines: true, label: label, total: total, began: now, painted: now}
}

// Add notes n more steps.
func (b *Bar) Add(n int64) {
	b.done += n
	pause := repaint
	if b.lines {
		pause = lineEvery
	}
	if time.Since(b.painted) >= pause {
		b.paint(time.Now())
	}
}

// Done paints the bar a last time and ends its line.
func (b *Bar) Done() {
	b.paint(time.Now())
	if b.out != nil && !b.lines {
		_, _ = fmt.Fprintln(b.out)
	}
}

func (b *Bar) paint(now time.Time) {
	if b.out == nil {
		return
	}
	b.painted = now
	if b.lines {
		_, _ = fmt.Fprintln(b.out, b.figures(now.Sub(b.began)))
		return
	}
	// \r returns to the line's beginning, ESC[K erases what was longer before (ECMA-48 EL).
	_, _ = fmt.Fprintf(b.out, "\r%s\x1b[K", b.line(now.Sub(b.began)))
}

func (b *Bar) line(took time.Duration) string {
	if b.total <= 0 {
		return b.figures(took)
	}
	cells := int(b.share() * barWidth)
	bar := "[" + strings.Repeat("#", cells) + strings.Repeat(".", barWidth-cells) + "] "
	return fmt.Sprintf("%-10s %s%s", b.label, bar, strings.TrimLeft(strings.TrimPrefix(b.figures(took), b.label), " "))
}

func (b *Bar) share() float64 { return min(1, float64(b.done)/float64(b.total)) }

// figures tell how much is done, how fast, and how long the rest takes at that rate.
func (b *Bar) figures(took time.Duration) string {
	rate := float64(b.done) / max(took.Seconds(), 0.001)
	if b.total <= 0 {
		return fmt.Sprintf("%-14s %d (%.0f/s)", b.label, b.done, rate)
	}
	text := fmt.Sprintf("%-14s %3.0f %% %d of %d (%.0f/s", b.label, 100*b.share(), b.done, b.total, rate)
	if b.done >= b.total || b.done == 0 {
		return text + ")"
	}
	left := time.Duration(float64(b.total-b.done) / rate * float64(time.Second))
	return text + fmt.Sprintf(", %s left)", left.Round(time.Second))
}
