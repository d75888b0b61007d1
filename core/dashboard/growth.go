package dashboard

import (
	"context"
	"fmt"
	"time"
)

// Growth is how the number of accounts has grown. What was purged is not in it.
type Growth struct {
	Interval Interval
	Timezone string
	// Buckets are in their order and leave no gap; also those in which nothing happened are there.
	Buckets []Grown
	AsOf    time.Time
}

// Grown is one bucket of a Growth.
type Grown struct {
	// Date is its first day; Begins is when that begins in the growth's time zone, and Ends when the next bucket does.
	Date         Date
	Begins, Ends time.Time
	// Opened is how many accounts of those that stand were opened in it, Total how many were by its end.
	Opened, Total int64
}

// Growth gives how the number of accounts has grown. core.KindInvalid for a span that is too long or backwards, and for
// time zones that do not exist; the errors of Figures.
func (s *Service) Growth(ctx context.Context, span Span) (Growth, error) {
	now := s.deps.Clock.Now()
	span, zone, err := span.complete(now)
	if err != nil {
		return Growth{}, err
	}
	growth := Growth{Interval: span.Interval, Timezone: span.Timezone, Buckets: span.buckets(zone), AsOf: now}
	if len(growth.Buckets) == 0 {
		return growth, nil
	}
	instants := []time.Time{growth.Buckets[0].Begins}
	for _, bucket := range growth.Buckets {
		instants = append(instants, bucket.Ends)
	}
	before, err := s.deps.Figures.Before(ctx, Opened, instants)
	if err != nil {
		return Growth{}, fmt.Errorf("read accounts opened: %w", err)
	}
	for i := range growth.Buckets {
		growth.Buckets[i].Opened, growth.Buckets[i].Total = before[i+1]-before[i], before[i+1]
	}
	return growth, nil
}
