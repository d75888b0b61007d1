package core

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"sync"
)

// ID is a UUID, version 7 when made here (RFC 9562 §5.7): sortable by the time of its making.
type ID [16]byte

// IsZero reports whether id is the nil UUID, which names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// String is the canonical form of RFC 9562 §4: 36 characters, lower case.
func (id ID) String() string {
	var text [36]byte
	hex.Encode(text[0:8], id[0:4])
	text[8] = '-'
	hex.Encode(text[9:13], id[4:6])
	text[13] = '-'
	hex.Encode(text[14:18], id[6:8])
	text[18] = '-'
	hex.Encode(text[19:23], id[8:10])
	text[23] = '-'
	hex.Encode(text[24:36], id[10:16])
	return string(text[:])
}

// MarshalText implements encoding.TextMarshaler.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler with the rules of ParseID.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// ParseID reads the canonical 36-character form in either case and nothing else. The error is of
// KindInvalid.
func ParseID(text string) (ID, error) {
	var id ID
	bad := NewError(KindInvalid, CodeInvalidFormat, "This is not a UUID.")
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return id, bad
	}
	digits := make([]byte, 0, 32)
	for i := range len(text) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			continue
		}
		digits = append(digits, text[i])
	}
	if _, err := hex.Decode(id[:], digits); err != nil {
		return ID{}, bad
	}
	return id, nil
}

// IDs makes identifiers from a clock. Safe for concurrent use.
type IDs struct {
	clock Clock
	mu    sync.Mutex
	last  uint64
}

// NewIDs makes a source of identifiers that takes their time from clock.
func NewIDs(clock Clock) *IDs { return &IDs{clock: clock} }

// New makes a UUIDv7: 48 bits of Unix milliseconds, 12 bits of sub-millisecond fraction (RFC 9562 §6.2,
// method 3) kept rising within this process, and 62 random bits.
func (s *IDs) New() ID {
	var id ID
	_, _ = rand.Read(id[8:]) // never fails: crypto/rand ends the program instead
	micros := s.clock.Now().UnixMicro()
	millis, within := micros/1000, micros%1000
	stamp := uint64(millis)<<12 | uint64(within)*4096/1000 //nolint:gosec // times before 1970 do not occur
	s.mu.Lock()
	if stamp <= s.last {
		stamp = s.last + 1
	}
	s.last = stamp
	s.mu.Unlock()
	binary.BigEndian.PutUint64(id[0:8], stamp>>12<<16|0x7000|stamp&0xfff)
	id[8] = id[8]&0x3f | 0x80
	return id
}
