package main

import (
	"testing"

	"github.com/doorward/doorward/core/secret"
)

// Every place that is sealed anew is told to operators in words of its own.
func TestEveryPlaceHasWords(t *testing.T) {
	t.Parallel()
	told := map[string]bool{}
	for _, place := range secret.Places() {
		words := holdings[place]
		if words == "" || told[words] {
			t.Errorf("%s is called %q", place, words)
		}
		told[words] = true
	}
	if len(holdings) != len(secret.Places()) {
		t.Errorf("%d names for %d places", len(holdings), len(secret.Places()))
	}
}
