package mail_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mail/mailtest"
	"github.com/doorward/doorward/core/origin"
)

// bureau is a postmaster with all that it works with.
type bureau struct {
	*mail.Postmaster
	t      *testing.T
	clock  *coretest.Clock
	outbox *mailtest.Outbox
	office *mail.Office
	log    *audittest.Log
	permit error
}

// nobody recognizes no device.
type nobody struct{}

func (nobody) Recognize(string) origin.Device { return origin.Device{} }

func openBureau(t *testing.T) *bureau {
	t.Helper()
	db, clock, keys := coretest.NewDatabase(), coretest.NewClock(), ring(t, "k1")
	ids := core.NewIDs(clock)
	b := &bureau{t: t, clock: clock, outbox: mailtest.NewOutbox(db), log: audittest.NewLog(db)}
	b.office = mail.NewOffice(b.outbox, keys, clock, ids)
	b.Postmaster = mail.NewPostmaster(mail.PostmasterDeps{
		Ledger: b.outbox, Ring: keys, Tx: db, Clock: clock,
		Trail: audit.NewTrail(audit.Deps{
			Log: b.log, History: b.log, Origins: origin.NewReader(nobody{}, origin.Nowhere{}), Clock: clock, IDs: ids,
			Logger: slog.New(slog.DiscardHandler),
		}, audit.Config{}),
		Permit: func(context.Context, core.Principal) error { return b.permit },
	})
	return b
}

var admin = core.Principal{UserID: core.ID{15: 9}, SessionID: core.ID{15: 8}}

// fails posts a letter that is tried once and given up.
func (b *bureau) fails(sample mail.Letter) core.ID {
	b.t.Helper()
	ctx := b.t.Context()
	coretest.Must(b.t, b.office.Post(ctx, sample))
	claimed, err := b.outbox.Claim(ctx, b.clock.Now(), time.Minute, 10)
	coretest.Must(b.t, err)
	id := claimed[len(claimed)-1].ID
	coretest.Must(b.t, b.outbox.Fail(ctx, id, "550 <"+sample.To+"> no such user"))
	return id
}

func (b *bureau) events() (told []string) {
	for _, event := range b.log.All() {
		told = append(told, strings.Join([]string{
			string(event.Action), string(event.Outcome), event.Reason, event.Actor.String()[35:], event.Metadata["kind"],
		}, " "))
	}
	return told
}

func TestARetryIsDueAtOnce(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	id := b.fails(letter(mail.KindPasswordReset))
	b.clock.Advance(time.Minute)
	retried, err := b.Retry(t.Context(), admin, id)
	coretest.Must(t, err)
	coretest.Equal(t, mail.StateQueued, retried.State)
	coretest.Equal(t, "a***@example.org", retried.To)
	claimed, err := b.outbox.Claim(t.Context(), b.clock.Now(), time.Minute, 10)
	coretest.Must(t, err)
	coretest.Equal(t, 1, len(claimed))
	coretest.Equal(t, true, claimed[0].ID == id && len(claimed[0].Payload) > 0 && claimed[0].Attempts == 2)
	coretest.Equal(t, []string{"mail.retry success  9 password_reset"}, b.events())
}

func TestRetriesThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before func(b *bureau) core.ID
		want   error
		told   []string
	}{
		"a message that waits": {func(b *bureau) core.ID {
			coretest.Must(b.t, b.office.Post(b.t.Context(), letter(mail.KindDeleted)))
			return b.outbox.All()[0].ID
		}, mail.ErrNotFailed, []string{"mail.retry refused mail_not_failed 9 account_deleted"}},
		"a message that was sent": {func(b *bureau) core.ID {
			id := b.fails(letter(mail.KindDeleted))
			coretest.Must(b.t, b.outbox.Sent(b.t.Context(), id, b.clock.Now()))
			return id
		}, mail.ErrNotFailed, []string{"mail.retry refused mail_not_failed 9 account_deleted"}},
		"a code and link that are past": {func(b *bureau) core.ID {
			id := b.fails(letter(mail.KindPasswordReset))
			b.clock.Advance(48 * time.Hour)
			return id
		}, mail.ErrPast, []string{"mail.retry refused mail_expired 9 password_reset"}},
		"no such message": {func(*bureau) core.ID { return core.ID{1} }, core.ErrNotFound, []string{"mail.retry refused not_found 9 "}},
		"a caller who may not": {func(b *bureau) core.ID {
			b.permit = core.NewError(core.KindForbidden, core.CodeForbidden, "no")
			return b.fails(letter(mail.KindDeleted))
		}, core.NewError(core.KindForbidden, core.CodeForbidden, ""), []string{"mail.retry refused forbidden 9 "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := openBureau(t)
			id := test.before(b)
			_, err := b.Retry(t.Context(), admin, id)
			coretest.Refused(t, err, test.want)
			coretest.Equal(t, test.told, b.events())
		})
	}
}

// A notice is worth sending without its link.
func TestANoticeIsSentLate(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	id := b.fails(letter(mail.KindEmailChanged))
	b.clock.Advance(6 * 24 * time.Hour)
	_, err := b.Retry(t.Context(), admin, id)
	coretest.Must(t, err)
}

// Of many who retry at once one does, and the log tells of one.
func TestOfManyRetriesOneIsMade(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	id := b.fails(letter(mail.KindPasswordReset))
	coretest.Equal(t, 1, coretest.Race(t, 32, mail.ErrNotFailed, func(ctx context.Context, _ int) error {
		_, err := b.Retry(ctx, admin, id)
		return err
	}))
	done := 0
	for _, line := range b.events() {
		if strings.HasPrefix(line, "mail.retry success") {
			done++
		}
	}
	coretest.Equal(t, 1, done)
}

func TestTheOutboxTellsNoContents(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	for _, to := range []string{"ada@example.com", "ä@example.com", "x@example.com"} {
		sample := letter(mail.KindPasswordReset)
		sample.To = to
		b.fails(sample)
		b.clock.Advance(time.Second)
	}
	page, next, err := b.Browse(t.Context(), mail.LedgerQuery{State: mail.StateFailed}, core.Page{Limit: 2})
	coretest.Must(t, err)
	for i, want := range []string{"x***@example.com", "ä***@example.com"} {
		got := page[i]
		if got.To != want || got.LastError != "550 <"+want+"> no such user" || got.Payload != nil {
			t.Errorf("told %+v", got)
		}
	}
	rest, next, err := b.Browse(t.Context(), mail.LedgerQuery{}, core.Page{Limit: 2, After: next})
	if err != nil || len(rest) != 1 || rest[0].To != "a***@example.com" || !next.IsZero() {
		t.Errorf("the last page: %+v %v %v", rest, next, err)
	}
	all, _, err := b.Browse(t.Context(), mail.LedgerQuery{}, core.Page{})
	coretest.Must(t, err)
	coretest.Equal(t, 3, len(all))
}

func TestAnOutboxThatIsAway(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := b.Browse(ctx, mail.LedgerQuery{}, core.Page{})
	_, retryErr := b.Retry(ctx, admin, core.ID{1})
	for _, err := range []error{err, retryErr} {
		var told *core.Error
		if !errors.As(err, &told) || told.Kind != core.KindUnavailable {
			t.Errorf("got %v", err)
		}
	}
}
