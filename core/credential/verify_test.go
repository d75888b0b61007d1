package credential_test

import (
	"testing"

	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/internal/house"
)

// TestVerifyTriesTheTextAsTyped takes hashes of other systems, which are of the very bytes that were typed, and asks for
// one of the normal form in their place.
func TestVerifyTriesTheTextAsTyped(t *testing.T) {
	t.Parallel()
	const decomposed, composed = "cre\u0300me bru\u0302le\u0301e", "cr\u00e8me br\u00fbl\u00e9e"
	for name, c := range map[string]struct {
		hashed, typed string
		match, stale  bool
		comparisons   int64
	}{
		"as typed":              {decomposed, decomposed, true, true, 2},
		"normal, typed so":      {composed, composed, true, false, 1},
		"normal, typed not so":  {composed, decomposed, true, false, 1},
		"foreign, typed normal": {decomposed, composed, false, false, 1},
		"wrong, and not normal": {"else", decomposed, false, false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := house.Open(t)
			hash, err := h.Hasher.Hash(h.Ctx, c.hashed)
			h.Must(err)
			match, stale, err := credential.Verify(h.Ctx, h.Hasher, c.typed, hash)
			if err != nil || match != c.match || stale != c.stale || h.Hasher.Verified.Load() != c.comparisons {
				t.Errorf("match %v, stale %v after %d comparisons, error %v", match, stale, h.Hasher.Verified.Load(), err)
			}
		})
	}
}
