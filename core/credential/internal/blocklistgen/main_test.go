package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
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
	lines := write("lines", "Zebra\r\nabc\n\nrene\u0301e\nzebra\n")
	array := write("array", `["Password", "two\nlines", "\uff41bcd"]`)
	object := write("object", `{"Name": "x", "List": ["dragon"]}`)
	output := filepath.Join(folder, "out.gz")

	if err := run(output, []string{lines, array, object}); err != nil {
		t.Fatal(err)
	}
	first := read(t, output)
	if got, want := unpack(t, first), "\nabcd\ndragon\npassword\nren\u00e9e\nzebra\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := run(output, []string{object, array, lines}); err != nil || !bytes.Equal(read(t, output), first) {
		t.Errorf("the same lists give other bytes: %v", err)
	}

	for name, sources := range map[string][]string{
		"none": nil, "missing": {filepath.Join(folder, "missing")}, "empty": {write("empty", "")}, "no list": {write("other", `{"a": 1}`)},
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
