// Package seed makes people and sessions up for development and load tests: realistic in kind and
// proportion, and the same for the same seed.
package seed

import (
	"encoding/binary"
	"fmt"
	"iter"
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
	// Users and Sessions are how many of each.
	Users, Sessions int
	// Until is when the newest session was used last.
	Until time.Time
	// Hash is the password hash that all users share: one of argon2id costs 20 ms, and a hundred thousand
	// of them half an hour.
	Hash account.PasswordHash
	// SessionLimit, IdleTTL and MaxTTL are the rules that the sessions keep.
	SessionLimit    int
	IdleTTL, MaxTTL time.Duration
	// DeletionGrace is how long deleted users have left, or less.
	DeletionGrace time.Duration
}

// The span in which users registered. It is fixed, so that users do not depend on the day.
var (
	firstRegistration = time.Date(2023, time.January, 1, 0, 0, 0, 0, time.UTC)
	lastRegistration  = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// AllUsers gives the users in the order of their number. The error ends the sequence.
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
)

func (p Population) dice(stream uint64, number int) *rand.Rand {
	return rand.New(rand.NewPCG(p.Seed, stream+uint64(number))) //nolint:gosec // repeatable on purpose
}

// User makes the user of that number up.
func (p Population) User(number int) (account.User, error) {
	dice := p.dice(streamUsers, number)
	culture := cultures[dice.IntN(len(cultures))]
	first, last := pick(dice, culture.first), pick(dice, culture.last)
	created := firstRegistration.Add(time.Duration(dice.Int64N(int64(lastRegistration.Sub(firstRegistration))))).Truncate(time.Microsecond)
	user := account.User{
		ID: timedID(created, dice), EmailVerified: true,
		Profile: account.Profile{Name: culture.order(first, last), Locale: culture.locale},
		Status:  account.StatusActive, Roles: []string{account.RoleUser},
		Password: p.Hash, PasswordChangedAt: created, CreatedAt: created, UpdatedAt: created, Rev: 1,
	}
	if dice.IntN(3) == 0 {
		user.Profile.Bio = pick(dice, bios)
	}
	p.vary(&user, dice)
	err := p.name(&user, dice, number, romanize(first), romanize(last))
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

// vary makes some users other than active and verified, in the proportions of a site that is some years old.
func (p Population) vary(user *account.User, dice *rand.Rand) {
	switch roll := dice.IntN(1000); {
	case roll < 1:
		user.Roles = append(user.Roles, account.RoleAdmin)
	case roll < 40:
		user.EmailVerified = false
	case roll < 60:
		user.Status = account.StatusSuspended
	case roll < 90:
		user.Status = account.StatusDeactivated
	case roll < 100:
		user.Status = account.StatusDeleted
		user.DeletedAt = p.Until.Add(-time.Duration(dice.Int64N(int64(p.DeletionGrace)))).Truncate(time.Microsecond)
		user.PurgeAt = user.DeletedAt.Add(p.DeletionGrace)
	}
}

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
