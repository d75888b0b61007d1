package dashboard

import (
	"cmp"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// Interval is how long the buckets of a growth are, in the calendar of its time zone.
type Interval string

// The intervals.
const (
	Daily Interval = "day"
	// Weekly buckets begin on Mondays (ISO 8601).
	Weekly  Interval = "week"
	Monthly Interval = "month"
)

// The bounds of a span: of what a reply lists, and of what the database reads for it.
const (
	// DaysMax is how many days a daily growth has at the most: a leap year.
	DaysMax = 366
	// SpanMax is how many days any other has: three years, one of them a leap year.
	SpanMax = 3*365 + 1

	// Nobody had an account here before yearMin, from when on offsets are whole quarters of an hour but for one, and RFC
	// 3339 writes no year beyond 9999.
	yearMin, yearMax = 1970, 9998
)

// Date is a day of the calendar.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day of t in t's location.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

// plus is the date so many months and days later, which may be fewer than none.
func (d Date) plus(months, days int) Date {
	return DateOf(time.Date(d.Year, d.Month+time.Month(months), d.Day+days, 0, 0, 0, 0, time.UTC))
}

func (d Date) utc() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// days counts the days from d to the other.
func (d Date) days(to Date) int { return int(to.utc().Sub(d.utc()) / (24 * time.Hour)) }

// In gives the first instant of the day in the zone. A day begins at midnight, at the first of two where clocks are put
// back over it, and where they are put forward over it when they are. Of a day that a zone has left out the first instant
// is that of the next.
func (d Date) In(zone *time.Location) time.Time {
	at := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
	begins, ends := at.ZoneBounds()
	switch {
	case DateOf(at) == d && at.Hour() == 0 && at.Minute() == 0:
		return firstOfTwo(at, begins)
	case DateOf(at).utc().Before(d.utc()): // the clock's reading before the gap
		return ends
	default:
		return begins
	}
}

// firstOfTwo gives the earlier instant at which the clocks of at's zone show what they show at at.
func firstOfTwo(at, begins time.Time) time.Time {
	if begins.IsZero() {
		return at
	}
	_, offset := at.Zone()
	_, before := begins.Add(-1).Zone()
	earlier := at.Add(time.Duration(offset-before) * time.Second)
	if before > offset && earlier.Before(begins) {
		return earlier
	}
	return at
}

// begin is the first day of the bucket that d is in.
func (i Interval) begin(d Date) Date {
	switch i {
	case Weekly:
		sinceMonday := (int(d.utc().Weekday()) + 6) % 7
		return d.plus(0, -sinceMonday)
	case Monthly:
		return Date{d.Year, d.Month, 1}
	case Daily:
	}
	return d
}

// next is the first day of the bucket behind the one that begins on d.
func (i Interval) next(d Date) Date {
	switch i {
	case Weekly:
		return d.plus(0, 7)
	case Monthly:
		return d.plus(1, 0)
	case Daily:
	}
	return d.plus(0, 1)
}

// back is where a growth up to d begins when nothing is said: 30 days, 12 weeks or 12 months.
func (i Interval) back(d Date) Date {
	switch i {
	case Weekly:
		return d.plus(0, -11*7)
	case Monthly:
		return Date{d.Year, d.Month, 1}.plus(-11, 0)
	case Daily:
	}
	return d.plus(0, -29)
}

// Span is what a growth is asked for. All may be zero.
type Span struct {
	// Interval is Daily where empty.
	Interval Interval
	// Timezone is a name of the IANA time zone database; UTC where empty.
	Timezone string
	// From and To are the first and the last day, each with all of the bucket that it is in. To is today where zero,
	// From so long before that there are 30 days, 12 weeks or 12 months.
	From, To Date
}

var errSpan = core.InvalidField("from", core.CodeOutOfRange,
	"There are 366 days at the most, or weeks and months of three years, and the last is not before the first.")

// complete puts in what was not said. core.KindInvalid at timezone or from.
func (s Span) complete(now time.Time) (Span, *time.Location, error) {
	s.Interval, s.Timezone = cmp.Or(s.Interval, Daily), cmp.Or(s.Timezone, time.UTC.String())
	zone, err := account.Timezone(s.Timezone)
	if err != nil {
		refusal := core.AsError(err)
		return Span{}, nil, core.InvalidField("timezone", refusal.Code, refusal.Message)
	}
	s.To = cmp.Or(s.To, DateOf(now.In(zone)))
	s.From = cmp.Or(s.From, s.Interval.back(s.To))
	days := s.From.days(s.To) + 1
	if days < 1 || days > SpanMax || s.Interval == Daily && days > DaysMax || s.From.Year < yearMin || s.To.Year > yearMax {
		return Span{}, nil, errSpan
	}
	return s, zone, nil
}

// buckets divides a complete span.
func (s Span) buckets(zone *time.Location) (all []Grown) {
	for day := s.Interval.begin(s.From); !s.To.utc().Before(day.utc()); day = s.Interval.next(day) {
		begins, ends := day.In(zone).Truncate(Quarter), s.Interval.next(day).In(zone).Truncate(Quarter)
		if begins.Before(ends) { // else it is a day that the zone has left out
			all = append(all, Grown{Date: day, Begins: begins.UTC(), Ends: ends.UTC()})
		}
	}
	return all
}
