package main

import (
	"strings"
	"testing"
)

// TestNobodyIsToldAPasswordThatDoesNotWork runs the seeder a second time where each run has a password of its own.
func TestNobodyIsToldAPasswordThatDoesNotWork(t *testing.T) {
	t.Parallel()
	if told := wayIn("ada@example.com", "new", false); told != `ada@example.com and the like, password "new"` {
		t.Errorf("the first run tells %s", told)
	}
	told := wayIn("ada@example.com", "new", true)
	who, others, _ := strings.Cut(told, ";")
	if strings.Contains(who, "new") || !strings.Contains(who, "ada@example.com") || !strings.Contains(others, `who are new, password "new"`) {
		t.Errorf("a later run tells %s", told)
	}
}
