package token_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/core/token"
)

func TestRotatePublishesBeforeItSigns(t *testing.T) {
	t.Parallel()
	site := newSite()
	ring := site.loaded(t, token.RingConfig{})
	old := active(t, ring)
	fresh, err := ring.Rotate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantStates(t, ring, token.KeySigning, token.KeyWaiting)
	if fresh.State != token.KeyWaiting || active(t, ring).ID != old.ID || len(ring.Published()) != 2 {
		t.Errorf("the new key is %s, %s signs", fresh.State, active(t, ring).ID)
	}

	site.clock.Advance(token.PublishFor)
	wantStates(t, ring, token.KeyRetiring, token.KeySigning)
	if active(t, ring).ID != fresh.ID {
		t.Error("the new key does not sign when it is due")
	}
	site.clock.Advance(token.AccessTTL + token.Leeway)
	if _, known := ring.Find(old.ID); !known {
		t.Error("the old key has left before its last token died")
	}
	site.clock.Advance(token.ReloadEvery)
	wantStates(t, ring, token.KeyRetired, token.KeySigning)
	if _, known := ring.Find(old.ID); known || len(ring.Published()) != 1 {
		t.Error("the old key is still published")
	}
}

func wantStates(t *testing.T, ring *token.Ring, want ...token.KeyState) {
	t.Helper()
	infos, err := ring.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(infos) != len(want) {
		t.Fatalf("%d keys, want %d", len(infos), len(want))
	}
	for i, info := range infos {
		if info.State != want[i] {
			t.Errorf("key %d is %s, want %s", i, info.State, want[i])
		}
	}
}

// Of two replicas that rotate at the same moment one may retire the other's key before that begins to sign:
// it then signs nothing that would outlive it.
func TestRetiringKeySignsNothingThatOutlivesIt(t *testing.T) {
	t.Parallel()
	site := newSite()
	ring := site.loaded(t, token.RingConfig{})
	kept := active(t, ring)
	loser, err := ring.Rotate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := site.store.RetireKeys(t.Context(), kept.ID, loser.ActiveFrom.Add(token.AccessTTL)); err != nil {
		t.Fatal(err)
	}
	if err := ring.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	site.clock.Advance(token.PublishFor)
	if active(t, ring).ID != kept.ID {
		t.Error("the key that is about to leave signs")
	}
}

func TestRotateDue(t *testing.T) {
	t.Parallel()
	site := newSite()
	never := site.loaded(t, token.RingConfig{})
	ring := site.loaded(t, token.RingConfig{RotateEvery: 24 * time.Hour})
	step := func(ring *token.Ring, want bool) {
		t.Helper()
		if rotated, err := ring.RotateDue(t.Context()); err != nil || rotated != want {
			t.Errorf("rotated %v, %v", rotated, err)
		}
	}
	step(ring, false)
	site.clock.Advance(24 * time.Hour)
	step(never, false)
	step(ring, true)
	step(ring, false)
	step(site.loaded(t, token.RingConfig{RotateEvery: 24 * time.Hour}), false)
}

// However rotations, reloads and time interleave over two replicas that reload as often as they should, the
// key of a living token is published at both of them.
func TestTokensOutlivedByTheirKeys(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		site := newSite()
		rings := []*token.Ring{site.loaded(t, token.RingConfig{Algorithm: token.EdDSA}), site.loaded(t, token.RingConfig{Algorithm: token.EdDSA})}
		type signed struct {
			kid     string
			expires time.Time
		}
		var alive []signed
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			ring := rings[rapid.IntRange(0, 1).Draw(r, "replica")]
			switch rapid.SampledFrom([]string{"sign", "sign", "wait", "wait", "wait", "rotate"}).Draw(r, "step") {
			case "sign":
				alive = append(alive, signed{active(t, ring).ID, site.clock.Now().Add(token.AccessTTL)})
			case "rotate":
				if _, err := ring.Rotate(t.Context()); err != nil {
					r.Fatal(err)
				}
			case "wait":
				for range rapid.IntRange(1, 12).Draw(r, "minutes") {
					site.clock.Advance(time.Minute)
					for _, ring := range rings {
						if err := ring.Reload(t.Context()); err != nil {
							r.Fatal(err)
						}
					}
				}
			}
			for _, one := range alive {
				for i, ring := range rings {
					if site.clock.Now().Before(one.expires.Add(token.Leeway)) && !published(ring, one.kid) {
						r.Fatalf("replica %d does not know the key of a living token", i)
					}
				}
			}
		}
	})
}

func published(ring *token.Ring, kid string) bool {
	_, known := ring.Find(kid)
	return known
}
