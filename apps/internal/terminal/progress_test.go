package terminal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/doorward/doorward/apps/internal/terminal"
)

func TestBarEndsFull(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	bar := terminal.NewBar(&out, "users", 200)
	for range 200 {
		bar.Add(1)
	}
	bar.Done()
	paintings := strings.Split(out.String(), "\r")
	last := paintings[len(paintings)-1]
	if !strings.Contains(last, "["+strings.Repeat("#", 14)+"] 100 % 200 of 200") || !strings.HasSuffix(last, "\n") {
		t.Errorf("last painting is %q", last)
	}
	if len(paintings) > 150 {
		t.Errorf("%d paintings for 200 steps: each step is painted", len(paintings))
	}
}

func TestBarWithoutTotalCounts(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	bar := terminal.NewBar(&out, "mail", 0)
	bar.Add(3)
	bar.Add(4)
	bar.Done()
	if !strings.Contains(out.String(), "mail           7 (") {
		t.Errorf("got %q", out.String())
	}
}

func TestBarTellsWhatIsLeft(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	bar := terminal.NewBar(&out, "users", 1000)
	bar.Add(1)
	if !strings.Contains(out.String(), " left)") || len(out.String()) > 85 {
		t.Errorf("got %q", out.String())
	}
}

func TestLinesStand(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	bar := terminal.NewLines(&out, "users", 2)
	bar.Add(1)
	bar.Add(1)
	bar.Done()
	if text := out.String(); !strings.HasPrefix(text, "users          100 % 2 of 2 (") || strings.Count(text, "\n") != 1 {
		t.Errorf("got %q", text)
	}
}

func TestBarOfNobodyPaintsNothing(t *testing.T) {
	t.Parallel()
	bar := terminal.NewBar(nil, "users", 1)
	bar.Add(1)
	bar.Done()
}

func TestFileIsNoTerminal(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if terminal.Is(file) {
		t.Error("a file was taken for a terminal")
	}
}
