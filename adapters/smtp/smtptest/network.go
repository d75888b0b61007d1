package smtptest

import (
	"net"
	"sync"
)

// gate holds writes back while it is shut.
type gate struct {
	mu     sync.Mutex
	opened chan struct{} // closed while the gate is open
}

func newGate() *gate {
	g := &gate{opened: make(chan struct{})}
	close(g.opened)
	return g
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.opened:
		g.opened = make(chan struct{})
	default:
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.opened:
	default:
		close(g.opened)
	}
}

func (g *gate) wait(closed <-chan struct{}) {
	g.mu.Lock()
	opened := g.opened
	g.mu.Unlock()
	select {
	case <-opened:
	case <-closed:
	}
}

// door is a listener that knows its connections and has them write through a gate.
type door struct {
	net.Listener
	gate *gate

	mu    sync.Mutex
	conns map[*gatedConn]struct{} // nil once the door is closed
}

func newDoor(listener net.Listener, gate *gate) *door {
	return &door{Listener: listener, gate: gate, conns: map[*gatedConn]struct{}{}}
}

// Accept implements net.Listener.
func (d *door) Accept() (net.Conn, error) {
	raw, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	conn := &gatedConn{Conn: raw, door: d, closed: make(chan struct{})}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conns == nil {
		_ = raw.Close()
		return nil, net.ErrClosed
	}
	d.conns[conn] = struct{}{}
	return conn, nil
}

// Close implements net.Listener: it closes the connections too.
func (d *door) Close() error {
	d.mu.Lock()
	conns := d.conns
	d.conns = nil
	d.mu.Unlock()
	for conn := range conns {
		_ = conn.Close()
	}
	return d.Listener.Close()
}

func (d *door) forget(conn *gatedConn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.conns, conn)
}

type gatedConn struct {
	net.Conn
	door   *door
	once   sync.Once
	closed chan struct{}
}

// Write implements net.Conn.
func (c *gatedConn) Write(p []byte) (int, error) {
	c.door.gate.wait(c.closed)
	return c.Conn.Write(p)
}

// Close implements net.Conn.
func (c *gatedConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	c.door.forget(c)
	return c.Conn.Close()
}
