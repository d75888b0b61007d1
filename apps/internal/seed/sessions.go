package seed

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/mfa"
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
		held := make([]uint16, len(owners))
		for i := range p.Sessions {
			dice := p.dice(streamSessions, i)
			at := skewed(dice, len(owners))
			for int(held[at]) >= p.SessionLimit {
				at = (at + 1) % len(owners)
			}
			held[at]++
			owner, _ := p.outline(int(owners[at]))
			if !yield(p.session(owner, dice), nil) {
				return
			}
		}
	}
}

// owners are the numbers of the users who may have sessions.
func (p Population) owners() []uint32 {
	owners := make([]uint32, 0, p.Users)
	for number := range p.Users {
		if drawn, _ := p.outline(number); drawn.able() {
			owners = append(owners, uint32(number)) //nolint:gosec // not negative, and far below four thousand millions
		}
	}
	return owners
}

// skewed draws below n, small numbers more often: half of the sessions belong to a quarter of the users.
func skewed(dice *rand.Rand, n int) int {
	share := dice.Float64()
	return int(share * share * float64(n))
}

func (p Population) session(owner outline, dice *rand.Rand) session.Session {
	used := p.Until.Add(-time.Duration(dice.Int64N(int64(p.IdleTTL) / 2))).Truncate(time.Microsecond)
	created := used.Add(-time.Duration(dice.Int64N(int64(p.MaxTTL) / 2))).Truncate(time.Microsecond)
	if created.Before(owner.created) {
		created = owner.created
	}
	used = later(used, created)
	expires := created.Add(p.MaxTTL)
	idle := used.Add(p.IdleTTL)
	if expires.Before(idle) {
		idle = expires
	}
	chain := session.Chain{Generation: int64(dice.IntN(50)), Branches: 1, RotatedAt: used}
	for _, nonce := range []*session.Nonce{&chain.Nonce, &chain.UsedNonce} {
		fill(nonce[:], dice)
	}
	factors := []string{account.FactorPassword}
	if owner.guarded {
		factors = append(factors, account.FactorEmail)
	}
	return session.Session{
		ID: timedID(created, dice), UserID: owner.id, Device: p.client(owner, dice), Factors: factors, AuthTime: created,
		CreatedAt: created, LastUsedAt: used, IdleExpiresAt: idle, ExpiresAt: expires, Chain: chain, Rev: 1,
	}
}

func later(one, other time.Time) time.Time {
	if one.Before(other) {
		return other
	}
	return one
}

func fill(bytes []byte, dice *rand.Rand) {
	for i := range bytes {
		bytes[i] = byte(dice.Uint32())
	}
}

// client is what a user signs in with: mostly the same one, at home.
func (p Population) client(owner outline, dice *rand.Rand) origin.Device {
	usual := clients[owner.number%len(clients)]
	if dice.IntN(4) == 0 {
		usual = pick(dice, clients)
	}
	usual.IP = fmt.Sprintf("%s.%d", networks[owner.number%len(networks)], 1+(owner.number/len(networks))%254)
	if dice.IntN(5) == 0 {
		usual.IP = fmt.Sprintf("%s.%d", pick(dice, networks), 1+dice.IntN(254))
	}
	usual.Location = owner.place.String()
	return usual
}

// AllDevices gives the known devices: one for each of two users in three who may have sessions, some of them trusted.
func (p Population) AllDevices() iter.Seq2[device.Device, error] {
	return func(yield func(device.Device, error) bool) {
		for number := range p.Users {
			owner, _ := p.outline(number)
			dice := p.dice(streamDevices, number)
			if !owner.able() || dice.IntN(3) == 0 {
				continue
			}
			if !yield(p.device(owner, dice), nil) {
				return
			}
		}
	}
}

func (p Population) device(owner outline, dice *rand.Rand) device.Device {
	created := owner.created.Add(time.Duration(dice.Int64N(int64(p.Until.Sub(owner.created)) + 1))).Truncate(time.Microsecond)
	used := later(created, p.Until.Add(-time.Duration(dice.Int64N(int64(p.DeviceTTL)))).Truncate(time.Microsecond))
	known := device.Device{
		ID: timedID(created, dice), UserID: owner.id, From: p.client(owner, dice),
		CreatedAt: created, LastUsedAt: used, ExpiresAt: used.Add(p.DeviceTTL),
	}
	fill(known.Digest[:], dice)
	if owner.guarded && dice.IntN(2) == 0 {
		known.TrustedUntil = used.Add(p.MaxTTL)
	}
	return known
}

// AllFactors gives the second factors: codes by mail.
func (p Population) AllFactors() iter.Seq2[mfa.Factor, error] {
	return func(yield func(mfa.Factor, error) bool) {
		for number := range p.Users {
			owner, _ := p.outline(number)
			if !owner.guarded {
				continue
			}
			dice := p.dice(streamFactors, number)
			created := owner.created.Add(time.Duration(dice.Int64N(int64(p.Until.Sub(owner.created)) + 1))).Truncate(time.Microsecond)
			made := mfa.Factor{
				ID: timedID(created, dice), UserID: owner.id, Kind: account.FactorEmail, LastStep: -1,
				CreatedAt: created, ConfirmedAt: created,
			}
			if !yield(made, nil) {
				return
			}
		}
	}
}

// networks are reserved for documentation (RFC 5737).
var networks = []string{"192.0.2", "198.51.100", "203.0.113"}

var clients = []origin.Device{
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
