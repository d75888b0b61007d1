package core_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
)

func TestNewIDFollowsRFC9562(t *testing.T) {
	t.Parallel()
	clock := coretest.NewClock()
	clock.Advance(123*time.Millisecond + 500*time.Microsecond)
	id := core.NewIDs(clock).New()
	millis := int64(0)
	for _, b := range id[:6] {
		millis = millis<<8 | int64(b)
	}
	if millis != clock.Now().UnixMilli() {
		t.Errorf("the time is %d, not %d", millis, clock.Now().UnixMilli())
	}
	if id[6]>>4 != 7 || id[8]>>6 != 0b10 {
		t.Errorf("version %d, variant %b", id[6]>>4, id[8]>>6)
	}
	if fraction := int(id[6]&0xf)<<8 | int(id[7]); fraction != 2048 {
		t.Errorf("half a millisecond is %d of 4096", fraction)
	}
}

func TestNewIDRisesWhateverTheClockDoes(t *testing.T) {
	t.Parallel()
	clock := coretest.NewClock()
	ids := core.NewIDs(clock)
	last := ids.New()
	for step := range 20_000 {
		switch step % 100 {
		case 10:
			clock.Advance(time.Microsecond)
		case 20:
			clock.Advance(-time.Hour)
		case 30:
			clock.Advance(time.Hour)
		}
		next := ids.New()
		if slices.Compare(last[:], next[:]) >= 0 || last.String() >= next.String() {
			t.Fatalf("%s comes after %s", next, last)
		}
		last = next
	}
}

func TestNewIDIsUniqueConcurrently(t *testing.T) {
	t.Parallel()
	ids := core.NewIDs(coretest.NewClock())
	const workers, each = 50, 2000
	made := make([][]core.ID, workers)
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for range each {
				made[worker] = append(made[worker], ids.New())
			}
		})
	}
	group.Wait()
	seen := make(map[core.ID]bool, workers*each)
	for _, id := range slices.Concat(made...) {
		seen[id] = true
	}
	if len(seen) != workers*each {
		t.Errorf("%d ids of %d differ", len(seen), workers*each)
	}
}

func TestParseID(t *testing.T) {
	t.Parallel()
	const text = "018f3b2c-4d5e-7f80-91a2-b3c4d5e6f708"
	id, err := core.ParseID(text)
	if err != nil || id.String() != text || id.IsZero() {
		t.Errorf("got %s, %v", id, err)
	}
	if upper, err := core.ParseID(strings.ToUpper(text)); err != nil || upper != id {
		t.Errorf("upper case: got %s, %v", upper, err)
	}
	if zero, err := core.ParseID(core.ID{}.String()); err != nil || !zero.IsZero() {
		t.Errorf("nil UUID: got %s, %v", zero, err)
	}
	for _, bad := range []string{
		"", text[1:], text + "0", strings.ReplaceAll(text, "-", ""), "{" + text + "}", "urn:uuid:" + text, " " + text[1:],
		strings.Replace(text, "f", "g", 1), strings.Replace(text, "-", "0", 1), text[:8] + text[9:13] + "--" + text[14:],
		strings.Repeat("\u00e9", 18),
	} {
		got, err := core.ParseID(bad)
		if core.AsError(err).Kind != core.KindInvalid || !got.IsZero() {
			t.Errorf("%q: got %s, %v", bad, got, err)
		}
	}
}

func TestIDAsJSON(t *testing.T) {
	t.Parallel()
	type row struct{ ID core.ID }
	want := row{core.NewIDs(coretest.NewClock()).New()}
	text, err := json.Marshal(want)
	if err != nil || string(text) != `{"ID":"`+want.ID.String()+`"}` {
		t.Fatalf("got %s, %v", text, err)
	}
	var got row
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("got %v, %v", got, err)
	}
	var invalid *core.Error
	if err := json.Unmarshal([]byte(`{"ID":"x"}`), &got); !errors.As(err, &invalid) || got != want {
		t.Errorf("got %v, %v", got, err)
	}
}

func FuzzParseID(f *testing.F) {
	for _, seed := range []string{
		"018f3b2c-4d5e-7f80-91a2-b3c4d5e6f708", "018F3B2C-4D5E-7F80-91A2-B3C4D5E6F708", "", "-", strings.Repeat("-", 36),
		strings.Repeat("0", 36), "018f3b2c-4d5e-7f80-91a2-b3c4d5e6f70\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := core.ParseID(text); err == nil && id.String() != strings.ToLower(text) {
			t.Errorf("%q means %s", text, id)
		}
	})
}

func BenchmarkNewID(b *testing.B) {
	ids := core.NewIDs(core.ClockFunc(time.Now))
	for b.Loop() {
		ids.New()
	}
}
