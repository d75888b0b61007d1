// Package figures asks databases for the sums of quarter hours and days that a series up to some instants is made of: the
// same pieces of both engines.
package figures

import (
	"encoding/json"
	"time"

	"github.com/doorward/doorward/core/dashboard"
)

// The forms of what the database counts by. They order as the times do.
const (
	quarterForm = "2006-01-02T15:04"
	dayForm     = "2006-01-02"
)

// day is a day of UTC: none of those is longer or shorter.
const day = 24 * time.Hour

// Piece is what is summed: the values of a metric from Begins up to, and without, Ends.
type Piece struct {
	Place  int    `json:"place"`
	Metric string `json:"metric"`
	Begins string `json:"begins"`
	Ends   string `json:"ends"`
}

// Plan is how a series up to some instants is summed: whole days, and for each instant the quarter hours between it and
// the nearest midnight of UTC, so that a time zone near UTC needs few of them.
type Plan struct {
	instants []time.Time
	Pieces   []Piece
	// back tells of an instant that its quarter hours are taken away, because midnight comes after it.
	back []bool
}

// New plans the sums of a series up to instants that ascend and are whole quarters of an hour.
func New(series dashboard.Series, instants []time.Time) Plan {
	plan := Plan{instants: instants}
	midnight := ""
	for _, at := range instants {
		at = at.UTC()
		nearest := at.Add(day / 2).Truncate(day)
		next := nearest.Format(dayForm)
		plan.add(string(series)+"_day", midnight, next)
		midnight = next
		begins, ends := nearest, at
		if at.Before(nearest) {
			begins, ends = at, nearest
		}
		plan.add(string(series), begins.Format(quarterForm), ends.Format(quarterForm))
		plan.back = append(plan.back, at.Before(nearest))
	}
	return plan
}

func (p *Plan) add(metric, begins, ends string) {
	p.Pieces = append(p.Pieces, Piece{Place: len(p.Pieces), Metric: metric, Begins: begins, Ends: ends})
}

// JSON writes the pieces that are not empty, as the argument of a query.
func (p Plan) JSON() string {
	asked := make([]Piece, 0, len(p.Pieces))
	for _, piece := range p.Pieces {
		if piece.Begins < piece.Ends {
			asked = append(asked, piece)
		}
	}
	text, _ := json.Marshal(asked) // texts and numbers always encode
	return string(text)
}

// Before makes of the sums, by the places of their pieces, how many there were before each instant.
func (p Plan) Before(sums map[int]int64) []int64 {
	before := make([]int64, len(p.instants))
	var days int64
	for i := range p.instants {
		days += sums[2*i]
		quarters := sums[2*i+1]
		if p.back[i] {
			quarters = -quarters
		}
		before[i] = days + quarters
	}
	return before
}

// ByMetric sorts counts by their metrics.
func ByMetric[Row any](rows []Row, read func(Row) (metric string, count dashboard.Count)) map[dashboard.Metric][]dashboard.Count {
	counts := make(map[dashboard.Metric][]dashboard.Count)
	for _, row := range rows {
		metric, count := read(row)
		counts[dashboard.Metric(metric)] = append(counts[dashboard.Metric(metric)], count)
	}
	return counts
}
