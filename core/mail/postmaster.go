package mail

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/secret"
)

// The refusals of a retry.
var (
	// ErrNotFailed refuses a message that was sent, or is on its way.
	ErrNotFailed = core.NewError(core.KindConflict, core.CodeMailNotFailed,
		"This message was not given up: it was sent, or is still being tried.")
	// ErrPast refuses a message that nobody could use any more.
	ErrPast = core.NewError(core.KindConflict, core.CodeMailExpired,
		"The code and the link in this message are past. Its reader must ask for a new one.")
)

// PostmasterDeps are what a Postmaster is made of. All are needed.
type PostmasterDeps struct {
	Ledger Ledger
	Ring   *secret.Ring
	Tx     core.Transactor
	Trail  *audit.Trail
	Clock  core.Clock
	// Permit judges, in the transaction that it begins, whether the caller may have mails sent again.
	Permit func(ctx context.Context, caller core.Principal) error
}

// Postmaster looks after what was not delivered. Safe for concurrent use.
type Postmaster struct{ deps PostmasterDeps }

// NewPostmaster makes a postmaster.
func NewPostmaster(deps PostmasterDeps) *Postmaster { return &Postmaster{deps} }

// Browse gives a page of the outbox, newest first, and where the next page begins; zero when there is none. Neither
// contents nor whole addresses are told: the recipient, also where the peer's words repeat it, is cut to its first
// letter and domain, which is what delivery depends on.
func (p *Postmaster) Browse(ctx context.Context, query LedgerQuery, page core.Page) ([]Envelope, core.Position, error) {
	envelopes, next, err := core.ReadPage(page, func(page core.Page) ([]Envelope, error) {
		return p.deps.Ledger.Browse(ctx, query, page)
	}, func(last Envelope) core.Position { return core.Position{At: last.CreatedAt, ID: last.ID} })
	for i := range envelopes {
		envelopes[i] = envelopes[i].masked()
	}
	return envelopes, next, err
}

// Retry has a message that was given up sent again, at once. If that fails too it is given up at once where it is
// older than GiveUpAfter, and else tried on. core.ErrNotFound; ErrNotFailed; ErrPast for one whose code and link are past,
// without which it is of no use; and the refusals of Permit.
func (p *Postmaster) Retry(ctx context.Context, caller core.Principal, id core.ID) (retried Envelope, err error) {
	event := audit.Event{Action: audit.ActionMailRetry}.By(caller)
	err = p.deps.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := p.deps.Permit(ctx, caller); err != nil {
			return err
		}
		found, err := p.deps.Ledger.Find(ctx, id)
		if err != nil {
			return err
		}
		event.Metadata = map[string]string{"mail": id.String(), "kind": string(found.Kind)}
		if retried, err = p.requeue(ctx, found); err != nil {
			return err
		}
		return p.deps.Trail.Record(ctx, event)
	})
	return retried, p.deps.Trail.Refuse(ctx, event, err)
}

func (p *Postmaster) requeue(ctx context.Context, found Envelope) (Envelope, error) {
	if found.State != StateFailed {
		return Envelope{}, ErrNotFailed
	}
	now := p.deps.Clock.Now()
	// One that does not open may do so by the time that it is sent: a master key may be on its way back.
	if letter, err := open(p.deps.Ring, found); err == nil && current(letter, now).pointless() {
		return Envelope{}, ErrPast
	}
	err := p.deps.Ledger.Requeue(ctx, found.ID, now)
	if errors.Is(err, core.ErrNotFound) {
		return Envelope{}, ErrNotFailed
	}
	found.State, found.NextAt = StateQueued, now
	return found.masked(), err
}

// pointless reports whether nothing worth sending is left of the letter.
func (l Letter) pointless() bool { return forms[l.Kind].pointless && l.Code == "" && l.Token == "" }

// masked is the message as those see it who look after its delivery.
func (e Envelope) masked() Envelope {
	whole := e.To
	e.To, e.Payload = maskAddress(whole), nil
	e.LastError = strings.ReplaceAll(e.LastError, whole, e.To)
	return e
}

// maskAddress leaves the first letter and the domain of an address.
func maskAddress(address string) string {
	local, domain, found := strings.Cut(address, "@")
	if !found {
		return "***"
	}
	_, first := utf8.DecodeRuneInString(local)
	return local[:first] + "***@" + domain
}
