package mail

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
)

// Office takes letters and puts them, sealed, into the outbox. Safe for concurrent use.
type Office struct {
	outbox Outbox
	ring   *secret.Ring
	clock  core.Clock
	ids    *core.IDs
}

var (
	_ Post   = (*Office)(nil)
	_ Sealer = (*Office)(nil)
)

// NewOffice makes an office.
func NewOffice(outbox Outbox, ring *secret.Ring, clock core.Clock, ids *core.IDs) *Office {
	return &Office{outbox: outbox, ring: ring, clock: clock, ids: ids}
}

// Post implements Post: the letter is due at once. Errors: those of Seal and of the outbox.
func (o *Office) Post(ctx context.Context, letter Letter) error {
	envelope, err := o.Seal(letter)
	if err != nil || envelope.ID.IsZero() {
		return err
	}
	return o.outbox.Put(ctx, envelope)
}

// Seal implements Sealer. A kind without a layout or a recipient that could break out of an envelope (OWASP
// ASVS 5.0 1.3.11) is a fault of the caller, KindInternal.
func (o *Office) Seal(letter Letter) (Envelope, error) {
	if _, known := forms[letter.Kind]; !known {
		return Envelope{}, core.Internal(fmt.Errorf("mail: no letter of kind %q", letter.Kind))
	}
	if !validRecipient(letter.To) {
		return Envelope{}, core.Internal(fmt.Errorf("mail: a letter of kind %q has no usable recipient", letter.Kind))
	}
	if letter.HeldBack() {
		return Envelope{}, nil
	}
	id, now := o.ids.New(), o.clock.Now()
	payload, err := seal(o.ring, id, letter)
	if err != nil {
		return Envelope{}, core.Internal(err)
	}
	return Envelope{
		ID: id, Kind: letter.Kind, To: letter.To, Payload: payload, State: StateQueued, CreatedAt: now, NextAt: now,
	}, nil
}

// sealedFor binds a sealed letter to its row.
func sealedFor(id core.ID) string { return secret.PlaceOutbox.Of(id.String()) }

func seal(ring *secret.Ring, id core.ID, letter Letter) ([]byte, error) {
	plain, err := json.Marshal(letter)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return ring.Seal(sealedFor(id), plain), nil
}

func open(ring *secret.Ring, envelope Envelope) (Letter, error) {
	plain, err := ring.Open(sealedFor(envelope.ID), envelope.Payload)
	if err != nil {
		return Letter{}, fmt.Errorf("mail: the letter does not open, a master key may be missing: %w", err)
	}
	var letter Letter
	if err := json.Unmarshal(plain, &letter); err != nil {
		return Letter{}, fmt.Errorf("mail: the sealed letter cannot be read: %w", err)
	}
	return letter, nil
}
