package dashboard_test

import (
	"context"
	"testing"
	"time"
	_ "time/tzdata" // the zones of these tests, whatever the machine has

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/dashboard"
)

func day(year int, month time.Month, day int) dashboard.Date {
	return dashboard.Date{Year: year, Month: month, Day: day}
}

func zone(t interface{ Fatal(args ...any) }, name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestDaysBegin holds the begin of days against what the clocks of their zones did.
func TestDaysBegin(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		zone string
		day  dashboard.Date
		want string
	}{
		{"UTC", day(2026, 3, 1), "2026-03-01T00:00:00Z"},
		{"Europe/Berlin", day(2026, 3, 29), "2026-03-28T23:00:00Z"}, // of 23 hours
		{"Europe/Berlin", day(2026, 3, 30), "2026-03-29T22:00:00Z"},
		{"Europe/Berlin", day(2026, 10, 25), "2026-10-24T22:00:00Z"}, // of 25 hours
		{"Europe/Berlin", day(2026, 10, 26), "2026-10-25T23:00:00Z"},
		{"Asia/Kathmandu", day(2026, 1, 1), "2025-12-31T18:15:00Z"},
		{"Pacific/Chatham", day(2026, 1, 1), "2025-12-31T10:15:00Z"},
		{"Pacific/Kiritimati", day(2026, 1, 1), "2025-12-31T10:00:00Z"},
		// Clocks went from 24:00 to 1:00: there was no midnight.
		{"America/Sao_Paulo", day(2018, 11, 4), "2018-11-04T03:00:00Z"},
		{"Asia/Beirut", day(2022, 3, 27), "2022-03-26T22:00:00Z"},
		// Clocks went from 1:00 back to 0:00: there were two midnights.
		{"America/Havana", day(2025, 11, 2), "2025-11-02T04:00:00Z"},
		{"America/Havana", day(2025, 11, 3), "2025-11-03T05:00:00Z"},
		// Clocks went from 24:00 back to 23:00: midnight came once, an hour later.
		{"America/Sao_Paulo", day(2018, 2, 18), "2018-02-18T03:00:00Z"},
		// Samoa left a day out.
		{"Pacific/Apia", day(2011, 12, 29), "2011-12-29T10:00:00Z"},
		{"Pacific/Apia", day(2011, 12, 30), "2011-12-30T10:00:00Z"},
		{"Pacific/Apia", day(2011, 12, 31), "2011-12-30T10:00:00Z"},
	} {
		if got := test.day.In(zone(t, test.zone)).UTC().Format(time.RFC3339); got != test.want {
			t.Errorf("%v in %s begins at %s, want %s", test.day, test.zone, got, test.want)
		}
	}
}

// TestDaysBeginOnce holds every begin of a day against the clock itself: just before it, the zone's clock shows an earlier
// day, and then this one, unless the zone has left it out.
func TestDaysBeginOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone := zone(t, rapid.SampledFrom([]string{
			"UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/Havana", "Asia/Beirut", "Asia/Kolkata",
			"Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia", "Africa/Cairo", "Asia/Tehran",
		}).Draw(t, "zone"))
		wanted := dashboard.DateOf(time.Date(1990, 1, rapid.IntRange(1, 16_000).Draw(t, "day"), 0, 0, 0, 0, time.UTC))
		begins := wanted.In(zone)
		if begins.Truncate(dashboard.Quarter) != begins {
			t.Errorf("%v begins at %v, which is no quarter of an hour", wanted, begins)
		}
		shown, before := dashboard.DateOf(begins.In(zone)), dashboard.DateOf(begins.Add(-1).In(zone))
		switch {
		case shown != wanted && shown != day(2011, 12, 31):
			t.Errorf("%v begins at %v, when it is %v", wanted, begins, shown)
		case before == shown:
			t.Errorf("%v begins at %v, when it had begun already", wanted, begins)
		}
	})
}

// empty are figures of a deployment without accounts.
type empty struct{ dashboard.Figures }

func (empty) Before(_ context.Context, _ dashboard.Series, instants []time.Time) ([]int64, error) {
	return make([]int64, len(instants)), nil
}

func growth(t interface{ Context() context.Context }, span dashboard.Span) (dashboard.Growth, error) {
	clock := coretest.NewClock()
	return dashboard.NewService(dashboard.Deps{Figures: empty{}, Clock: clock}).Growth(t.Context(), span)
}

func TestSpans(t *testing.T) {
	t.Parallel()
	today := dashboard.DateOf(coretest.Epoch)
	for name, test := range map[string]struct {
		span        dashboard.Span
		count       int
		first, last string
	}{
		"nothing said": {dashboard.Span{}, 30, coretest.Epoch.AddDate(0, 0, -29).Format(time.DateOnly), coretest.Epoch.Format(time.DateOnly)},
		"weeks": {
			dashboard.Span{Interval: dashboard.Weekly, From: day(2026, 1, 1), To: day(2026, 1, 12)}, 3, "2025-12-29", "2026-01-12",
		},
		"weeks nobody said": {dashboard.Span{Interval: dashboard.Weekly, To: day(2026, 3, 1)}, 12, "2025-12-08", "2026-02-23"},
		"months":            {dashboard.Span{Interval: dashboard.Monthly, From: day(2024, 1, 31), To: day(2024, 3, 1)}, 3, "2024-01-01", "2024-03-01"},
		"months nobody said": {
			dashboard.Span{Interval: dashboard.Monthly, To: day(2026, 3, 31)}, 12, "2025-04-01", "2026-03-01",
		},
		"a leap year": {dashboard.Span{From: day(2024, 1, 1), To: day(2024, 12, 31)}, 366, "2024-01-01", "2024-12-31"},
		"three years": {
			dashboard.Span{Interval: dashboard.Weekly, From: day(2024, 1, 1), To: day(2026, 12, 31)}, 157, "2024-01-01", "2026-12-28",
		},
		"one day": {dashboard.Span{From: today, To: today}, 1, coretest.Epoch.Format(time.DateOnly), coretest.Epoch.Format(time.DateOnly)},
		"a day left out": {
			dashboard.Span{Timezone: "Pacific/Apia", From: day(2011, 12, 29), To: day(2011, 12, 31)}, 2, "2011-12-29", "2011-12-31",
		},
		"only a day left out": {
			dashboard.Span{Timezone: "Pacific/Apia", From: day(2011, 12, 30), To: day(2011, 12, 30)}, 0, "", "",
		},
	} {
		grown, err := growth(t, test.span)
		if err != nil || len(grown.Buckets) != test.count {
			t.Errorf("%s: %d buckets, want %d; %v", name, len(grown.Buckets), test.count, err)
			continue
		}
		for i := range grown.Buckets[:max(0, len(grown.Buckets)-1)] {
			if !grown.Buckets[i].Ends.Equal(grown.Buckets[i+1].Begins) {
				t.Errorf("%s: a gap behind %v", name, grown.Buckets[i])
			}
		}
		if test.count == 0 {
			continue
		}
		first, last := text(grown.Buckets[0].Date), text(grown.Buckets[test.count-1].Date)
		if first != test.first || last != test.last {
			t.Errorf("%s: from %s to %s, want from %s to %s", name, first, last, test.first, test.last)
		}
	}
}

func text(date dashboard.Date) string { return date.In(time.UTC).Format(time.DateOnly) }

func TestSpansThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		span dashboard.Span
		want string
	}{
		"backwards":       {dashboard.Span{From: day(2026, 1, 2), To: day(2026, 1, 1)}, "from:out_of_range"},
		"too many days":   {dashboard.Span{From: day(2025, 1, 1), To: day(2026, 1, 2)}, "from:out_of_range"},
		"too many weeks":  {dashboard.Span{Interval: dashboard.Weekly, From: day(2023, 1, 1), To: day(2026, 1, 1)}, "from:out_of_range"},
		"too many months": {dashboard.Span{Interval: dashboard.Monthly, From: day(1900, 1, 1), To: day(2026, 1, 1)}, "from:out_of_range"},
		"too early":       {dashboard.Span{From: day(1969, 12, 31), To: day(1970, 1, 1)}, "from:out_of_range"},
		"too late":        {dashboard.Span{From: day(9999, 1, 1), To: day(9999, 1, 1)}, "from:out_of_range"},
		"from the future": {dashboard.Span{From: day(2100, 1, 1)}, "from:out_of_range"},
		"no time zone":    {dashboard.Span{Timezone: "Mars/Olympus"}, "timezone:unknown_value"},
		"local":           {dashboard.Span{Timezone: "Local"}, "timezone:unknown_value"},
	} {
		_, err := growth(t, test.span)
		refusal := core.AsError(err)
		if refusal.Kind != core.KindInvalid || len(refusal.Fields) != 1 ||
			refusal.Fields[0].Field+":"+string(refusal.Fields[0].Code) != test.want {
			t.Errorf("%s: %v %s", name, err, cmp.Diff(nil, refusal.Fields))
		}
	}
}
