// Package seed makes people, their sessions, devices and history up for development and load tests: realistic in kind
// and proportion, and the same for the same Population.
package seed

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// Population describes what is made up. Equal populations give equal rows.
type Population struct {
	// Seed chooses among populations. Addresses and usernames of different seeds never meet.
	Seed uint64
	// Users, Sessions and Events are how many of each.
	Users, Sessions, Events int
	// Until is the present of this population: nothing of it happened later.
	Until time.Time
	// Hash gives the password hash of the user of that number.
	Hash func(number int) account.PasswordHash
	// SessionLimit, IdleTTL and MaxTTL are the rules that the sessions keep.
	SessionLimit    int
	IdleTTL, MaxTTL time.Duration
	// DeviceTTL is how long a device is known after its last use.
	DeviceTTL time.Duration
	// DeletionGrace is how long deleted users have left, or less.
	DeletionGrace time.Duration
	// AuditKept is how long events are kept: none is older at Until.
	AuditKept time.Duration
}

// Span is the time in which the users of a population opened their accounts. The first one did so exactly that long
// before Until.
const Span = 3 * 365 * 24 * time.Hour

// bend is how the number of accounts grows with time, a power: each month brings more than the one before.
const bend = 1.8

// AllUsers gives the users in the order of their number, which is that in which they opened their accounts. The error
// ends the sequence.
func (p Population) AllUsers() iter.Seq2[account.User, error] {
	return func(yield func(account.User, error) bool) {
		for i := range p.Users {
			user, err := p.User(i)
			if !yield(user, err) || err != nil {
				return
			}
		}
	}
}

// The streams of randomness; each row draws from one of its own, so that it does not depend on others.
const (
	streamUsers    = 1 << 40
	streamSessions = 2 << 40
	streamEvents   = 3 << 40
	streamDevices  = 4 << 40
	streamFactors  = 5 << 40
	streamHashes   = 6 << 40
)

func (p Population) dice(stream uint64, number int) *rand.Rand {
	return rand.New(rand.NewPCG(p.Seed, stream+uint64(number))) //nolint:gosec // repeatable on purpose
}

// outline is a user without what costs time to make.
type outline struct {
	id          core.ID
	number      int
	culture     culture
	place       place
	first, last string
	status      account.Status
	verified    bool
	admin       bool
	guarded     bool // has a second factor
	created     time.Time
}

// able reports whether the user may have sessions.
func (o outline) able() bool { return o.status == account.StatusActive && o.verified }

// outline draws the user of that number. What is drawn afterwards follows in the same dice.
func (p Population) outline(number int) (outline, *rand.Rand) {
	dice := p.dice(streamUsers, number)
	drawn := outline{number: number, culture: someCulture(dice)}
	drawn.first, drawn.last = pick(dice, drawn.culture.first), pick(dice, drawn.culture.last)
	drawn.place = pick(dice, drawn.culture.places)
	drawn.created = p.opened(number, dice)
	drawn.id = timedID(drawn.created, dice)
	drawn.vary(dice.IntN(1000))
	drawn.guarded = dice.IntN(100) < guardedShare
	if number == 0 { // somebody to sign in as
		drawn.status, drawn.verified, drawn.guarded = account.StatusActive, true, false
	}
	return drawn, dice
}

// guardedShare is how many of a hundred users have a second factor: a code by mail, which needs no secret of its own.
const guardedShare = 12

// vary makes some users other than active and verified, in the proportions of a site that is some years old.
func (o *outline) vary(roll int) {
	o.status, o.verified = account.StatusActive, true
	switch {
	case roll < 1:
		o.admin = true
	case roll < 40:
		o.verified = false
	case roll < 60:
		o.status = account.StatusSuspended
	case roll < 90:
		o.status = account.StatusDeactivated
	case roll < 100:
		o.status = account.StatusDeleted
	}
}

// opened is when the user of that number opened their account: the first at the beginning of the span, each later one
// somewhat after the one before.
func (p Population) opened(number int, dice *rand.Rand) time.Time {
	share := dice.Float64()
	if number == 0 {
		share = 0
	}
	reached := math.Pow((float64(number)+share)/float64(p.Users), 1/bend)
	return p.Until.Add(-Span).Add(time.Duration(reached * float64(Span))).Truncate(time.Microsecond)
}

// openedBy is how many users there were at an instant.
func (p Population) openedBy(at time.Time) int {
	reached := float64(at.Sub(p.Until.Add(-Span))) / float64(Span)
	return int(math.Pow(max(0, min(1, reached)), bend) * float64(p.Users))
}

// User makes the user of that number up.
func (p Population) User(number int) (account.User, error) {
	drawn, dice := p.outline(number)
	user := account.User{
		ID: drawn.id, EmailVerified: drawn.verified, Status: drawn.status, Roles: []string{account.RoleUser},
		Profile: account.Profile{Name: drawn.culture.order(drawn.first, drawn.last), Locale: drawn.culture.locale},
		Country: drawn.place.country, Source: someSource(dice.IntN(100)),
		Preferences: account.Preferences{Timezone: drawn.place.timezone, Theme: pick(dice, themes), Visibility: pick(dice, visibilities)},
		Password:    p.Hash(number), PasswordChangedAt: drawn.created,
		CreatedAt: drawn.created, UpdatedAt: drawn.created, Rev: 1,
	}
	if drawn.admin {
		user.Roles = []string{account.RoleAdmin, account.RoleUser}
	}
	if drawn.guarded {
		user.Protection.SecondFactors = []string{account.FactorEmail}
	}
	p.place(&user, dice)
	if dice.IntN(3) == 0 {
		user.Profile.Bio = pick(dice, bios)
	}
	if drawn.status == account.StatusDeleted {
		grace := min(p.DeletionGrace, p.Until.Sub(drawn.created))
		user.DeletedAt = p.Until.Add(-time.Duration(dice.Int64N(int64(grace) + 1))).Truncate(time.Microsecond)
		user.PurgeAt = user.DeletedAt.Add(p.DeletionGrace)
	}
	err := p.name(&user, dice, number, romanize(drawn.first), romanize(drawn.last))
	return user, err
}

// name gives the user an address and, to two of three, a username.
func (p Population) name(user *account.User, dice *rand.Rand, number int, first, last string) (err error) {
	address := fmt.Sprintf("%s.%s.%d@seed%d.%s", first, last, number, p.Seed, pick(dice, domains))
	if user.Email, user.EmailKey, err = account.NormalizeEmail(address); err != nil {
		return fmt.Errorf("seed: address of user %d: %w", number, err)
	}
	if dice.IntN(3) == 0 {
		return nil
	}
	username := fmt.Sprintf("%.10s%d.s%d", first, number, p.Seed%1_000_000)
	if user.Username, user.UsernameKey, err = account.NormalizeUsername(username); err != nil {
		return fmt.Errorf("seed: username of user %d: %w", number, err)
	}
	return nil
}

var (
	themes       = []string{"", "", "system", "light", "dark"}
	visibilities = []account.Visibility{
		account.VisibilityPrivate, account.VisibilityPrivate, account.VisibilityMembers, account.VisibilityPublic,
	}
)

// someSource is how one of a hundred accounts came to be.
func someSource(roll int) account.Source {
	switch {
	case roll < 5:
		return account.SourceImported
	case roll < 12:
		return account.SourceInvited
	case roll < 15:
		return account.SourceCreated
	case roll < 30:
		return account.SourceSeeded
	}
	return account.SourceRegistered
}

// someCulture draws a culture by its weight.
func someCulture(dice *rand.Rand) culture {
	roll := dice.IntN(allWeights)
	for _, drawn := range cultures {
		if roll < drawn.weight {
			return drawn
		}
		roll -= drawn.weight
	}
	return cultures[0]
}

var allWeights = func() (sum int) {
	for _, known := range cultures {
		sum += known.weight
	}
	return sum
}()

func pick[T any](dice *rand.Rand, from []T) T { return from[dice.IntN(len(from))] }

// timedID makes a UUIDv7 of an instant and the dice (RFC 9562 §5.7).
func timedID(at time.Time, dice *rand.Rand) core.ID {
	var id core.ID
	binary.BigEndian.PutUint64(id[0:8], uint64(at.UnixMilli())<<16|0x7000|uint64(dice.IntN(1<<12)))
	binary.BigEndian.PutUint64(id[8:16], dice.Uint64())
	id[8] = id[8]&0x3f | 0x80
	return id
}

// romanize writes a name with the letters of an address.
func romanize(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(transliteration.Replace(name)))
}
