package access

// SetMax is how many permissions there can be, those of the system and Everything included.
const SetMax = 1024

// Set is a set of permissions of one Catalogue. Its zero value is empty. It has a fixed size, so that deciding needs
// no memory.
type Set [SetMax / 64]uint64

// NewSet makes a set of the bits.
func NewSet(bits ...Bit) (s Set) {
	for _, bit := range bits {
		s.Add(bit)
	}
	return s
}

// Add puts a permission into the set.
func (s *Set) Add(bit Bit) { s[bit/64] |= 1 << (bit % 64) }

// Has reports whether the permission is in the set, or the set holds Everything.
func (s *Set) Has(bit Bit) bool { return s[0]&1 != 0 || s[bit/64]&(1<<(bit%64)) != 0 }

// Covers reports whether every permission of other is in the set. Everything is covered by Everything alone.
func (s *Set) Covers(other *Set) bool {
	if s[0]&1 != 0 {
		return true
	}
	for i := range s {
		if other[i]&^s[i] != 0 {
			return false
		}
	}
	return true
}

// Join adds the permissions of other.
func (s *Set) Join(other *Set) {
	for i := range s {
		s[i] |= other[i]
	}
}

// Drop takes the permissions of other away.
func (s *Set) Drop(other *Set) {
	for i := range s {
		s[i] &^= other[i]
	}
}

// Administers reports whether a permission of the system is in the set that reaches beyond what is one's own.
func (s *Set) Administers() bool { return s[0]&(1<<firstCustom-1)&^everybody[0] != 0 }

// Meet leaves what is in both. Everything stands for each permission of the other side.
func (s *Set) Meet(other *Set) {
	switch {
	case other[0]&1 != 0:
	case s[0]&1 != 0:
		*s = *other
	default:
		for i := range s {
			s[i] &= other[i]
		}
	}
}
