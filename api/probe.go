package api

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/doorward/doorward/core"
)

// State is how a part, or the server as a whole, is.
type State string

// The states, from good to bad.
const (
	StateOK       State = "ok"
	StateDegraded State = "degraded"
	StateDown     State = "down"
)

// Probe looks at one part of the server.
type Probe struct {
	// Name is db, cache, mail or storage.
	Name string
	// Critical says that the server cannot do its work without the part.
	Critical bool
	// Check returns nil when the part is well. It is given a second. Facts are figures for operators.
	Check func(ctx context.Context) (facts map[string]float64, err error)
}

// Finding is what a probe saw.
type Finding struct {
	Name     string
	State    State
	Critical bool
	Latency  time.Duration
	At       time.Time
	// Err is for operators only.
	Err   error
	Facts map[string]float64
}

const (
	// probeTimeout is how long a part may take to answer before it counts as away.
	probeTimeout = time.Second
	// probeEvery is how long a finding is used again, so that callers cannot make the server look often.
	probeEvery = time.Second
)

// Health knows how the server is. Safe for concurrent use.
type Health struct {
	probes   []Probe
	clock    core.Clock
	draining atomic.Bool

	mu       sync.Mutex
	findings []Finding
	at       time.Time
}

// NewHealth makes a Health of the probes.
func NewHealth(clock core.Clock, probes ...Probe) *Health {
	return &Health{probes: probes, clock: clock}
}

// Drain makes the server ask to be left alone: readiness fails and connections are closed after their
// request, while requests are still answered.
func (h *Health) Drain() { h.draining.Store(true) }

// Draining reports whether Drain was called.
func (h *Health) Draining() bool { return h.draining.Load() }

// Findings looks at all parts at once, or gives what was seen less than a second ago. Callers that come
// while somebody looks wait for the same findings.
func (h *Health) Findings(ctx context.Context) []Finding {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.clock.Now()
	if age := now.Sub(h.at); h.findings != nil && age >= 0 && age < probeEvery {
		return h.findings
	}
	found := make([]Finding, len(h.probes))
	var looking sync.WaitGroup
	for i, probe := range h.probes {
		looking.Go(func() { found[i] = h.look(ctx, probe) })
	}
	looking.Wait()
	h.findings, h.at = found, now
	return found
}

// look runs one probe apart from the request that asked: a caller that gives up must not make a part look
// ill to the next one.
func (h *Health) look(ctx context.Context, probe Probe) Finding {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	started := time.Now()
	facts, err := probe.Check(ctx)
	found := Finding{
		Name: probe.Name, State: StateOK, Critical: probe.Critical, Latency: time.Since(started),
		At: h.clock.Now(), Err: err, Facts: facts,
	}
	if err != nil {
		found.State = StateDown
	}
	return found
}

// Overall is the state of the whole: down when a critical part is, degraded when another is.
func Overall(findings []Finding) State {
	overall := StateOK
	for _, found := range findings {
		switch {
		case found.State == StateOK:
		case found.State == StateDown && found.Critical:
			return StateDown
		default:
			overall = StateDegraded
		}
	}
	return overall
}
