package logging_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/logging"
	"github.com/doorward/doorward/core"
)

func newLogger(t *testing.T, level string) (*slog.Logger, func() []map[string]any) {
	t.Helper()
	var out bytes.Buffer
	log, err := logging.New(&out, logging.JSON, level)
	if err != nil {
		t.Fatal(err)
	}
	return log, func() []map[string]any { return linesOf(t, out.String()) }
}

func linesOf(t *testing.T, text string) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for line := range strings.Lines(text) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%q is not JSON: %v", line, err)
		}
		lines = append(lines, fields)
	}
	return lines
}

// The standard library's own rules for handlers, with the names that this log uses.
func TestHandlerKeepsTheRulesOfSlog(t *testing.T) {
	t.Parallel()
	var lines func() []map[string]any
	slogtest.Run(t,
		func(t *testing.T) slog.Handler {
			var log *slog.Logger
			log, lines = newLogger(t, "debug")
			return log.Handler()
		},
		func(*testing.T) map[string]any {
			line := lines()[0]
			line[slog.MessageKey] = line["message"]
			delete(line, "message")
			return line
		})
}

func TestLineCarriesTheRequest(t *testing.T) {
	t.Parallel()
	log, lines := newLogger(t, "info")
	ctx := core.WithClient(context.Background(), core.Client{RequestID: "req-1"})
	log.InfoContext(ctx, "within")
	log.With("a", 1).InfoContext(ctx, "named already", "request_id", "req-2")
	log.Info("outside")
	got := lines()
	for i, want := range []any{"req-1", "req-2", nil} {
		if got[i]["request_id"] != want {
			t.Errorf("line %d has request id %v, want %v", i, got[i]["request_id"], want)
		}
	}
}

// A line tells its moment in UTC, wherever the process thinks it is (OWASP ASVS 5.0 16.2.1, 16.2.2).
func TestLinesTellTheirMomentInUTC(t *testing.T) {
	t.Parallel()
	log, lines := newLogger(t, "info")
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.FixedZone("", 3600))
	if err := log.Handler().Handle(t.Context(), slog.NewRecord(at, slog.LevelInfo, "late", 0)); err != nil {
		t.Fatal(err)
	}
	if got := lines()[0]["time"]; got != "2026-01-02T02:04:05.000006Z" {
		t.Errorf("the line is of %v", got)
	}
}

func TestValuesAreWrittenByTheirWords(t *testing.T) {
	t.Parallel()
	log, lines := newLogger(t, "info")
	log.Info("values",
		"secret", config.Secret("hunter2"), "error", errors.New("broken"), "id", core.ID{1}, "took", 1500*time.Millisecond,
		"flag", true, "count", uint64(7), "share", 0.5, "list", []string{"a"},
		"at", time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600)),
		slog.Group("inner", "name", "x"), slog.Group("empty"))
	got := lines()[0]
	delete(got, "time")
	want := map[string]any{
		"level": "info", "message": "values", "secret": "[redacted]", "error": "broken",
		"id": "01000000-0000-0000-0000-000000000000", "took": "1.5s", "flag": true, "count": 7.0, "share": 0.5,
		"list": []any{"a"}, "at": "2026-01-02T02:04:05Z", "inner": map[string]any{"name": "x"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLevelAndFormat(t *testing.T) {
	t.Parallel()
	log, lines := newLogger(t, "warn")
	log.Info("too low")
	log.Error("high enough")
	if got := lines(); len(got) != 1 || got[0]["level"] != "error" {
		t.Errorf("got %v, want the error alone", got)
	}
	for _, wrong := range []struct {
		format logging.Format
		level  string
	}{{"xml", "info"}, {logging.JSON, "loud"}} {
		if _, err := logging.New(&bytes.Buffer{}, wrong.format, wrong.level); err == nil {
			t.Errorf("format %q with level %q was accepted", wrong.format, wrong.level)
		}
	}
}

// What somebody sends cannot forge a line, in neither format (OWASP ASVS 5.0 16.4.1).
func TestLineStaysOneLine(t *testing.T) {
	t.Parallel()
	for _, format := range []logging.Format{logging.Console, logging.JSON} {
		var out bytes.Buffer
		log, err := logging.New(&out, format, "info")
		if err != nil {
			t.Fatal(err)
		}
		log.Info("request", "agent", "a\r\nlevel=error\x1b[31m", "error", errors.New("x\ny"))
		text := strings.TrimSuffix(out.String(), "\n")
		if strings.ContainsAny(text, "\n\r\x1b") {
			t.Errorf("%s: %q holds a control character", format, text)
		}
	}
}

func TestConcurrentLinesDoNotMix(t *testing.T) {
	t.Parallel()
	log, lines := newLogger(t, "info")
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() { log.Info("line", "text", strings.Repeat("x", 500)) })
	}
	wait.Wait()
	if got := len(lines()); got != 50 {
		t.Errorf("%d lines, want 50", got)
	}
}
