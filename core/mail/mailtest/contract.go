package mailtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mail"
)

// Stores is what the suites are run on: the stores of one fresh, empty database.
type Stores struct {
	Tx      core.Transactor
	Outbox  mail.Outbox
	Ledger  mail.Ledger
	Mailbox mail.Mailbox
}

// Open makes fresh stores for one case, and closes them in t.Cleanup.
type Open func(t *testing.T) Stores

const (
	racers = 32
	lease  = time.Minute
)

var (
	errRollback = errors.New("rolled back on purpose")
	ids         = core.NewIDs(core.ClockFunc(time.Now))
)

func at(after time.Duration) time.Time { return coretest.Epoch.Add(after) }

// TestOutbox is the contract of mail.Outbox.
func TestOutbox(t *testing.T, open Open) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"hands out the longest due first":           claimsLongestDue,
		"hides what is leased":                      leaseHides,
		"many claimers share":                       claimRace,
		"erases what is sent":                       sentIsErased,
		"a deferred message comes again":            deferred,
		"a failed message stays":                    failed,
		"settled messages are not settled again":    settledOnce,
		"a message leaves only with its act":        putIsUndone,
		"counts":                                    stats,
		"one of many tellings that it is sent wins": sentRace,
	})
}

func (s Stores) put(t *testing.T, due time.Time) mail.Envelope {
	t.Helper()
	envelope := mail.Envelope{
		ID: ids.New(), Kind: mail.KindPasswordReset, To: "ada@example.com", Payload: []byte{0, 1, 255},
		State: mail.StateQueued, CreatedAt: at(0), NextAt: due,
	}
	coretest.Must(t, s.Outbox.Put(t.Context(), envelope))
	return envelope
}

func (s Stores) claim(t *testing.T, now time.Time, limit int) []mail.Envelope {
	t.Helper()
	claimed, err := s.Outbox.Claim(t.Context(), now, lease, limit)
	coretest.Must(t, err)
	return claimed
}

func (s Stores) stats(t *testing.T, now time.Time) mail.Stats {
	t.Helper()
	stats, err := s.Outbox.Stats(t.Context(), now)
	coretest.Must(t, err)
	return stats
}

func claimsLongestDue(t *testing.T, s Stores) {
	third, first, second := s.put(t, at(2*time.Second)), s.put(t, at(0)), s.put(t, at(time.Second))
	s.put(t, at(time.Hour))
	now := at(3 * time.Second)
	for _, envelope := range []*mail.Envelope{&first, &second, &third} {
		envelope.Attempts, envelope.NextAt = 1, now.Add(lease)
	}
	coretest.Equal(t, []mail.Envelope{first, second}, s.claim(t, now, 2))
	coretest.Equal(t, []mail.Envelope{third}, s.claim(t, now, 2))
	coretest.Equal(t, nil, s.claim(t, now, 2))
}

func leaseHides(t *testing.T, s Stores) {
	s.put(t, at(0))
	s.claim(t, at(0), 1)
	coretest.Equal(t, 0, len(s.claim(t, at(lease-time.Microsecond), 1)))
	again := s.claim(t, at(lease), 1)
	coretest.Equal(t, 1, len(again))
	coretest.Equal(t, 2, again[0].Attempts)
}

func claimRace(t *testing.T, s Stores) {
	for range racers {
		s.put(t, at(0))
	}
	var mu sync.Mutex
	seen, total := map[core.ID]bool{}, 0
	note := func(claimed []mail.Envelope) {
		mu.Lock()
		defer mu.Unlock()
		for _, envelope := range claimed {
			seen[envelope.ID] = true
			total++
		}
	}
	coretest.Race(t, racers, nil, func(ctx context.Context, _ int) error {
		claimed, err := s.Outbox.Claim(ctx, at(0), lease, 3)
		note(claimed)
		return err
	})
	note(s.claim(t, at(0), racers)) // what claimers passed over because others held it
	coretest.Equal(t, racers, len(seen))
	coretest.Equal(t, racers, total)
}

func sentIsErased(t *testing.T, s Stores) {
	envelope := s.put(t, at(0))
	coretest.Must(t, s.Outbox.Sent(t.Context(), envelope.ID, at(time.Second)))
	coretest.Equal(t, 0, len(s.claim(t, at(time.Hour), 1)))
	coretest.Equal(t, mail.Stats{}, s.stats(t, at(time.Hour)))
}

func deferred(t *testing.T, s Stores) {
	envelope := s.put(t, at(0))
	s.claim(t, at(0), 1)
	coretest.Must(t, s.Outbox.Defer(t.Context(), envelope.ID, "the peer is away", at(time.Second)))
	coretest.Equal(t, 0, len(s.claim(t, at(0), 1)))
	again := s.claim(t, at(time.Second), 1)
	envelope.Attempts, envelope.LastError, envelope.NextAt = 2, "the peer is away", at(time.Second).Add(lease)
	coretest.Equal(t, []mail.Envelope{envelope}, again)
}

func failed(t *testing.T, s Stores) {
	envelope := s.put(t, at(0))
	s.claim(t, at(0), 1)
	coretest.Must(t, s.Outbox.Fail(t.Context(), envelope.ID, "no such mailbox"))
	coretest.Equal(t, 0, len(s.claim(t, at(time.Hour), 1)))
	coretest.Equal(t, mail.Stats{Failed: 1}, s.stats(t, at(time.Hour)))
	coretest.Refused(t, s.Outbox.Defer(t.Context(), envelope.ID, "", at(0)), core.ErrNotFound)
	// A sender that was slow, and did deliver after all, has the last word.
	coretest.Must(t, s.Outbox.Sent(t.Context(), envelope.ID, at(time.Second)))
	coretest.Equal(t, mail.Stats{}, s.stats(t, at(time.Hour)))
}

func settledOnce(t *testing.T, s Stores) {
	sent, unknown := s.put(t, at(0)), ids.New()
	coretest.Must(t, s.Outbox.Sent(t.Context(), sent.ID, at(0)))
	for _, id := range []core.ID{sent.ID, unknown} {
		coretest.Refused(t, s.Outbox.Sent(t.Context(), id, at(0)), core.ErrNotFound)
		coretest.Refused(t, s.Outbox.Defer(t.Context(), id, "", at(0)), core.ErrNotFound)
		coretest.Refused(t, s.Outbox.Fail(t.Context(), id, ""), core.ErrNotFound)
	}
}

func putIsUndone(t *testing.T, s Stores) {
	err := s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Must(t, s.Outbox.Put(ctx, mail.Envelope{
			ID: ids.New(), Kind: mail.KindDeleted, To: "ada@example.com", Payload: []byte{1}, State: mail.StateQueued,
			CreatedAt: at(0), NextAt: at(0),
		}))
		return errRollback
	})
	coretest.Refused(t, err, errRollback)
	coretest.Equal(t, 0, len(s.claim(t, at(time.Hour), 1)))
}

func stats(t *testing.T, s Stores) {
	coretest.Equal(t, mail.Stats{}, s.stats(t, at(0)))
	s.put(t, at(time.Minute))
	coretest.Equal(t, mail.Stats{Queued: 1}, s.stats(t, at(0)))
	s.put(t, at(time.Second))
	coretest.Equal(t, mail.Stats{Queued: 2, OldestDue: at(time.Second)}, s.stats(t, at(time.Hour)))
}

func sentRace(t *testing.T, s Stores) {
	envelope := s.put(t, at(0))
	successes := coretest.Race(t, racers, core.ErrNotFound, func(ctx context.Context, _ int) error {
		return s.Outbox.Sent(ctx, envelope.ID, at(0))
	})
	coretest.Equal(t, 1, successes)
}

// TestMailbox is the contract of mail.Mailbox.
func TestMailbox(t *testing.T, open Open) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"gives the newest first": browsesNewest,
		"filters":                browsesFiltered,
		"keeps a message once":   keepsOnce,
		"is emptied":             empties,
	})
}

func (s Stores) keep(t *testing.T, to string, kind mail.Kind, sent time.Time) mail.Caught {
	t.Helper()
	caught := mail.Caught{ID: ids.New(), Kind: kind, To: to, Channel: "email", Contents: []byte{0, 255}, SentAt: sent}
	coretest.Must(t, s.Mailbox.Keep(t.Context(), caught))
	return caught
}

func (s Stores) browse(t *testing.T, to string, kind mail.Kind, limit int) []mail.Caught {
	t.Helper()
	messages, err := s.Mailbox.Browse(t.Context(), to, kind, limit)
	coretest.Must(t, err)
	return messages
}

func browsesNewest(t *testing.T, s Stores) {
	second := s.keep(t, "a@example.com", mail.KindDeleted, at(time.Second))
	first := s.keep(t, "a@example.com", mail.KindDeleted, at(0))
	third := s.keep(t, "b@example.com", mail.KindRestored, at(time.Second))
	coretest.Equal(t, []mail.Caught{third, second, first}, s.browse(t, "", "", 10))
	coretest.Equal(t, []mail.Caught{third, second}, s.browse(t, "", "", 2))
}

func browsesFiltered(t *testing.T, s Stores) {
	deleted := s.keep(t, "a@example.com", mail.KindDeleted, at(0))
	restored := s.keep(t, "a@example.com", mail.KindRestored, at(0))
	other := s.keep(t, "b@example.com", mail.KindDeleted, at(0))
	coretest.Equal(t, []mail.Caught{restored, deleted}, s.browse(t, "a@example.com", "", 10))
	coretest.Equal(t, []mail.Caught{other, deleted}, s.browse(t, "", mail.KindDeleted, 10))
	coretest.Equal(t, []mail.Caught{deleted}, s.browse(t, "a@example.com", mail.KindDeleted, 10))
	coretest.Equal(t, nil, s.browse(t, "b@example.com", mail.KindRestored, 10))
}

func keepsOnce(t *testing.T, s Stores) {
	first := s.keep(t, "a@example.com", mail.KindDeleted, at(0))
	again := first
	again.To = "b@example.com"
	coretest.Must(t, s.Mailbox.Keep(t.Context(), again))
	coretest.Equal(t, []mail.Caught{first}, s.browse(t, "", "", 10))
}

func empties(t *testing.T, s Stores) {
	s.keep(t, "a@example.com", mail.KindDeleted, at(0))
	coretest.Must(t, s.Mailbox.Empty(t.Context()))
	coretest.Equal(t, nil, s.browse(t, "", "", 10))
	coretest.Must(t, s.Mailbox.Empty(t.Context()))
}
