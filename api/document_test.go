package api_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
)

// filling is what all members of a value are filled with.
type filling struct {
	text   string
	texts  []string
	null   bool
	number int64
	at     time.Time
}

var fillings = map[string]filling{
	"nothing": {null: true, texts: []string{}},
	"plain":   {text: "Ada Lovelace", texts: []string{"pwd"}, number: 900, at: time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)},
	"odd": {
		text: "\"<é\u2028\xff\\&\x00>", texts: []string{"", "\t", "ü"}, number: -1 << 63,
		at: time.Date(9999, 12, 31, 23, 59, 59, 120_000, time.UTC),
	},
}

// TestWrittenReplies holds what is written by hand to what encoding/json makes of the contract's types: a member
// that is added to the contract and not to the reply fails here.
func TestWrittenReplies(t *testing.T) {
	t.Parallel()
	for name, with := range fillings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var me oapi.Me
			with.fill(t, reflect.ValueOf(&me).Elem())
			sameJSON(t, api.WriteMe(me), me)

			var entry oapi.SignedIn
			with.fill(t, reflect.ValueOf(&entry).Elem())
			sameJSON(t, api.WriteSignedIn(entry), entry)
		})
	}
}

func sameJSON(t *testing.T, written []byte, value any) {
	t.Helper()
	want, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, want) {
		t.Errorf("written\n%s\nwhere encoding/json writes\n%s", written, want)
	}
}

func (f filling) fill(t *testing.T, into reflect.Value) {
	t.Helper()
	switch member := into.Addr().Interface().(type) {
	case *core.ID:
		copy(member[:], f.text+"0123456789abcdef")
	case *time.Time:
		*member = f.at
	case *nullable.Nullable[string]:
		if *member = nullable.NewNullNullable[string](); !f.null {
			member.Set(f.text)
		}
	case *nullable.Nullable[time.Time]:
		if *member = nullable.NewNullNullable[time.Time](); !f.null {
			member.Set(f.at)
		}
	case *nullable.Nullable[core.ID]:
		if *member = nullable.NewNullNullable[core.ID](); !f.null {
			member.Set(core.ID{15: 7})
		}
	case *nullable.Nullable[oapi.Session]:
		if *member = nullable.NewNullNullable[oapi.Session](); !f.null {
			var held oapi.Session
			f.fill(t, reflect.ValueOf(&held).Elem())
			member.Set(held)
		}
	case *[]string:
		*member = f.texts
	default:
		f.fillPlain(t, into)
	}
}

func (f filling) fillPlain(t *testing.T, into reflect.Value) {
	t.Helper()
	switch into.Kind() {
	case reflect.Struct:
		for i := range into.NumField() {
			f.fill(t, into.Field(i))
		}
	case reflect.String:
		into.SetString(f.text)
	case reflect.Bool:
		into.SetBool(f.number != 0)
	case reflect.Int64:
		into.SetInt(f.number)
	default:
		t.Fatalf("a member of type %s is not filled", into.Type())
	}
}

// FuzzWrittenText writes any text as encoding/json does.
func FuzzWrittenText(f *testing.F) {
	for _, seed := range []string{"", "Ada", `"\`, "</script>&", "\x00\x7f\n", "é\u2028\xff", "🙂"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { sameJSON(t, api.WriteText(text), text) })
}
