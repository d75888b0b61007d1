// Package valkey caches what every request looks up in a Valkey or Redis that all replicas share, so that a
// lookup costs no round trip and a revocation reaches every replica at once. docs/adr tells why it is made
// this way.
//
// Link is the connection with its heartbeat; Sessions the cache on top of it.
package valkey

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	valkeygo "github.com/valkey-io/valkey-go"

	"github.com/doorward/doorward/core"
)

const (
	// readTimeout is how long a lookup waits for Valkey before it turns to the primary.
	readTimeout = 50 * time.Millisecond
	// publishTimeout bounds a publication whose caller sets no earlier limit.
	publishTimeout = time.Second
	// connTimeout bounds dialling and greeting, and is how long a connection may be silent under a ping
	// before it is given up.
	connTimeout = time.Second
	// retryAtMost is the longest pause between two attempts to connect.
	retryAtMost = time.Second
	// maxReading, maxPublishing and maxCounting bound the commands under way. Together with those of
	// heartbeats they stay below the 1024 slots of a connection's queue, where a full queue would hold up its
	// callers for as long as a dead connection takes to be noticed.
	maxReading    = 128
	maxPublishing = 64
	maxCounting   = 256
	// bufferSize is that of each direction of a connection; entries are about 1 KiB.
	bufferSize = 64 << 10
)

var (
	errAway        = errors.New("valkey: it does not answer")
	errReplica     = errors.New("valkey: the server is a replica")
	errUnconnected = errors.New("valkey: it cannot be connected to")
	errStopped     = errors.New("valkey: stopped")
)

// notStarted is the reason of a link before its start.
const notStarted = "not started"

// Config is where Valkey is.
type Config struct {
	// URL as parseURL reads it: redis, rediss, valkey or valkeys; several hosts for
	// a cluster; master= for sentinels.
	URL string
	// Prefix keeps the keys apart from those of other deployments on the same server. It must be the same
	// for all replicas, and never changes while any runs.
	Prefix string
	// Log may be nil.
	Log *slog.Logger
}

// Link is the connection to one deployment of Valkey. It comes and goes without anybody having to wait for
// it. Make one with NewLink, and use Start and Stop as hooks of the application's life. Safe for concurrent
// use.
type Link struct {
	option  valkeygo.ClientOption
	keys    keyspace
	log     *slog.Logger
	base    time.Time
	shelves map[core.Subject]shelf

	pulse      pulse
	client     atomic.Pointer[valkeygo.Client]
	slow       atomic.Bool
	reading    chan struct{}
	publishing chan struct{}
	counting   chan struct{}

	stop context.CancelFunc
	done chan struct{}

	mu     sync.Mutex
	status Status
	// told is the reason that the log told last, and started when Start was called.
	told    string
	started time.Duration
}

// Status tells whether lookups are served from Valkey.
type Status struct {
	// Degraded means that the primary is asked instead, and that a revocation takes up to two seconds.
	Degraded bool
	// Since is when that began.
	Since time.Time
	// Reason is for people; empty when all is well.
	Reason string
}

// NewLink reads the config and connects to nothing yet. The error names what is wrong with the URL and
// never quotes it.
func NewLink(config Config) (*Link, error) {
	option, err := parseURL(config.URL)
	if err != nil {
		return nil, err
	}
	log := config.Log
	if log == nil {
		log = core.Discard()
	}
	l := &Link{
		option:     option,
		keys:       keyspace(config.Prefix),
		log:        log,
		base:       time.Now(),
		shelves:    make(map[core.Subject]shelf),
		reading:    make(chan struct{}, maxReading),
		publishing: make(chan struct{}, maxPublishing),
		counting:   make(chan struct{}, maxCounting),
		done:       make(chan struct{}),
		status:     Status{Degraded: true, Since: time.Now(), Reason: notStarted},
		told:       notStarted,
	}
	l.tune()
	return l, nil
}

// tune sets what the rule of trust hangs on. One multiplexed connection per node, so that a heartbeat to the
// node travels on the very connection that its invalidations come by; pipelining always, so that the
// connection is read at all times and not only while a command is under way; no repetitions, because the
// primary is asked sooner. Connections that are silent under a ping are closed by valkey-go.
func (l *Link) tune() {
	l.option.PipelineMultiplex = -1
	l.option.AlwaysPipelining = true
	l.option.DisableRetry = true
	l.option.NewCacheStoreFn = l.track
	l.option.ClientName = "doorward"
	l.option.Dialer.Timeout = connTimeout
	l.option.Dialer.KeepAlive = connTimeout
	l.option.Sentinel.Dialer = l.option.Dialer
	l.option.ConnWriteTimeout = connTimeout
	l.option.ReadBufferEachConn = bufferSize
	l.option.WriteBufferEachConn = bufferSize
	l.option.ClusterOption.ShardsRefreshInterval = 5 * time.Second
	l.option.Sentinel.TopologyRefreshInterval = 2 * time.Second
}

// elapsed is the link's clock: monotonic, so that setting the machine's clock prolongs no trust.
func (l *Link) elapsed() time.Duration { return time.Since(l.base) }

// shelf finds where copies of the key's subject go; nil when the key is nobody's.
func (l *Link) shelf(key string) (shelf, core.ID) {
	subject, id, ok := l.keys.subject(key)
	if !ok {
		return nil, id
	}
	return l.shelves[subject], id
}

// Start begins to connect, and to try again whenever that fails. It waits for nothing.
func (l *Link) Start(context.Context) error {
	ctx, cancel := context.WithCancel(context.Background())
	l.stop, l.started = cancel, l.elapsed()
	go l.live(ctx) //nolint:contextcheck // the start's context ends with the start
	return nil
}

// Stop ends every connection. It waits until that is done or ctx ends. Lookups go to the primary from then on.
func (l *Link) Stop(ctx context.Context) error {
	if l.stop == nil {
		return nil
	}
	l.stop()
	select {
	case <-l.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Status tells how the cache does.
func (l *Link) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

func (l *Link) live(ctx context.Context) {
	defer close(l.done)
	client := l.connect(ctx)
	if client == nil {
		return
	}
	l.client.Store(&client)
	beats := time.NewTicker(beatEvery)
	defer beats.Stop()
	l.keepBeating(ctx, client, beats.C)
	l.client.Store(nil)
	client.Close()
	l.assess(errStopped)
}

// connect tries until it has a client or ctx ends. A client mends its own connections from then on.
func (l *Link) connect(ctx context.Context) valkeygo.Client {
	pause := beatEvery
	for ctx.Err() == nil {
		client, err := valkeygo.NewClient(l.option)
		if err == nil {
			return client
		}
		l.assess(fmt.Errorf("%w: %w", errUnconnected, err))
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, retryAtMost)
	}
	return nil
}

// assess notes, and logs, a change of status after an attempt to reach Valkey that ended with err.
func (l *Link) assess(err error) {
	reason, now := reasonFor(err), l.elapsed()
	state := l.pulse.at(now)
	if state != nil && state.settled && reason != errStopped.Error() {
		reason = ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if degraded := reason != ""; degraded != l.status.Degraded {
		l.status.Degraded, l.status.Since = degraded, time.Now()
	}
	l.status.Reason = reason
	if reason == l.told || err == nil && settling(state, now-l.started) {
		return
	}
	l.told = reason
	switch reason {
	case "":
		l.log.Info("valkey is trusted, lookups are served from memory")
		return
	case errStopped.Error():
		l.log.Info("valkey is left, lookups ask the database")
		return
	}
	l.log.Warn("valkey is not trusted, lookups ask the database", "reason", reason, "error", err)
}

// startFor is how long after its start a link may take to trust a Valkey that answers without that being worth
// a word: it settles, and has a second to connect.
const startFor = settleFor + time.Second

// settling tells that nothing is amiss but that the link was started up ago and has not trusted Valkey yet.
func settling(state *beatState, up time.Duration) bool {
	return state != nil && !state.ever && up < startFor
}

// reasonFor is the kind of an error, without what varies from one attempt to the next.
func reasonFor(err error) string {
	for _, kind := range []error{errUnconnected, errAway, errReplica, errStopped} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return "valkey: it is back and not trusted yet"
}
