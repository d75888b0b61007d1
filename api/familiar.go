package api

import (
	"crypto/sha256"
	"sync"

	"github.com/gofiber/fiber/v2"
)

// familiarSize is how many tokens of programs are remembered as good, 32 bytes each.
const familiarSize = 16_384

// familiar remembers which personal tokens and keys were good here. It admits nobody: it only tells whose calls are looked
// up although their address has used up what strangers have. Two generations bound it: the older goes when the younger is
// full. Safe for concurrent use.
type familiar struct {
	mu         sync.Mutex
	young, old map[[sha256.Size]byte]struct{}
}

func (f *familiar) add(text string) {
	digest := sha256.Sum256([]byte(text))
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.young == nil || len(f.young) >= familiarSize/2 {
		f.old, f.young = f.young, make(map[[sha256.Size]byte]struct{})
	}
	f.young[digest] = struct{}{}
}

func (f *familiar) knows(text string) bool {
	digest := sha256.Sum256([]byte(text))
	f.mu.Lock()
	defer f.mu.Unlock()
	_, young := f.young[digest]
	_, old := f.old[digest]
	return young || old
}

// isGuess reports whether what a program shows has to be taken for made up: it was never good here, and its address has
// used up both its calls and as many for texts of this kind alone, so that neighbours shut nobody out by calls of others.
// A forged access token fails at its signature; these texts have none, and each guess would cost a statement on the
// primary. The count that follows refuses the call.
func (s *server) isGuess(c *fiber.Ctx, text string) bool {
	if !s.counts() {
		return false
	}
	address := addressOf(c)
	if s.deps.Limiter.Known(s.bucket(LimitAddress, address)).Allowed || s.familiar.knows(text) {
		return false
	}
	spared, err := s.deps.Ceiling.Take(c.UserContext(), s.bucket(LimitAddress, "unfamiliar "+address))
	return err != nil || !spared.Allowed
}
