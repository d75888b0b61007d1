package smtp

import (
	"slices"
	"sync"
	"time"

	"github.com/doorward/doorward/core/mail"
)

// The bounds of what is kept.
const (
	// maxIdle is as many as a courier uses at once.
	maxIdle = mail.Workers
	// idleFor is below the shortest idle time-outs that servers are seen with; RFC 5321 §4.5.3.2.7 asks
	// them for five minutes.
	idleFor = 10 * time.Second
	// maxMessages is below the hundred after which large providers end a session.
	maxMessages = 50
)

// pool keeps connections that are not in use. The zero value is empty and ready.
type pool struct {
	mu     sync.Mutex
	idle   []*conn
	closed bool
}

// take gives the connection that was put back last, nil when there is none.
func (p *pool) take() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	c := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	c.expiry.Stop()
	return c
}

// put keeps the connection for idleFor, or ends it where it is worn out or one too many.
func (p *pool) put(c *conn) {
	p.mu.Lock()
	keep := !p.closed && len(p.idle) < maxIdle && c.sent < maxMessages
	if keep {
		p.idle = append(p.idle, c)
		c.expiry = time.AfterFunc(idleFor, func() { p.drop(c) })
	}
	p.mu.Unlock()
	if !keep {
		c.quit()
	}
}

// drop ends the connection unless somebody has taken it meanwhile.
func (p *pool) drop(c *conn) {
	p.mu.Lock()
	at := slices.Index(p.idle, c)
	if at >= 0 {
		p.idle = slices.Delete(p.idle, at, at+1)
	}
	p.mu.Unlock()
	if at >= 0 {
		c.quit()
	}
}

// close ends all that are kept, and from now on whatever is put back.
func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, c := range idle {
		c.expiry.Stop()
		c.quit()
	}
}
