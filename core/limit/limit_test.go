package limit_test

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/core/limit"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]limit.Limit{
		"5/1m":          {Burst: 5, Period: time.Minute},
		"1/1s":          {Burst: 1, Period: time.Second},
		"1000000/24h":   {Burst: 1_000_000, Period: 24 * time.Hour},
		"3/1h30m":       {Burst: 3, Period: 90 * time.Minute},
		"200/1500ms":    {Burst: 200, Period: 1500 * time.Millisecond},
		"":              {},
		"5":             {},
		"5/":            {},
		"/1m":           {},
		"0/1m":          {},
		"-5/1m":         {},
		"+5/1m":         {},
		"5/0s":          {},
		"5/-1m":         {},
		"5/999ms":       {},
		"5/25h":         {},
		"1000001/1h":    {},
		"5/1m/1m":       {},
		"5 / 1m":        {},
		"4294967301/1m": {},
	} {
		got, err := limit.Parse(text)
		if got != want || (err == nil) != (want != limit.Limit{}) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

// FuzzParse wants every limit that is read to be written as one that reads the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"5/1m", "1000000/24h", "5/1h1m1s", "0/1m", "5/1µs", "9999999999999999999/1m", "1/0x1s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		read, err := limit.Parse(text)
		if err != nil {
			return
		}
		var again limit.Limit
		written, err := read.MarshalText()
		if err != nil || again.UnmarshalText(written) != nil || again != read {
			t.Errorf("%q was read as %v and written as %q: %v", text, read, written, err)
		}
		if read.Interval() <= 0 || read.Interval()*time.Duration(read.Burst) < read.Period {
			t.Errorf("%v gives one call each %v", read, read.Interval())
		}
	})
}

// In any history no stretch of time lets more through than a full bucket and what came back meanwhile, the
// waiting times that are told are exact, and whoever waits them passes.
func TestSpendKeepsTheLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rule := limit.Limit{
			Burst:  rapid.IntRange(1, 12).Draw(t, "burst"),
			Period: time.Duration(rapid.Int64Range(1, 100_000).Draw(t, "period")) * time.Microsecond,
		}
		interval := rule.Interval()
		var full, now time.Duration
		var passed []time.Duration
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			now += time.Duration(rapid.Int64Range(0, 3*int64(interval)).Draw(t, "pause"))
			after, verdict := rule.Spend(full, now)
			if !verdict.Allowed {
				if after != max(full, now) || verdict.RetryAfter <= 0 || verdict.RetryAfter > interval || verdict.Remaining != 0 {
					t.Fatalf("at %v of full %v: %v, %+v", now, full, after, verdict)
				}
				if _, early := rule.Spend(full, now+verdict.RetryAfter-1); early.Allowed {
					t.Fatalf("passes before the time that was told: %+v", verdict)
				}
				if _, late := rule.Spend(full, now+verdict.RetryAfter); !late.Allowed {
					t.Fatalf("does not pass at the time that was told: %+v", verdict)
				}
				continue
			}
			full, passed = after, append(passed, now)
			count := verdict.Remaining
			for rest := after; count >= 0; count-- {
				next, more := rule.Spend(rest, now)
				if more.Allowed != (count > 0) {
					t.Fatalf("%+v, but then %+v", verdict, more)
				}
				rest = next
			}
		}
		for i := range passed {
			for j := i; j < len(passed); j++ {
				if most := rule.Burst + int((passed[j]-passed[i])/interval); j-i+1 > most {
					t.Fatalf("%d calls passed in %v, want %d at the most", j-i+1, passed[j]-passed[i], most)
				}
			}
		}
	})
}

// A clock that is set back refuses nobody for longer than a period.
func TestSpendOutlivesAClockSetBack(t *testing.T) {
	t.Parallel()
	rule := limit.Limit{Burst: 5, Period: time.Minute}
	after, verdict := rule.Spend(48*time.Hour, 0)
	if verdict.Allowed || verdict.RetryAfter != 12*time.Second || verdict.Reset != time.Minute || after != time.Minute {
		t.Errorf("%v, %+v", after, verdict)
	}
}

func TestAddressKey(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"203.0.113.7":          "203.0.113.7",
		"::ffff:203.0.113.7":   "203.0.113.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::1": "2001:db8:1:2::/64",
		"2001:db8:1:3::1":      "2001:db8:1:3::/64",
		"fe80::1%eth0":         "fe80::/64",
		"::1":                  "::/64",
		"":                     "invalid IP",
	} {
		address, err := netip.ParseAddr(text)
		if err != nil && text != "" {
			t.Fatal(err)
		}
		if got := limit.AddressKey(address); got != want {
			t.Errorf("%q is counted by %q, want %q", text, got, want)
		}
	}
}

func TestTighter(t *testing.T) {
	t.Parallel()
	bucket := limit.Bucket{Name: "x"}
	roomy := limit.Verdict{Allowed: true, Bucket: bucket, Remaining: 9, Reset: time.Second}
	scarce := limit.Verdict{Allowed: true, Bucket: bucket, Remaining: 2, Reset: time.Second}
	later := limit.Verdict{Allowed: true, Bucket: bucket, Remaining: 2, Reset: time.Minute}
	soon := limit.Verdict{Bucket: bucket, RetryAfter: time.Second}
	long := limit.Verdict{Bucket: bucket, RetryAfter: time.Minute}
	order := []limit.Verdict{limit.Open(), roomy, scarce, later, soon, long}
	for i, one := range order {
		for _, other := range order[i:] {
			if one.Tighter(other) != other || other.Tighter(one) != other {
				t.Errorf("%+v is not tighter than %+v", other, one)
			}
		}
	}
}
