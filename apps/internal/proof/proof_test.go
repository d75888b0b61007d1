package proof_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	root = "../../.."
	page = root + "/docs/security.md"
)

// chapters are the parts of the checklist that the page answers, each by some lines at least.
var chapters = []string{
	"1.", "2.", "3.", "4.", "6.", "7.", "8.", "9.", "11.", "12.", "13.", "14.", "15.", "16.",
	"J-", // RFC 8725
	"N-", // NIST SP 800-63B-4
}

// Every line of the page has a proof that exists and is run, or a reason.
func TestThePageKeepsItsWord(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	tests, err := readSources(root)
	if err != nil {
		t.Fatal(err)
	}
	lines, flaws := readPage(string(text))
	for _, flaw := range flaws {
		t.Error(flaw)
	}
	for _, chapter := range chapters {
		if !slices.ContainsFunc(lines, func(read line) bool { return strings.HasPrefix(read.id, chapter) }) {
			t.Errorf("nothing is said of %s", chapter)
		}
	}
	for _, named := range proofsIn(string(text)) { // between the tables too
		if err := tests.check(named); err != nil {
			t.Error(err)
		}
	}
}

func TestFlawsOfAPageAreFound(t *testing.T) {
	t.Parallel()
	for row, want := range map[string]string{
		"| 6.2.1 | asks | `a/b_test.go: TestB` |":                          "",
		"| 6.2.1 | asks | `a/b_test.go: TestB/deep/down` |":                "",
		"| 6.2.1 | asks | Does not apply: no front end. |":                 "",
		"| line | asks | proof |":                                          "",
		"| 6.2.1 | asks | |":                                               "line 1: 6.2.1 has neither a proof nor a reason",
		"| 6.2.1 | asks | trust us |":                                      "line 1: 6.2.1 has neither a proof nor a reason",
		"| 6.2.1 | asks | Documented: see `TestB` |":                       "line 1: 6.2.1 names `TestB`, which is not written file: test",
		"| 6.2.1 | asks | `a/b_test.go: TestB` and `a/b.go: TestC` |":      "line 1: 6.2.1 names `a/b.go: TestC`, which is not written file: test",
		"| N-1 | asks | Comes later: x |\n| N-1 | asks | Comes later: x |": "line 2: N-1 is listed twice",
	} {
		if _, flaws := readPage(row); strings.Join(flaws, "; ") != want {
			t.Errorf("%s\ngot  %q\nwant %q", row, strings.Join(flaws, "; "), want)
		}
	}
}

// tree is a small module with tests of every sort.
var tree = map[string]string{
	"a/a_test.go": `package a
func TestPlain(t *testing.T) { t.Run("by name", nil); suitetest.Run(t) }
func TestSkipping(t *testing.T) { t.Skip("not today") }
func FuzzPlain(f *testing.F) {}
`,
	"a/time_test.go": "//go:build slow\n\npackage a\nfunc TestInTime(t *testing.T) {}\nfunc TestLate(t *testing.T) {}\n",
	"a/lost_test.go": "//go:build never\n\npackage a\nfunc TestLost(t *testing.T) {}\n",
	"suitetest/suite.go": `package suitetest
func Run(t *testing.T) { t.Run("a case of the suite", nil) }
`,
	"b/b_test.go":   "package b\nfunc TestB(t *testing.T) { t.Run(\"elsewhere\", nil) }\n",
	".ci/slow":      "go test -tags slow -run 'InTime' ./a\n",
	".hidden/h.txt": "",
}

func TestMissingTestsAreFound(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, text := range tree {
		if err := os.MkdirAll(filepath.Join(folder, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests, err := readSources(folder)
	if err != nil {
		t.Fatal(err)
	}
	for named, want := range map[proof]string{
		{"a/a_test.go", "TestPlain", ""}:                            "",
		{"a/a_test.go", "FuzzPlain", ""}:                            "",
		{"a/a_test.go", "TestPlain", "by name"}:                     "",
		{"a/a_test.go", "TestPlain", "by name/a case of the suite"}: "",
		{"a/time_test.go", "TestInTime", ""}:                        "",
		{"a/c_test.go", "TestPlain", ""}:                            "there is no such file",
		{"a/a_test.go", "TestPlane", ""}:                            "there is no such test",
		{"a/a_test.go", "TestPlain", "by nane"}:                     "no subtest is called",
		{"a/a_test.go", "TestPlain", "elsewhere"}:                   "no subtest is called",
		{"a/a_test.go", "TestSkipping", ""}:                         "it can be skipped",
		{"a/time_test.go", "TestLate", ""}:                          "nothing runs it",
		{"a/lost_test.go", "TestLost", ""}:                          "nothing runs it",
	} {
		err := tests.check(named)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", named, err, want)
		}
	}
}
