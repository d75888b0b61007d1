package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	lines := "words=" + write("lines", "Zebra\r\nabc\n\nrene\u0301e\nzebra\n"+strings.Repeat("x\n", 95)+"Dragon\n")
	array := "passwords=" + write("array", `["Password", "two\nlines", "\uff41bcd"]`)
	object := "names=" + write("object", `{"Name": "x", "List": ["dragon"]}`)
	output := filepath.Join(folder, "out.gz")

	if err := run(output, []string{lines, array, object}); err != nil {
		t.Fatal(err)
	}
	first := read(t, output)
	if got, want := unpack(t, first), "\nabcdb\ndragonu\npassworda\nren\u00e9el\nzebrak\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := run(output, []string{object, array, lines}); err != nil || !bytes.Equal(read(t, output), first) {
		t.Errorf("the same lists give other bytes: %v", err)
	}

	for name, sources := range map[string][]string{
		"none": nil, "missing": {"words=" + filepath.Join(folder, "missing")}, "empty": {"words=" + write("empty", "")},
		"no list": {"words=" + write("other", `{"a": 1}`)}, "no kind": {write("plain", "zebra")}, "another kind": {"verbs=" + write("verbs", "zebra")},
	} {
		if err := run(filepath.Join(folder, "none.gz"), sources); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func unpack(t *testing.T, archive []byte) string {
	t.Helper()
	reader, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
