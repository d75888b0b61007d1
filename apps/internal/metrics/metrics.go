// Package metrics counts what a process does, in the words of Prometheus. The Meters are the observers of
// the domain and of the edge; figures that others keep (pools, queues) are read when a scrape asks.
//
// Every name begins with doorward_. Labels have few values that are known beforehand: never an id, an
// address or a path.
package metrics

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/session"
)

// namespace begins every name.
const namespace = "doorward"

// The bounds of histograms, in seconds: requests from a cached read to the deadline, announcements around
// their limit of 50 ms, hashes around the 20 ms that one of them costs, questions about leaked passwords up to their
// limit of 1 s, mails up to a day of back-off.
var (
	requestBuckets  = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 15}
	announceBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1}
	hashBuckets     = []float64{.005, .01, .02, .04, .08, .16, .32, .64, 1.28, 5}
	rangeBuckets    = []float64{.01, .025, .05, .1, .25, .5, 1}
	mailBuckets     = []float64{.1, .5, 1, 2.5, 5, 15, 60, 300, 3600, 86400}
)

// Meters count. Safe for concurrent use.
type Meters struct {
	registry *prometheus.Registry

	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	refreshes *prometheus.CounterVec
	ended     *prometheus.CounterVec
	announced *prometheus.CounterVec
	announce  prometheus.Histogram
	attempts  *prometheus.CounterVec
	mailAge   prometheus.Histogram
	hashes    *prometheus.CounterVec
	hashWait  prometheus.Histogram
	hashTime  prometheus.Histogram
	lookups   *prometheus.CounterVec
	checks    *prometheus.CounterVec
	limited   *prometheus.CounterVec
	ranges    *prometheus.CounterVec
	rangeTime prometheus.Histogram
	version   *prometheus.GaugeVec

	perRoute  sync.Map // requestMeters by requestKey
	perLookup sync.Map // prometheus.Counter by lookupKey
}

// New makes meters with the figures of the Go runtime and the process beside them. version is told as a
// label.
func New(version string) *Meters {
	m := &Meters{registry: prometheus.NewRegistry()}
	m.requests = m.counter("http_requests_total", "Requests by route template, method and class of status.", "method", "route", "status")
	m.durations = m.histogramVec("http_request_duration_seconds", "Time from a request's head to its reply.", requestBuckets, "method", "route")
	m.refreshes = m.counter("session_refreshes_total", "Refreshes by how they ended.", "result")
	m.ended = m.counter("sessions_ended_total", "Sessions ended by reason.", "reason")
	m.announced = m.counter("revocations_published_total", "Changes of sessions and users published to the caches of all replicas.", "result")
	m.announce = m.histogram("revocation_publish_seconds", "Time that publishing took.", announceBuckets)
	m.attempts = m.counter("mail_attempts_total", "Attempts to send a mail by kind and outcome.", "kind", "outcome")
	m.mailAge = m.histogram("mail_sent_age_seconds", "Age of a mail when it was sent.", mailBuckets)
	m.hashes = m.counter("password_hashes_total", "Password hashes by result.", "result")
	m.hashWait = m.histogram("password_hash_wait_seconds", "Time a hash waited for its turn.", hashBuckets)
	m.hashTime = m.histogram("password_hash_seconds", "Time a hash took.", hashBuckets)
	m.lookups = m.counter("cache_lookups_total", "Lookups of sessions and users: hits, misses, and fallbacks to the database.", "subject", "result")
	m.ranges = m.counter("password_range_lookups_total", "Questions to the service of leaked passwords by result.", "result")
	m.rangeTime = m.histogram("password_range_seconds", "Time a question to the service of leaked passwords took.", rangeBuckets)
	m.checks = m.counter("limit_checks_total", "Checks of limits: together with all replicas, or alone because Valkey was away or late.", "counted")
	m.limited = m.counter("limit_refusals_total", "Calls refused by the name of the limit.", "limit")
	m.version = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "Version of this process; the value is 1.",
	}, []string{"version"})
	m.version.WithLabelValues(version).Set(1)
	m.registry.MustRegister(m.version, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *Meters) counter(name, help string, labels ...string) *prometheus.CounterVec {
	made := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(made)
	return made
}

func (m *Meters) histogram(name, help string, buckets []float64) prometheus.Histogram {
	made := prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets})
	m.registry.MustRegister(made)
	return made
}

func (m *Meters) histogramVec(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	made := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(made)
	return made
}

// Handler serves the figures in the text format of Prometheus.
func (m *Meters) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Observe counts one request. route is a template.
func (m *Meters) Observe(method, route string, status int, took time.Duration) {
	key := requestKey{method, route, status / 100}
	known, ok := m.perRoute.Load(key)
	if !ok {
		known, _ = m.perRoute.LoadOrStore(key, requestMeters{
			count: m.requests.WithLabelValues(method, route, strconv.Itoa(status/100)+"xx"),
			time:  m.durations.WithLabelValues(method, route),
		})
	}
	meters, _ := known.(requestMeters)
	meters.count.Inc()
	meters.time.Observe(took.Seconds())
}

// requestKey names the meters of a route, of which there are as many as routes, methods and classes of status.
type requestKey struct {
	method, route string
	class         int
}

// requestMeters are kept at hand: to look them up by their labels costs more than to count.
type requestMeters struct {
	count prometheus.Counter
	time  prometheus.Observer
}

var _ session.Observer = (*Meters)(nil)

// Refreshed implements session.Observer.
func (m *Meters) Refreshed(result string) { m.refreshes.WithLabelValues(result).Inc() }

// Ended implements session.Observer.
func (m *Meters) Ended(reason session.EndReason, sessions int) {
	m.ended.WithLabelValues(string(reason)).Add(float64(sessions))
}

// Published implements session.Observer.
func (m *Meters) Published(changes int, took time.Duration, err error) {
	result := "delivered"
	if err != nil {
		result = "failed"
	}
	m.announced.WithLabelValues(result).Add(float64(changes))
	m.announce.Observe(took.Seconds())
}

var _ mail.Observer = (*Meters)(nil)

// Attempted implements mail.Observer.
func (m *Meters) Attempted(kind mail.Kind, outcome mail.Outcome, age time.Duration) {
	m.attempts.WithLabelValues(string(kind), string(outcome)).Inc()
	if outcome == mail.OutcomeSent {
		m.mailAge.Observe(age.Seconds())
	}
}

// HashDone implements password.Observer.
func (m *Meters) HashDone(waited, took time.Duration) {
	m.hashes.WithLabelValues("done").Inc()
	m.hashWait.Observe(waited.Seconds())
	m.hashTime.Observe(took.Seconds())
}

// HashRefused implements password.Observer.
func (m *Meters) HashRefused() { m.hashes.WithLabelValues("refused").Inc() }

// RangeAsked implements pwned.Observer.
func (m *Meters) RangeAsked(result string, took time.Duration) {
	m.ranges.WithLabelValues(result).Inc()
	m.rangeTime.Observe(took.Seconds())
}

// LookedUp implements valkey.Observer and inprocess.Observer.
func (m *Meters) LookedUp(subject core.Subject, result string) {
	key := lookupKey{subject, result}
	known, ok := m.perLookup.Load(key)
	if !ok {
		known, _ = m.perLookup.LoadOrStore(key, m.lookups.WithLabelValues(string(subject), result))
	}
	if counter, ok := known.(prometheus.Counter); ok {
		counter.Inc()
	}
}

// LimitChecked implements valkey.CountingObserver.
func (m *Meters) LimitChecked(shared bool) {
	counted := "alone"
	if shared {
		counted = "together"
	}
	m.checks.WithLabelValues(counted).Inc()
}

// LimitRefused counts a call that the limit of that name has refused.
func (m *Meters) LimitRefused(name string) { m.limited.WithLabelValues(name).Inc() }

// lookupKey names the counter of lookups that were answered in one way.
type lookupKey struct {
	subject core.Subject
	result  string
}
