package figures_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/adapters/internal/figures"
	"github.com/doorward/doorward/core/dashboard"
)

func at(text string) time.Time {
	at, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		panic(err)
	}
	return at
}

// TestPieces are whole days up to the nearest midnight, and the quarter hours between it and the instant.
func TestPieces(t *testing.T) {
	t.Parallel()
	plan := figures.New(dashboard.Opened, []time.Time{
		at("2026-03-01T22:00"), at("2026-03-02T00:00"), at("2026-03-03T11:45"), at("2026-03-03T12:00"),
	})
	want := []figures.Piece{
		{0, "created_day", "", "2026-03-02"},
		{1, "created", "2026-03-01T22:00", "2026-03-02T00:00"},
		{4, "created_day", "2026-03-02", "2026-03-03"},
		{5, "created", "2026-03-03T00:00", "2026-03-03T11:45"},
		{6, "created_day", "2026-03-03", "2026-03-04"},
		{7, "created", "2026-03-03T12:00", "2026-03-04T00:00"},
	}
	var got []figures.Piece
	if err := json.Unmarshal([]byte(plan.JSON()), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	before := plan.Before(map[int]int64{0: 100, 1: 8, 4: 10, 5: 3, 6: 20, 7: 5})
	if diff := cmp.Diff([]int64{92, 100, 113, 125}, before); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
}

// TestPlansAddUp sums the pieces of any instants over any happenings, as a database does, and counts these one by one.
func TestPlansAddUp(t *testing.T) {
	t.Parallel()
	epoch := at("2026-03-01T00:00")
	rapid.Check(t, func(t *rapid.T) {
		quarter := func(label string) time.Time {
			return epoch.Add(time.Duration(rapid.IntRange(-300, 300).Draw(t, label)) * dashboard.Quarter)
		}
		var instants, happened []time.Time
		instant := quarter("first")
		for range rapid.IntRange(0, 6).Draw(t, "instants") {
			instants = append(instants, instant)
			instant = instant.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "step")) * dashboard.Quarter)
		}
		for range rapid.IntRange(0, 30).Draw(t, "happened") {
			happened = append(happened, quarter("happening"))
		}
		plan := figures.New(dashboard.SignIns, instants)
		sums := map[int]int64{}
		for _, piece := range plan.Pieces {
			for _, when := range happened {
				value := when.Format("2006-01-02T15:04")
				if piece.Metric == "sign_in_day" {
					value = when.Format(time.DateOnly)
				}
				if value >= piece.Begins && value < piece.Ends {
					sums[piece.Place]++
				}
			}
		}
		for i, got := range plan.Before(sums) {
			var want int64
			for _, when := range happened {
				if when.Before(instants[i]) {
					want++
				}
			}
			if got != want {
				t.Fatalf("%d before %v, want %d", got, instants[i], want)
			}
		}
	})
}
