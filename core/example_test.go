package core_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/doorward/doorward/core"
)

// Adapters and use cases compare errors by their code, whatever wraps them.
func ExampleError() {
	err := fmt.Errorf("load profile: %w", core.ErrNotFound.Because(errors.New("no rows")))

	fmt.Println(errors.Is(err, core.ErrNotFound))
	fmt.Println(core.AsError(err).Kind, core.AsError(err).Code, core.AsError(err).Message)
	// Output:
	// true
	// not_found not_found There is no such thing.
}

// A form is answered with all that is wrong with it.
func ExampleViolations() {
	var violations core.Violations
	violations.Add("name", core.InvalidField("", core.CodeRequired, "A name is needed."))
	violations.Add("email", nil)
	violations.Add("new_password", core.InvalidField("password", core.CodeTooShort, "The password is too short."))

	for _, field := range core.AsError(violations.Err()).Fields {
		fmt.Println(field.Field, field.Code)
	}
	// Output:
	// name required
	// new_password too_short
}

// Identifiers sort by the time of their making, even while the clock stands still.
func ExampleIDs_New() {
	clock := core.ClockFunc(func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) })
	ids := core.NewIDs(clock)
	first, second := ids.New(), ids.New()

	fmt.Println(first.String()[:18], first.String() < second.String())
	// Output: 019ca945-0a00-7000 true
}

// Only a recent proof of identity permits what is dear; the refusal names what would do.
func ExamplePrincipal_RequireRecent() {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	principal := core.Principal{AuthTime: now.Add(-time.Hour)}
	err := principal.RequireRecent(now, 10*time.Minute, "pwd")

	fmt.Println(core.AsError(err).Code, core.AsError(err).Factors)
	// Output: reauthentication_required [pwd]
}
