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

// repaint is the pause between two paintings: ten a second look steady and cost nothing.
const repaint = 100 * time.Millisecond

// barWidth is the number of cells of a bar: with its figures it fits into 80 columns.
const barWidth = 30

// Bar is a line that is painted over again and again. Use it from one goroutine. A Bar of a nil Writer
// paints nothing, so that callers need not ask whether anybody looks.
type Bar struct {
	out     io.Writer
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

// Add notes n more steps.
func (b *Bar) Add(n int64) {
	b.done += n
	if time.Since(b.painted) >= repaint {
		b.paint(time.Now())
	}
}

// Done paints the bar a last time and ends its line.
func (b *Bar) Done() {
	b.paint(time.Now())
	if b.out != nil {
		_, _ = fmt.Fprintln(b.out)
	}
}

func (b *Bar) paint(now time.Time) {
	if b.out == nil {
		return
	}
	b.painted = now
	// \r returns to the line's beginning, ESC[K erases what was longer before (ECMA-48 EL).
	_, _ = fmt.Fprintf(b.out, "\r%s\x1b[K", b.line(now.Sub(b.began)))
}

func (b *Bar) line(took time.Duration) string {
	rate := float64(b.done) / max(took.Seconds(), 0.001)
	if b.total <= 0 {
		return fmt.Sprintf("%-14s %d (%.0f/s)", b.label, b.done, rate)
	}
	share := min(1, float64(b.done)/float64(b.total))
	cells := int(share * barWidth)
	return fmt.Sprintf("%-14s [%s%s] %3.0f %% %d of %d (%.0f/s)", b.label,
		strings.Repeat("#", cells), strings.Repeat(".", barWidth-cells), 100*share, b.done, b.total, rate)
}
