package mailtest

import (
	"context"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mail"
)

// TestLedger is the contract of mail.Ledger.
func TestLedger(t *testing.T, open Open) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"selects, the newest first":       selects,
		"pages":                           pages,
		"finds one":                       finds,
		"a failed message is due again":   requeues,
		"of many retries one is made":     requeueRace,
		"only what failed is tried again": requeuesFailed,
	})
}

// several are messages of every state and two kinds, newest first, as Browse gives them.
func (s Stores) several(t *testing.T) (all []mail.Envelope) {
	t.Helper()
	for i, state := range []mail.State{mail.StateQueued, mail.StateFailed, mail.StateSent, mail.StateFailed, mail.StateQueued} {
		envelope := mail.Envelope{
			ID: ids.New(), Kind: mail.KindPasswordReset, To: "ada@example.com", Payload: []byte{0, 1, 255},
			State: mail.StateQueued, CreatedAt: at(0), NextAt: at(time.Duration(10-i) * time.Second),
		}
		if i > 2 {
			envelope.Kind = mail.KindDeleted
		}
		coretest.Must(t, s.Outbox.Put(t.Context(), envelope))
		switch state {
		case mail.StateFailed:
			coretest.Must(t, s.Outbox.Fail(t.Context(), envelope.ID, "no such mailbox"))
			envelope.LastError = "no such mailbox"
		case mail.StateSent:
			coretest.Must(t, s.Outbox.Sent(t.Context(), envelope.ID, at(time.Minute)))
			envelope.SentAt, envelope.NextAt = at(time.Minute), at(time.Minute)
		case mail.StateQueued:
		}
		envelope.State, envelope.Payload = state, nil
		all = append([]mail.Envelope{envelope}, all...)
	}
	return all
}

func (s Stores) ledger(t *testing.T, query mail.LedgerQuery, page core.Page) []mail.Envelope {
	t.Helper()
	envelopes, err := s.Ledger.Browse(t.Context(), query, page)
	coretest.Must(t, err)
	return envelopes
}

func selects(t *testing.T, s Stores) {
	all := s.several(t)
	page := core.Page{Limit: 10}
	coretest.Equal(t, all, s.ledger(t, mail.LedgerQuery{}, page))
	coretest.Equal(t, []mail.Envelope{all[1], all[3]}, s.ledger(t, mail.LedgerQuery{State: mail.StateFailed}, page))
	coretest.Equal(t, []mail.Envelope{all[0], all[4]}, s.ledger(t, mail.LedgerQuery{State: mail.StateQueued}, page))
	coretest.Equal(t, all[2:3], s.ledger(t, mail.LedgerQuery{State: mail.StateSent}, page))
	coretest.Equal(t, all[:2], s.ledger(t, mail.LedgerQuery{Kind: mail.KindDeleted}, page))
	coretest.Equal(t, all[1:2], s.ledger(t, mail.LedgerQuery{Kind: mail.KindDeleted, State: mail.StateFailed}, page))
	coretest.Equal(t, nil, s.ledger(t, mail.LedgerQuery{Kind: mail.KindRestored}, page))
}

func pages(t *testing.T, s Stores) {
	all, page := s.several(t), core.Page{Limit: 2}
	for i := 0; i < len(all); i += 2 {
		coretest.Equal(t, all[i:min(i+2, len(all))], s.ledger(t, mail.LedgerQuery{}, page))
		last := all[min(i+1, len(all)-1)]
		page.After = core.Position{At: last.CreatedAt, ID: last.ID}
	}
	page.After = core.Position{At: all[1].CreatedAt, ID: all[1].ID}
	coretest.Equal(t, all[3:4], s.ledger(t, mail.LedgerQuery{State: mail.StateFailed}, page))
}

func finds(t *testing.T, s Stores) {
	envelope := s.put(t, at(0))
	found, err := s.Ledger.Find(t.Context(), envelope.ID)
	coretest.Must(t, err)
	coretest.Equal(t, envelope, found)
	_, err = s.Ledger.Find(t.Context(), ids.New())
	coretest.Refused(t, err, core.ErrNotFound)
}

// fails queues a message that is tried once and given up.
func (s Stores) fails(t *testing.T) mail.Envelope {
	t.Helper()
	envelope := s.put(t, at(0))
	s.claim(t, at(0), 1)
	coretest.Must(t, s.Outbox.Fail(t.Context(), envelope.ID, "no such mailbox"))
	return envelope
}

func requeues(t *testing.T, s Stores) {
	envelope, now := s.fails(t), at(time.Hour)
	coretest.Must(t, s.Ledger.Requeue(t.Context(), envelope.ID, now))
	again := s.claim(t, now, 1)
	envelope.Attempts, envelope.LastError, envelope.NextAt = 2, "no such mailbox", now.Add(lease)
	coretest.Equal(t, []mail.Envelope{envelope}, again)
}

func requeueRace(t *testing.T, s Stores) {
	envelope := s.fails(t)
	coretest.Equal(t, 1, coretest.Race(t, racers, core.ErrNotFound, func(ctx context.Context, _ int) error {
		return s.Ledger.Requeue(ctx, envelope.ID, at(time.Hour))
	}))
	coretest.Equal(t, 1, len(s.claim(t, at(time.Hour), racers)))
}

func requeuesFailed(t *testing.T, s Stores) {
	queued, sent := s.put(t, at(time.Minute)), s.put(t, at(0))
	coretest.Must(t, s.Outbox.Sent(t.Context(), sent.ID, at(0)))
	for _, id := range []core.ID{queued.ID, sent.ID, ids.New()} {
		coretest.Refused(t, s.Ledger.Requeue(t.Context(), id, at(0)), core.ErrNotFound)
	}
	coretest.Equal(t, 0, len(s.claim(t, at(0), racers)))
}
