package verification

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/limit"
	"github.com/doorward/doorward/core/secret"
)

// DeskDeps are what a Desk is made of. All are needed.
type DeskDeps struct {
	Intakes Intakes
	Ring    *secret.Ring
	Tx      core.Transactor
	Clock   core.Clock
	IDs     *core.IDs
	// Sending bounds how often messages go to one account or mailbox; the zero Gate does not.
	Sending limit.Gate
	// Nudge wakes the worker; it must not block. The worker also looks by itself, so a nudge may be lost.
	Nudge func()
}

// Desk takes requests whose answer must not depend on whom they name: it writes one intake and gives a
// receipt, and knows nothing else.
type Desk struct{ deps DeskDeps }

// NewDesk makes a desk.
func NewDesk(deps DeskDeps) *Desk { return &Desk{deps} }

// Submit writes the request, as sealed JSON, with one statement and gives the receipt of a new
// verification. The intake's id is the verification's id.
func (d *Desk) Submit(ctx context.Context, kind string, request any) (Receipt, error) {
	id := d.deps.IDs.New()
	return d.put(ctx, id, id, kind, request)
}

// SubmitAgain is Submit for a verification that the asking client already holds the id of: the receipt
// names that one again, whether it exists or not.
func (d *Desk) SubmitAgain(ctx context.Context, verification core.ID, kind string, request any) (Receipt, error) {
	return d.put(ctx, d.deps.IDs.New(), verification, kind, request)
}

func (d *Desk) put(ctx context.Context, id, verification core.ID, kind string, request any) (Receipt, error) {
	payload, err := json.Marshal(request)
	if err != nil {
		return Receipt{}, core.Internal(err)
	}
	now := d.deps.Clock.Now()
	intake := Intake{ID: id, Kind: kind, Payload: d.deps.Ring.Seal(intakeContext(id, kind), payload), CreatedAt: now}
	if err := d.deps.Intakes.Put(ctx, intake); err != nil {
		return Receipt{}, fmt.Errorf("put intake: %w", err)
	}
	d.deps.Nudge()
	return Receipt{ID: verification, Channel: ChannelEmail, ExpiresAt: now.Add(CodeTTL)}, nil
}

// intakeContext binds a sealed request to its row, and to who resolves it.
func intakeContext(id core.ID, kind string) string { return secret.PlaceIntakes.Of(kind, id.String()) }

// Read opens the intake's request into request, for what has to be known of it before Resolve.
func (d *Desk) Read(intake Intake, request any) error {
	payload, err := d.deps.Ring.Open(intakeContext(intake.ID, intake.Kind), intake.Payload)
	if err != nil {
		return fmt.Errorf("open intake: %w", err)
	}
	if err = json.Unmarshal(payload, request); err != nil {
		return fmt.Errorf("read intake: %w", err)
	}
	return nil
}

// MaySend counts the message that the intake asks for, for every recipient that it would go to, and reports
// whether it may go: to an account by its id, to a mailbox that has none by Mailbox. It is asked outside of
// transactions, as it may talk to a network peer. An intake that is resolved anew, because that failed, was
// counted before and goes on.
func (d *Desk) MaySend(ctx context.Context, intake Intake, recipients ...string) (bool, error) {
	if intake.Attempts > 1 {
		return true, nil
	}
	counted := make([]string, len(recipients))
	for i, recipient := range recipients {
		counted[i] = veiled(d.deps.Ring, recipient)
	}
	return d.deps.Sending.Admit(ctx, counted...)
}

// Mailbox is how a normalised address or username without an account is counted as a recipient.
func Mailbox(key string) string { return "address/" + key }

// ForReset counts what is sent to a recipient to reset a password, and ForChange what is sent to change an address, apart
// from everything else: a stranger who asks for messages that open nothing could otherwise keep back the one by which the
// owner of a locked account gets in.
func ForReset(recipient string) string { return "reset/" + recipient }

// ForChange is explained at ForReset.
func ForChange(recipient string) string { return "change/" + recipient }

// Unsent is the subject of the decoy that stands in for a message which was one too many for the recipient. It is
// not that of the recipient's own flows: the codes that were sent before stay good.
func Unsent(recipient string) string { return "unsent/" + recipient }

// Resolve opens the intake's request into request, and runs act in one transaction with the removal of
// the intake: both happen or neither. The intake is removed first, so that of two workers one waits for
// the other and then finds nothing to do, which is no error.
func (d *Desk) Resolve(ctx context.Context, intake Intake, request any, act func(ctx context.Context) error) error {
	if err := d.Read(intake, request); err != nil {
		return err
	}
	resolved := false
	err := d.deps.Tx.InTx(ctx, func(ctx context.Context) error {
		if gone := d.deps.Intakes.Done(ctx, intake.ID); gone != nil {
			resolved = errors.Is(gone, core.ErrNotFound)
			return gone
		}
		return act(ctx)
	})
	if resolved {
		return nil
	}
	return err
}
