package sqltype_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/sqltype"
)

func TestReadsWhatItWrites(t *testing.T) {
	t.Parallel()
	id, at := sqltype.ID{1, 2, 15: 3}, sqltype.Time(time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("x", 3600)))
	var idBack sqltype.ID
	var atBack sqltype.Time
	idValue, _ := id.Value()
	atValue, _ := at.Value()
	if err := idBack.Scan(idValue); err != nil || idBack != id {
		t.Errorf("got %v, %v", idBack, err)
	}
	if err := atBack.Scan(atValue); err != nil || time.Time(atBack) != time.Date(2026, 3, 1, 11, 0, 0, 123456000, time.UTC) {
		t.Errorf("got %v, %v", time.Time(atBack), err)
	}
}

func TestRefusesOtherTypes(t *testing.T) {
	t.Parallel()
	var id sqltype.ID
	var at sqltype.Time
	for _, source := range []any{nil, "text", int64(1), []byte("short")} {
		if err := id.Scan(source); err == nil {
			t.Errorf("%v became an identifier", source)
		}
	}
	for _, source := range []any{nil, "2026-03-01", []byte("x"), 1.5} {
		if err := at.Scan(source); err == nil {
			t.Errorf("%v became a time", source)
		}
	}
}
