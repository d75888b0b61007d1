package seed

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/session"
)

// ErrCrowded is returned when there are more sessions than the users may have.
var ErrCrowded = errors.New("seed: more sessions than the users of this population may have at once")

// AllSessions gives the sessions: live ones, of active users with a proven address, a few users having
// many of them. The error ends the sequence.
func (p Population) AllSessions() iter.Seq2[session.Session, error] {
	return func(yield func(session.Session, error) bool) {
		owners := p.owners()
		if p.Sessions > len(owners)*p.SessionLimit {
			yield(session.Session{}, fmt.Errorf("%w: %d users, %d sessions each", ErrCrowded, len(owners), p.SessionLimit))
			return
		}
		held := make([]int, len(owners))
		for i := range p.Sessions {
			dice := p.dice(streamSessions, i)
			at := skewed(dice, len(owners))
			for held[at] >= p.SessionLimit {
				at = (at + 1) % len(owners)
			}
			held[at]++
			if !yield(p.session(owners[at], dice), nil) {
				return
			}
		}
	}
}

// owners are the users who may have sessions.
func (p Population) owners() []core.ID {
	owners := make([]core.ID, 0, p.Users)
	for user, err := range p.AllUsers() {
		if err == nil && user.Status == account.StatusActive && user.EmailVerified {
			owners = append(owners, user.ID)
		}
	}
	return owners
}

// skewed draws below n, small numbers more often: half of the sessions belong to a quarter of the users.
func skewed(dice *rand.Rand, n int) int {
	share := dice.Float64()
	return int(share * share * float64(n))
}

func (p Population) session(owner core.ID, dice *rand.Rand) session.Session {
	used := p.Until.Add(-time.Duration(dice.Int64N(int64(p.IdleTTL) / 2))).Truncate(time.Microsecond)
	created := used.Add(-time.Duration(dice.Int64N(int64(p.MaxTTL) / 2))).Truncate(time.Microsecond)
	expires := created.Add(p.MaxTTL)
	idle := used.Add(p.IdleTTL)
	if expires.Before(idle) {
		idle = expires
	}
	device := pick(dice, devices)
	device.IP = fmt.Sprintf("%s.%d", pick(dice, networks), 1+dice.IntN(254))
	chain := session.Chain{Generation: int64(dice.IntN(50)), Branches: 1, RotatedAt: used}
	for _, nonce := range []*session.Nonce{&chain.Nonce, &chain.UsedNonce} {
		for i := range nonce {
			nonce[i] = byte(dice.Uint32())
		}
	}
	return session.Session{
		ID: timedID(created, dice), UserID: owner, Device: device, Factors: []string{account.FactorPassword}, AuthTime: created,
		CreatedAt: created, LastUsedAt: used, IdleExpiresAt: idle, ExpiresAt: expires, Chain: chain, Rev: 1,
	}
}

// networks are reserved for documentation (RFC 5737).
var networks = []string{"192.0.2", "198.51.100", "203.0.113"}

var devices = []origin.Device{
	{
		Kind: "desktop", Browser: "Firefox", OS: "Linux",
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	},
	{
		Kind: "desktop", Browser: "Chrome", OS: "Windows",
		UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
	},
	{
		Kind: "desktop", Browser: "Safari", OS: "macOS",
		UserAgent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
	},
	{
		Kind: "mobile", Browser: "Safari", OS: "iOS",
		UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
	},
	{
		Kind: "mobile", Browser: "Chrome", OS: "Android",
		UserAgent: "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
	},
}
