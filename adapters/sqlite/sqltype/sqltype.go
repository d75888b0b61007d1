// Package sqltype is how SQLite keeps identifiers and times: as blobs of 16 bytes and as microseconds since
// 1970. Both sort as they should.
package sqltype

import (
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/doorward/doorward/core"
)

// ID is a core.ID in a column.
type ID core.ID

// Value implements driver.Valuer.
func (id ID) Value() (driver.Value, error) { return id[:], nil }

// Scan implements sql.Scanner. Nullable columns are scanned into a *ID.
func (id *ID) Scan(source any) error {
	bytes, isBytes := source.([]byte)
	if !isBytes || len(bytes) != len(id) {
		return fmt.Errorf("sqltype: %T is not an identifier", source)
	}
	*id = ID(bytes)
	return nil
}

// Time is an instant in a column, cut to microseconds.
type Time time.Time

// Value implements driver.Valuer.
func (t Time) Value() (driver.Value, error) { return time.Time(t).UnixMicro(), nil }

// Scan implements sql.Scanner. Nullable columns are scanned into a *Time.
func (t *Time) Scan(source any) error {
	micros, isInteger := source.(int64)
	if !isInteger {
		return fmt.Errorf("sqltype: %T is not a time", source)
	}
	*t = Time(time.UnixMicro(micros).UTC())
	return nil
}
