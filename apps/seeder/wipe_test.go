package main

import (
	"errors"
	"testing"
)

// Only an order that repeats the name wipes a database; one without a name is not wiped at all.
func TestOnlyWhatIsNamedIsWiped(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		said, name string
		wiped      bool
		err        error
	}{
		{"", "accounts", false, nil},
		{"accounts", "accounts", true, nil},
		{"another", "accounts", false, errOtherDatabase},
		{"", "", false, errNameless},
		{"accounts", "", false, errNameless},
	} {
		wiped, err := order{wipe: true, wipeName: test.said}.wipes(test.name)
		if wiped != test.wiped || !errors.Is(err, test.err) {
			t.Errorf("--yes-wipe=%s of %q: %v, %v; want %v, %v", test.said, test.name, wiped, err, test.wiped, test.err)
		}
	}
}
