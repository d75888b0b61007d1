package form

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/doorward/doorward/core"
)

// cursorVersion heads every cursor, so that a later form can be told from this one.
const cursorVersion = 1

// cursorSize is a version byte, eight bytes of microseconds and a UUID.
const cursorSize = 1 + 8 + 16

// Cursor writes a position as an opaque text of 34 letters of base64url (RFC 4648 §5), to the microsecond.
func Cursor(position core.Position) string {
	raw := make([]byte, 0, cursorSize)
	raw = append(raw, cursorVersion)
	raw = binary.BigEndian.AppendUint64(raw, uint64(position.At.UnixMicro())) //nolint:gosec // read back the same way
	raw = append(raw, position.ID[:]...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Position reads what Cursor wrote; an empty text is the beginning. Anything else is the caller's mistake:
// core.KindInvalid, with core.CodeInvalidFormat at the field cursor.
func Position(text string) (core.Position, error) {
	if text == "" {
		return core.Position{}, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != cursorSize || raw[0] != cursorVersion {
		return core.Position{}, core.InvalidField("cursor", core.CodeInvalidFormat, "This is not a cursor of this list.")
	}
	position := core.Position{At: time.UnixMicro(int64(binary.BigEndian.Uint64(raw[1:9]))).UTC()} //nolint:gosec // see above
	copy(position.ID[:], raw[9:])
	return position, nil
}

// Page reads which part of a list is asked for; see Position.
func Page(limit int, cursor string) (core.Page, error) {
	after, err := Position(cursor)
	return core.Page{Limit: limit, After: after}, err
}

// Next writes where the next page of a list begins, and null where there is none.
func Next(next core.Position) nullable.Nullable[string] {
	if next.IsZero() {
		return Null
	}
	return nullable.NewNullableWithValue(Cursor(next))
}
