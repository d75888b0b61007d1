package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mail"
)

// scrapeTimeout bounds what a scrape may ask of the database: a scraper must not wait behind an outage.
const scrapeTimeout = time.Second

// Gauge adds a figure that read gives when a scrape asks. read must not block.
func (m *Meters) Gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(
		prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, read))
}

// Counter adds a rising figure that read gives when a scrape asks. read must not block.
func (m *Meters) Counter(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(
		prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, read))
}

// Outbox adds the state of the outbox, which is asked once a scrape. While it cannot be had, its figures
// are left out, so that nobody takes an old one for the truth.
func (m *Meters) Outbox(outbox mail.Outbox, clock core.Clock) {
	m.registry.MustRegister(&outboxFigures{outbox: outbox, clock: clock})
}

var (
	outboxMessages = prometheus.NewDesc(namespace+"_outbox_messages", "Messages in the outbox by state.", []string{"state"}, nil)
	outboxOldest   = prometheus.NewDesc(namespace+"_outbox_oldest_due_seconds", "How long the oldest message that is due has waited.", nil, nil)
)

type outboxFigures struct {
	outbox mail.Outbox
	clock  core.Clock
}

// Describe implements prometheus.Collector.
func (*outboxFigures) Describe(to chan<- *prometheus.Desc) {
	to <- outboxMessages
	to <- outboxOldest
}

// Collect implements prometheus.Collector.
func (o *outboxFigures) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	now := o.clock.Now()
	stats, err := o.outbox.Stats(ctx, now)
	if err != nil {
		return
	}
	waited := 0.0
	if !stats.OldestDue.IsZero() {
		waited = max(0, now.Sub(stats.OldestDue).Seconds())
	}
	to <- prometheus.MustNewConstMetric(outboxMessages, prometheus.GaugeValue, float64(stats.Queued), string(mail.StateQueued))
	to <- prometheus.MustNewConstMetric(outboxMessages, prometheus.GaugeValue, float64(stats.Failed), string(mail.StateFailed))
	to <- prometheus.MustNewConstMetric(outboxOldest, prometheus.GaugeValue, waited)
}
