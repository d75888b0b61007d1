package valkeytest

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy stands between a client and a server and fails as networks and stopped processes do. Safe for
// concurrent use.
type Proxy struct {
	target   string
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex
	change sync.Cond
	open   map[net.Conn]struct{}
	frozen bool
	cut    bool
	closed bool
	delay  time.Duration
}

// NewProxy makes a proxy in front of the address, on a port of its own. It ends with the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{target: target, listener: listener, open: make(map[net.Conn]struct{})}
	p.change.L = &p.mu
	p.running.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// URL leads to the server through the proxy.
func (p *Proxy) URL() string { return "redis://" + p.listener.Addr().String() }

// Freeze stops forwarding, in both directions, without closing anything: to clients it looks as if the
// server had been sent SIGSTOP.
func (p *Proxy) Freeze() { p.set(func() { p.frozen = true }) }

// Thaw forwards again, what was held up first.
func (p *Proxy) Thaw() { p.set(func() { p.frozen = false }) }

// Cut breaks every connection, and new ones as soon as they are made.
func (p *Proxy) Cut() { p.set(func() { p.cut = true; p.breakAll() }) }

// Mend lets connections be made again.
func (p *Proxy) Mend() { p.set(func() { p.cut = false }) }

// Delay holds up whatever is forwarded from now on, in each direction.
func (p *Proxy) Delay(by time.Duration) { p.set(func() { p.delay = by }) }

// Connections is how many clients are connected.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open) / 2
}

func (p *Proxy) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	p.change.Broadcast()
}

func (p *Proxy) breakAll() {
	for conn := range p.open {
		_ = conn.Close()
	}
	clear(p.open)
}

func (p *Proxy) close() {
	_ = p.listener.Close()
	p.set(func() { p.closed = true; p.breakAll() })
	p.running.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			p.running.Go(func() { p.serve(client) })
		}
	}
}

// register reports whether the connections may live, and closes them when they may not.
func (p *Proxy) register(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	refuse := p.cut || p.closed
	for _, conn := range conns {
		if refuse {
			_ = conn.Close()
		} else {
			p.open[conn] = struct{}{}
		}
	}
	return !refuse
}

func (p *Proxy) serve(client net.Conn) {
	var dialer net.Dialer
	server, err := dialer.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	if !p.register(client, server) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.forward(server, client) })
	both.Go(func() { p.forward(client, server) })
	both.Wait()
	_, _ = client.Close(), server.Close()
	p.set(func() { delete(p.open, client); delete(p.open, server) })
}

// forward passes on what one end sends, and then that it has ended. The ends are read at all times: a process
// that is stopped still has a kernel that takes what is sent to it, and it finds all of that when it goes on,
// also from those who have left.
func (p *Proxy) forward(to, from net.Conn) {
	sent := make(chan []byte, 1<<16)
	p.running.Go(func() {
		defer close(sent)
		for {
			buffer := make([]byte, 4<<10)
			n, err := from.Read(buffer)
			if n > 0 {
				sent <- buffer[:n]
			}
			if err != nil {
				return
			}
		}
	})
	for part := range sent {
		if p.pass() {
			_, _ = to.Write(part) // an end that has left misses nothing
		}
	}
	if half, ok := to.(*net.TCPConn); ok && p.pass() {
		_ = half.CloseWrite()
	}
}

// pass waits as long as the proxy is frozen, and then for the delay.
func (p *Proxy) pass() bool {
	p.mu.Lock()
	for p.frozen && !p.closed {
		p.change.Wait()
	}
	delay, closed := p.delay, p.closed
	p.mu.Unlock()
	if delay > 0 && !closed {
		<-time.After(delay)
	}
	return !closed
}
