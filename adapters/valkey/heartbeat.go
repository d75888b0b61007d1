package valkey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	valkeygo "github.com/valkey-io/valkey-go"
)

// heart sends heartbeats to every server that a client knows. For one goroutine.
type heart struct {
	client  valkeygo.Client
	elapsed func() time.Duration
	// replicas are the servers that called themselves so when they last answered.
	replicas map[string]bool
	// primaries are those of the last heartbeat, in order.
	primaries []string
}

// said is one server's answer to a heartbeat.
type said struct {
	node    string
	replica bool
	// ahead is the server's Unix time less our monotonic time.
	ahead time.Duration
	err   error
}

// keepBeating sends heartbeats until ctx ends.
func (l *Link) keepBeating(ctx context.Context, client valkeygo.Client, next <-chan time.Time) {
	own := heart{client: client, elapsed: l.elapsed, replicas: make(map[string]bool)}
	for ctx.Err() == nil {
		began := l.elapsed()
		ahead, moved, err := own.beat(ctx)
		if err == nil {
			l.slow.Store(false)
			l.pulse.beat(began, l.elapsed(), ahead, moved)
		}
		l.assess(err)
		select {
		case <-ctx.Done():
		case <-next:
		}
	}
}

// beat asks every server for its time and role, each on its tracking connection, and gives the earliest of
// their times and whether they are others than before. All primaries have to answer. Replicas of a cluster
// hold no copies of ours: they are waited for as long as a GET would wait, because one that has been promoted
// says so here, and one that cannot answer by then has no GET answered either.
func (h *heart) beat(ctx context.Context) (ahead time.Duration, moved bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	nodes := h.client.Nodes()
	saying := make(chan said, len(nodes))
	for name, node := range nodes {
		go func() { saying <- ask(ctx, name, node, h.elapsed) }()
	}
	heard, err := h.listen(ctx, nodes, saying)
	if err != nil {
		return 0, false, err
	}
	return h.conclude(heard)
}

// listen waits for the primaries, and then a moment for the replicas.
func (h *heart) listen(ctx context.Context, nodes map[string]valkeygo.Client, saying <-chan said) ([]said, error) {
	heard := make([]said, 0, len(nodes))
	primaries := 0
	for name := range nodes {
		if !h.replicas[name] {
			primaries++
		}
	}
	var grace <-chan time.Time
	for len(heard) < len(nodes) {
		if primaries == 0 && grace == nil {
			grace = time.After(readTimeout)
		}
		select {
		case one := <-saying:
			heard = append(heard, one)
			if !h.replicas[one.node] {
				primaries--
			}
		case <-grace:
			return heard, nil
		case <-ctx.Done():
			return nil, errAway
		}
	}
	return heard, nil
}

func (h *heart) conclude(heard []said) (ahead time.Duration, moved bool, err error) {
	var primaries []string
	for _, one := range heard {
		if one.err != nil && !h.replicas[one.node] {
			return 0, false, one.err
		}
		if one.err != nil {
			continue
		}
		h.replicas[one.node] = one.replica
		if one.replica {
			continue
		}
		if len(primaries) == 0 || one.ahead < ahead {
			ahead = one.ahead
		}
		primaries = append(primaries, one.node)
	}
	if len(primaries) == 0 {
		return 0, false, errReplica
	}
	slices.Sort(primaries)
	moved = h.primaries != nil && !slices.Equal(h.primaries, primaries)
	h.primaries = primaries
	return ahead, moved, nil
}

var errTime = errors.New("the server's time is malformed")

// ask sends one server TIME and ROLE. A server that does not tell us its role is taken for a primary.
func ask(ctx context.Context, name string, node valkeygo.Client, elapsed func() time.Duration) said {
	replies := node.DoMulti(ctx, node.B().Time().Build(), node.B().Role().Build())
	clock, err := replies[0].AsIntSlice()
	if err == nil && len(clock) != 2 {
		err = errTime
	}
	if err != nil {
		return said{node: name, err: fmt.Errorf("%w: %w", errAway, err)}
	}
	unix := time.Duration(clock[0])*time.Second + time.Duration(clock[1])*time.Microsecond
	one := said{node: name, ahead: unix - elapsed()}
	if role, err := replies[1].ToArray(); err == nil && len(role) > 0 {
		kind, err := role[0].ToString()
		one.replica = err == nil && kind != "master"
	}
	return one
}
