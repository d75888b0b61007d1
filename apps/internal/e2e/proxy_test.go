package e2e_test

import (
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy is a network between a server and one of its peers that can be cut and frozen.
type proxy struct {
	t        *testing.T
	target   string
	listener net.Listener

	mu    sync.Mutex
	cut   bool
	thaw  chan struct{} // closed while not frozen
	conns map[net.Conn]struct{}
}

// newProxy forwards to the host of the address, and gives the address to use instead.
func newProxy(t *testing.T, address string) (*proxy, string) {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, target: parsed.Host, listener: listener, thaw: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	close(p.thaw)
	go p.accept()
	t.Cleanup(func() {
		listener.Close()
		p.sever()
		p.heal()
	})
	parsed.Host = listener.Addr().String()
	return p, parsed.String()
}

func (p *proxy) accept() {
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", p.target)
		if err != nil || !p.hold(near, far) {
			near.Close()
			if err == nil {
				far.Close()
			}
			continue
		}
		go p.pipe(near, far)
		go p.pipe(far, near)
	}
}

func (p *proxy) hold(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut {
		return false
	}
	for _, conn := range conns {
		p.conns[conn] = struct{}{}
	}
	return true
}

func (p *proxy) pipe(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		thaw := p.thaw
		p.mu.Unlock()
		<-thaw
		if _, failed := to.Write(buffer[:n]); failed != nil || err != nil {
			return
		}
	}
}

// sever closes every connection and refuses new ones, as a peer that died does.
func (p *proxy) sever() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	for conn := range p.conns {
		conn.Close()
	}
	clear(p.conns)
}

// freeze holds every byte back without closing anything, as a peer that was stopped does.
func (p *proxy) freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.thaw = make(chan struct{})
}

// heal undoes sever and freeze.
func (p *proxy) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = false
	select {
	case <-p.thaw:
	default:
		close(p.thaw)
	}
}
