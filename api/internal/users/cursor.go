package users

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/oapi-codegen/nullable"

	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/directory"
)

// cursorVersion heads every cursor of these lists. Those of lists that are ordered by time alone, of package form, have 1.
const cursorVersion = 2

// A cursor is a version byte, a part of the digest of the list that it belongs to, the id and the time of a user, or, in
// a list that is ordered by keys, the id and the key.
const (
	digestSize = 8
	idAt       = 1 + digestSize
	orderAt    = idAt + 16
	timeSize   = 8
)

// list is what a cursor is bound to: with another order or other filters the place that it names means nothing.
type list struct {
	Sort   directory.Sort
	Search string
	Filter directory.Filter
}

// keyed reports whether the list is ordered by keys.
func (l list) keyed() bool { return l.Search != "" || l.Sort.Keyed() }

func (l list) digest() []byte {
	text, _ := json.Marshal(l) // texts, times and flags always marshal
	sum := sha256.Sum256(text)
	return sum[:digestSize]
}

// cursor writes a place in the list; null for its end.
func (l list) cursor(next directory.Place) nullable.Nullable[string] {
	if next.IsZero() {
		return form.Null
	}
	raw := append([]byte{cursorVersion}, l.digest()...)
	raw = append(raw, next.ID[:]...)
	if l.keyed() {
		raw = append(raw, next.Key...)
	} else {
		raw = binary.BigEndian.AppendUint64(raw, uint64(next.At.UnixMicro())) //nolint:gosec // read back the same way
	}
	return nullable.NewNullableWithValue(base64.RawURLEncoding.EncodeToString(raw))
}

// place reads what cursor wrote; an empty text is the beginning. A cursor of another list is as wrong as any other
// text: core.KindInvalid at the field "cursor".
func (l list) place(text string) (place directory.Place, err error) {
	if text == "" {
		return directory.Place{}, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	whole := err == nil && len(raw) >= orderAt && raw[0] == cursorVersion && bytes.Equal(raw[1:idAt], l.digest())
	switch {
	case whole && l.keyed() && utf8.Valid(raw[orderAt:]) && bytes.IndexByte(raw[orderAt:], 0) < 0: // PostgreSQL has no NUL
		place.Key = string(raw[orderAt:])
		copy(place.ID[:], raw[idAt:])
	case whole && !l.keyed() && len(raw) == orderAt+timeSize:
		place.At = time.UnixMicro(int64(binary.BigEndian.Uint64(raw[orderAt:]))).UTC() //nolint:gosec // see cursor
		copy(place.ID[:], raw[idAt:])
	}
	if place.IsZero() {
		return directory.Place{}, core.InvalidField("cursor", core.CodeInvalidFormat, "This is not a cursor of this list.")
	}
	return place, nil
}
