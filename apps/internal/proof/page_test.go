package proof_test

import (
	"fmt"
	"regexp"
	"strings"
)

// line is one line of the checklist as the page lists it.
type line struct {
	id     string
	proofs []proof
	// reason is what stands in the place of a proof, or beside it.
	reason string
}

// proof names a test: the folder, the file, the function, and the names of subtests below it.
type proof struct{ file, test, sub string }

func (p proof) String() string {
	if p.sub != "" {
		return p.file + ": " + p.test + "/" + p.sub
	}
	return p.file + ": " + p.test
}

var (
	// idPattern is an id of ASVS 5.0 (6.2.1), or a rule of another source under a name of the page's own (N-3, J-2).
	idPattern    = regexp.MustCompile(`^(\d+\.\d+\.\d+|[A-Z]-\d+)$`)
	proofPattern = regexp.MustCompile("`([a-z][a-z0-9_/.-]*_test\\.go): ((?:Test|Fuzz)[A-Za-z0-9_]*)(?:/([^`]+))?`")
	codePattern  = regexp.MustCompile("`[^`]*`")
)

// excuses are how a line begins that has no test.
var excuses = []string{"Does not apply:", "Comes later:", "Documented:", "Deviation:"}

// readPage reads the tables of the page. It reports whatever is not in order: an id listed twice, a line with neither
// proof nor reason, a name in backquotes that looks like a test and is not written as one.
func readPage(text string) (lines []line, flaws []string) {
	seen := map[string]bool{}
	for number, row := range strings.Split(text, "\n") {
		cells := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), "|")
		if !strings.HasPrefix(row, "|") || len(cells) < 3 {
			continue
		}
		read := line{id: strings.TrimSpace(cells[0]), reason: strings.TrimSpace(cells[len(cells)-1])}
		if !idPattern.MatchString(read.id) {
			continue
		}
		if seen[read.id] {
			flaws = append(flaws, fmt.Sprintf("line %d: %s is listed twice", number+1, read.id))
		}
		seen[read.id] = true
		read.proofs = proofsIn(read.reason)
		flaws = append(flaws, judge(number+1, read)...)
		lines = append(lines, read)
	}
	return lines, flaws
}

// proofsIn gives the tests that a text names.
func proofsIn(text string) (named []proof) {
	for _, match := range proofPattern.FindAllStringSubmatch(text, -1) {
		named = append(named, proof{file: match[1], test: match[2], sub: match[3]})
	}
	return named
}

func judge(number int, read line) (flaws []string) {
	excused := false
	for _, excuse := range excuses {
		excused = excused || strings.Contains(read.reason, excuse)
	}
	if len(read.proofs) == 0 && !excused {
		flaws = append(flaws, fmt.Sprintf("line %d: %s has neither a proof nor a reason", number, read.id))
	}
	for _, code := range codePattern.FindAllString(read.reason, -1) {
		named := strings.Contains(code, "Test") || strings.Contains(code, "Fuzz")
		if named && proofPattern.FindString(code) != code {
			flaws = append(flaws, fmt.Sprintf("line %d: %s names %s, which is not written file: test", number, read.id, code))
		}
	}
	return flaws
}
