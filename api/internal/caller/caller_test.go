package caller_test

import (
	"testing"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/signin"
)

// TestCaller finds whoever was admitted, and takes the absence of one for a fault rather than for a refusal.
func TestCaller(t *testing.T) {
	t.Parallel()
	var ada signin.Authenticated
	ada.Principal.UserID = core.ID{15: 1}
	ctx := caller.With(t.Context(), ada)
	if got, ok := caller.From(ctx); !ok || got.Principal.UserID != ada.Principal.UserID {
		t.Errorf("From: %v %v", got.Principal, ok)
	}
	if got, err := caller.Of(ctx); err != nil || got.Principal.UserID != ada.Principal.UserID {
		t.Errorf("Of: %v %v", got.Principal, err)
	}
	if got, ok := caller.From(t.Context()); ok {
		t.Errorf("From nobody: %v", got.Principal)
	}
	if _, err := caller.Of(t.Context()); err == nil || core.AsError(err).Kind != core.KindInternal {
		t.Errorf("Of nobody: %v", err)
	}
}
