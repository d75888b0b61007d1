package core_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/core"
)

func TestErrorIsComparedByKindAndCode(t *testing.T) {
	t.Parallel()
	gone := fmt.Errorf("find user: %w", core.NewError(core.KindNotFound, core.CodeNotFound, "No such user."))
	if !errors.Is(gone, core.ErrNotFound) {
		t.Error("another text makes another error")
	}
	for name, target := range map[string]error{
		"another code":    core.NewError(core.KindNotFound, core.CodeConflict, "There is no such thing."),
		"another kind":    core.NewError(core.KindConflict, core.CodeNotFound, "There is no such thing."),
		"no domain error": errors.New("not_found: There is no such thing."), //nolint:revive // the text of ErrNotFound
	} {
		if errors.Is(gone, target) {
			t.Errorf("%s counts as the same", name)
		}
	}
}

func TestBecauseKeepsTheOriginal(t *testing.T) {
	t.Parallel()
	wrapped := core.ErrConflict.Because(io.ErrUnexpectedEOF)
	if !errors.Is(wrapped, core.ErrConflict) || !errors.Is(wrapped, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", wrapped)
	}
	if core.ErrConflict.Err != nil {
		t.Error("the shared error carries a cause now")
	}
	if got := wrapped.Error(); got != "conflict: The current state does not permit this.: unexpected EOF" {
		t.Errorf("got %q", got)
	}
	if wrapped.Message != core.ErrConflict.Message {
		t.Error("the cause reaches the message")
	}
}

func TestAsError(t *testing.T) {
	t.Parallel()
	if got := core.AsError(fmt.Errorf("x: %w", core.ErrNotFound)); got != core.ErrNotFound {
		t.Errorf("got %v", got)
	}
	fault := core.AsError(io.EOF)
	if fault.Kind != core.KindInternal || fault.Code != core.CodeInternal || !errors.Is(fault, io.EOF) {
		t.Errorf("got %v", fault)
	}
	if fault.Message == io.EOF.Error() {
		t.Error("the cause reaches the message")
	}
}

func TestInvalid(t *testing.T) {
	t.Parallel()
	got := core.InvalidField("email", core.CodeRequired, "An address is needed.")
	want := []core.FieldError{{Field: "email", Code: core.CodeRequired, Message: "An address is needed."}}
	if got.Kind != core.KindInvalid || got.Code != core.CodeInvalidInput {
		t.Errorf("got %v", got)
	}
	if diff := cmp.Diff(want, got.Fields); diff != "" {
		t.Error(diff)
	}
}

func TestUnavailableSaysWhenToRetry(t *testing.T) {
	t.Parallel()
	got := core.Unavailable(io.EOF)
	if got.Kind != core.KindUnavailable || got.RetryAfter != time.Second || !errors.Is(got, io.EOF) {
		t.Errorf("got %+v", got)
	}
}

func TestKindNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for kind := core.KindInternal; kind <= core.KindUnavailable; kind++ {
		if name := kind.String(); name == "" || seen[name] {
			t.Errorf("kind %d is named %q", kind, name)
		} else {
			seen[name] = true
		}
	}
	if got := core.Kind(200).String(); got != "kind(200)" {
		t.Errorf("got %q", got)
	}
}

func TestViolations(t *testing.T) {
	t.Parallel()
	var none core.Violations
	none.Add("email", nil)
	none.AddFields()
	if err := none.Err(); err != nil {
		t.Errorf("got %v", err)
	}

	var some core.Violations
	some.Add("email", core.InvalidField("address", core.CodeInvalidFormat, "a"))
	some.Add("username", core.NewError(core.KindInvalid, core.CodeNotAllowed, "b"))
	some.AddFields(core.FieldError{Field: "name", Code: core.CodeRequired, Message: "c"})
	want := []core.FieldError{
		{Field: "email", Code: core.CodeInvalidFormat, Message: "a"},
		{Field: "username", Code: core.CodeNotAllowed, Message: "b"},
		{Field: "name", Code: core.CodeRequired, Message: "c"},
	}
	if diff := cmp.Diff(want, core.AsError(some.Err()).Fields); diff != "" {
		t.Error(diff)
	}

	some.Add("email", io.ErrUnexpectedEOF)
	some.Add("email", io.EOF)
	if err := some.Err(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}
