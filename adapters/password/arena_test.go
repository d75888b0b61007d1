package password_test

import (
	"bytes"
	"encoding/hex"
	"sync"
	"testing"

	"golang.org/x/crypto/argon2"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/adapters/password"
)

func TestIDKeyIsTheLibrarys(t *testing.T) {
	t.Parallel()
	arena := password.NewArena(64, 1)
	rapid.Check(t, func(t *rapid.T) {
		input := rapid.SliceOfN(rapid.Byte(), 0, 128).Draw(t, "password")
		salt := rapid.SliceOfN(rapid.Byte(), 8, 64).Draw(t, "salt")
		lanes := rapid.Uint8Range(1, 4).Draw(t, "lanes")
		memory := max(8*uint32(lanes), rapid.OneOf(rapid.Just(uint32(64)), rapid.Uint32Range(8, 300)).Draw(t, "memory"))
		passes := rapid.Uint32Range(1, 3).Draw(t, "passes")
		size := rapid.Uint32Range(16, 64).Draw(t, "size")
		got := arena.IDKey(input, salt, passes, memory, lanes, size)
		if want := argon2.IDKey(input, salt, passes, memory, lanes, size); !bytes.Equal(got, want) {
			t.Errorf("IDKey = %x, want %x", got, want)
		}
	})
}

// The reference implementation's vector for these parameters (phc-winner-argon2, src/test.c).
func TestIDKeyVector(t *testing.T) {
	t.Parallel()
	const want = "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"
	arena := password.NewArena(65536, 1)
	for range 2 { // with fresh memory, and with the same again
		got := arena.IDKey([]byte("password"), []byte("somesalt"), 2, 65536, 1, 32)
		if hex.EncodeToString(got) != want {
			t.Errorf("IDKey = %x, want %s", got, want)
		}
	}
}

func TestIDKeyAtOnce(t *testing.T) {
	t.Parallel()
	arena := password.NewArena(64, 1)
	salt := []byte("sixteen bytes of")
	var running sync.WaitGroup
	for i := range 32 {
		running.Go(func() {
			input := []byte{byte(i)}
			if i%8 == 0 {
				arena.GiveUp()
			}
			memory := uint32(64 + 8*(i%3))
			got := arena.IDKey(input, salt, 1, memory, 1, 32)
			if want := argon2.IDKey(input, salt, 1, memory, 1, 32); !bytes.Equal(got, want) {
				t.Errorf("IDKey of %d = %x, want %x", i, got, want)
			}
		})
	}
	running.Wait()
}
