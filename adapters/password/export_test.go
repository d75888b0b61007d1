package password

// Reparse reads a PHC string and writes it again; false where it is not accepted.
func Reparse(text string) (string, bool) {
	parsed, ok := parsePHC(text)
	return parsed.String(), ok
}

// Arena is arena for tests.
type Arena struct{ inner *arena }

// NewArena makes an arena that keeps memory for hashes of that cost.
func NewArena(memory uint32, threads uint8) *Arena {
	return &Arena{newArena(cost{memory: memory, lanes: threads})}
}

// IDKey has the parameters of argon2.IDKey.
func (a *Arena) IDKey(input, salt []byte, time, memory uint32, threads uint8, size uint32) []byte {
	return a.inner.idKey(input, salt, cost{memory: memory, time: time, lanes: threads}, size)
}

// GiveUp does what happens when nobody has wanted memory for a while.
func (a *Arena) GiveUp() { a.inner.giveUp() }

// WorkOf tells what comparing with an accepted hash of scrypt or PBKDF2 takes, in the units of their bounds.
func WorkOf(text string) (work uint64, known bool) {
	found, err := (&Hasher{}).read(text)
	if err != nil {
		return 0, false
	}
	switch found := found.(type) {
	case scryptHash:
		return found.cost.r * found.cost.p << found.cost.ln, true
	case firebaseHash:
		return found.cost.r << found.cost.ln, true
	case pbkdf2Hash:
		return uint64(found.iterations), true //nolint:gosec // positive
	}
	return 0, false
}
