package postgres

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/doorward/doorward/core"
)

// registerTypes teaches a connection to read and write core.ID as uuid, and to give times in UTC.
func registerTypes(types *pgtype.Map) {
	types.TryWrapEncodePlanFuncs = append([]pgtype.TryWrapEncodePlanFunc{wrapIDToEncode}, types.TryWrapEncodePlanFuncs...)
	types.TryWrapScanPlanFuncs = append([]pgtype.TryWrapScanPlanFunc{wrapIDToScan}, types.TryWrapScanPlanFuncs...)
	types.RegisterDefaultPgType(core.ID{}, "uuid")
	types.RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
}

type encodedID core.ID

// UUIDValue implements pgtype.UUIDValuer.
func (id encodedID) UUIDValue() (pgtype.UUID, error) { return pgtype.UUID{Bytes: id, Valid: true}, nil }

type scannedID core.ID

// ScanUUID implements pgtype.UUIDScanner. Nullable columns are scanned into a *core.ID, so that no null
// arrives here.
func (id *scannedID) ScanUUID(value pgtype.UUID) error {
	*id = value.Bytes
	return nil
}

func wrapIDToEncode(value any) (pgtype.WrappedEncodePlanNextSetter, any, bool) {
	id, matches := value.(core.ID)
	if !matches {
		return nil, nil, false
	}
	return &encodeIDPlan{}, encodedID(id), true
}

type encodeIDPlan struct{ next pgtype.EncodePlan }

// SetNext implements pgtype.WrappedEncodePlanNextSetter.
func (p *encodeIDPlan) SetNext(next pgtype.EncodePlan) { p.next = next }

// Encode implements pgtype.EncodePlan.
func (p *encodeIDPlan) Encode(value any, buffer []byte) ([]byte, error) {
	return p.next.Encode(encodedID(value.(core.ID)), buffer) //nolint:forcetypeassert // wrapIDToEncode has checked
}

func wrapIDToScan(target any) (pgtype.WrappedScanPlanNextSetter, any, bool) {
	id, matches := target.(*core.ID)
	if !matches {
		return nil, nil, false
	}
	return &scanIDPlan{}, (*scannedID)(id), true
}

type scanIDPlan struct{ next pgtype.ScanPlan }

// SetNext implements pgtype.WrappedScanPlanNextSetter.
func (p *scanIDPlan) SetNext(next pgtype.ScanPlan) { p.next = next }

// Scan implements pgtype.ScanPlan.
func (p *scanIDPlan) Scan(source []byte, target any) error {
	return p.next.Scan(source, (*scannedID)(target.(*core.ID))) //nolint:forcetypeassert // wrapIDToScan has checked
}

// optionalID gives null for the zero identifier.
func optionalID(id core.ID) *core.ID {
	if id.IsZero() {
		return nil
	}
	return &id
}

// optionalTime gives null for the zero time.
func optionalTime(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// optionalText gives null for the empty text.
func optionalText[T ~string](text T) *string {
	if text == "" {
		return nil
	}
	plain := string(text)
	return &plain
}

// present gives what the pointer leads to, or the zero value for null.
func present[T any](value *T) T {
	if value == nil {
		var zero T
		return zero
	}
	return *value
}
