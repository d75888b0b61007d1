package credential_test

import (
	"compress/gzip"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/doorward/doorward/core/credential"
)

// entries reads the embedded list apart from the code under test.
func entries(t testing.TB) []string {
	t.Helper()
	file, err := os.Open("blocklist.gz")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	reader, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.Trim(string(text), "\n"), "\n")
	for i, line := range lines {
		lines[i] = line[:len(line)-1] // the mark
	}
	return lines
}

func contains(t testing.TB, list credential.Blocklist, password string) bool {
	t.Helper()
	found, err := list.Contains(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestCommonPasswordsHoldsEveryEntry(t *testing.T) {
	t.Parallel()
	list, all := credential.CommonPasswords{}, entries(t)
	if len(all) < 3000 {
		t.Fatalf("only %d entries", len(all))
	}
	for _, entry := range all {
		if !contains(t, list, entry) || !contains(t, list, strings.ToUpper(entry)) {
			t.Errorf("%q is not found", entry)
		}
	}
}

func TestCommonPasswordsKnowsOnlyItsEntries(t *testing.T) {
	t.Parallel()
	list := credential.CommonPasswords{}
	for _, password := range []string{
		"", "\n", "\npassword\n", "password\npassword1", "0", "~~~~~~~~", "\xff\xff", "correct horse battery staple",
		"passwordx", "dragondragondragon", "xpassword", "password123456789", "dragon\u00e9", "12345678#8302", "82946105", "\U0001f511\U0001f511",
	} {
		if contains(t, list, password) {
			t.Errorf("%q is found", password)
		}
	}
	for _, entry := range entries(t) {
		if contains(t, list, "\x00"+entry) {
			t.Errorf("%q is found with a byte before it", entry)
		}
	}
}

func BenchmarkCommonPasswords(b *testing.B) {
	for b.Loop() {
		contains(b, credential.CommonPasswords{}, "mqzrvkwp2026")
	}
}
