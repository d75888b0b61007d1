package verification

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
)

// ProverDeps are what a Prover is made of. All are needed.
type ProverDeps struct {
	Flows Flows
	Links Links
	Ring  *secret.Ring
	Clock core.Clock
}

// Prover hands out codes and links and takes them back. Whatever is wrong with a code it answers with
// ErrCode, with a link with ErrLink; a detail that does not open is KindInternal.
type Prover struct{ deps ProverDeps }

// NewProver makes a prover.
func NewProver(deps ProverDeps) *Prover { return &Prover{deps} }

// Code starts the flow, or renews the code of the flow of that id, and gives the code for its message
// and until when it is good. ID, Purpose, Subject and whom it proves are the caller's; a renewed flow
// must name the same.
func (p *Prover) Code(ctx context.Context, flow Flow) (code string, expiresAt time.Time, err error) {
	code = secret.NewCode()
	flow.Digest = p.deps.Ring.Digest(flow.DigestContext(), code)
	flow.ExpiresAt = p.deps.Clock.Now().Add(CodeTTL)
	expiresAt, err = p.start(ctx, flow)
	return code, expiresAt, err
}

// Decoy starts a flow that no code fits: it expires and counts tries like a real one.
func (p *Prover) Decoy(ctx context.Context, id core.ID, purpose Purpose, subject string) error {
	_, err := p.Wait(ctx, Flow{ID: id, Purpose: purpose, Subject: subject}, CodeTTL)
	return err
}

// Wait starts a flow that is good for ttl and that no code fits until Recode gives it one.
func (p *Prover) Wait(ctx context.Context, flow Flow, ttl time.Duration) (expiresAt time.Time, err error) {
	flow.Digest = secret.Random(len(secret.TokenDigest{}))
	flow.ExpiresAt = p.deps.Clock.Now().Add(ttl)
	return p.start(ctx, flow)
}

// Recode gives a live flow, as Flow has given it, a new code in the place of its last one, and gives the code for its
// message and until when it is good: for CodeTTL, and no longer than the flow. Until when the flow is good stays as it
// is, and so do the tries that were spent. ErrCode.
func (p *Prover) Recode(ctx context.Context, flow Flow) (code string, expiresAt time.Time, err error) {
	now := p.deps.Clock.Now()
	if !now.Before(flow.ExpiresAt) {
		return "", time.Time{}, ErrCode
	}
	code = secret.NewCode()
	flow.Digest = p.deps.Ring.Digest(flow.DigestContext(), code)
	if expiresAt, err = p.start(ctx, flow); now.Add(CodeTTL).Before(expiresAt) {
		expiresAt = now.Add(CodeTTL)
	}
	return code, expiresAt, err
}

func (p *Prover) start(ctx context.Context, flow Flow) (time.Time, error) {
	flow.CreatedAt = p.deps.Clock.Now()
	flow.Subject = veiled(p.deps.Ring, flow.Subject)
	flow.Detail = p.seal(flow.sealContext(), flow.Detail)
	if err := p.deps.Flows.Start(ctx, flow); err != nil {
		return time.Time{}, fmt.Errorf("start flow: %w", err)
	}
	return flow.ExpiresAt, nil
}

// Link makes a link that is good for ttl, and gives its token for the message. Purpose, whom it proves,
// Flow and Detail are the caller's.
func (p *Prover) Link(ctx context.Context, link Link, ttl time.Duration) (token string, expiresAt time.Time, err error) {
	token, link.Digest = secret.NewToken()
	link.CreatedAt = p.deps.Clock.Now()
	link.ExpiresAt = link.CreatedAt.Add(ttl)
	link.Detail = p.seal(link.sealContext(), link.Detail)
	if err := p.deps.Links.Put(ctx, link); err != nil {
		return "", time.Time{}, fmt.Errorf("put link: %w", err)
	}
	return token, link.ExpiresAt, nil
}

// Try spends one try on the code and gives the flow it fits. It must run outside a transaction: the try
// stays spent whatever becomes of the request. The flow is not used up yet; see Spend. ErrCode.
func (p *Prover) Try(ctx context.Context, id core.ID, purpose Purpose, code string) (Flow, error) {
	flow, err := p.Reserve(ctx, id, purpose)
	if err != nil {
		return Flow{}, err
	}
	if !p.Fits(flow, code) {
		return Flow{}, ErrCode
	}
	return flow, nil
}

// Reserve is Try for a flow that other proofs than its own code may finish: it spends one try, whatever is then tried.
// ErrCode.
func (p *Prover) Reserve(ctx context.Context, id core.ID, purpose Purpose) (Flow, error) {
	flow, err := p.deps.Flows.Try(ctx, id, purpose, p.deps.Clock.Now())
	if err != nil {
		return Flow{}, instead(err, ErrCode)
	}
	return p.openFlow(flow)
}

// Fits reports whether the code is the newest of the flow, and was made no longer than CodeTTL ago: a flow may last
// longer than its codes. None fits a decoy.
func (p *Prover) Fits(flow Flow, code string) bool {
	decoy := flow.Registration.IsZero() && flow.User.IsZero()
	fresh := p.deps.Clock.Now().Before(flow.CreatedAt.Add(CodeTTL))
	return p.deps.Ring.Matches(flow.Digest, flow.DigestContext(), code) && fresh && !decoy
}

// Flow gives the flow without spending a try on it. ErrCode when it is unknown, used or killed.
func (p *Prover) Flow(ctx context.Context, id core.ID) (Flow, error) {
	flow, err := p.deps.Flows.Find(ctx, id)
	if err != nil {
		return Flow{}, instead(err, ErrCode)
	}
	return p.openFlow(flow)
}

// Spend uses the flow up, in the transaction of what it permits: of many calls one succeeds. ErrCode.
func (p *Prover) Spend(ctx context.Context, flow Flow) error {
	return instead(p.deps.Flows.Use(ctx, flow.ID, p.deps.Clock.Now()), ErrCode)
}

// Peek tells whether the token is that of a live link, without using it. ErrLink.
func (p *Prover) Peek(ctx context.Context, token string, purpose Purpose) (Link, error) {
	link, err := p.deps.Links.Find(ctx, secret.DigestToken(token), purpose, p.deps.Clock.Now())
	if err != nil {
		return Link{}, instead(err, ErrLink)
	}
	return p.openLink(link)
}

// Follow uses the link up, in the transaction of what it permits: of many calls one succeeds. ErrLink.
func (p *Prover) Follow(ctx context.Context, token string, purpose Purpose) (Link, error) {
	link, err := p.deps.Links.Use(ctx, secret.DigestToken(token), purpose, p.deps.Clock.Now())
	if err != nil {
		return Link{}, instead(err, ErrLink)
	}
	return p.openLink(link)
}

// Kill ends the user's codes and links of the purposes.
func (p *Prover) Kill(ctx context.Context, user core.ID, purposes ...Purpose) error {
	if err := p.deps.Flows.KillUser(ctx, user, purposes...); err != nil {
		return fmt.Errorf("kill flows: %w", err)
	}
	if err := p.deps.Links.KillUser(ctx, user, purposes...); err != nil {
		return fmt.Errorf("kill links: %w", err)
	}
	return nil
}

// Forgive lets the user's codes be tried again, however many failed.
func (p *Prover) Forgive(ctx context.Context, user core.ID) error {
	if err := p.deps.Flows.Forgive(ctx, user.String()); err != nil {
		return fmt.Errorf("forgive failures: %w", err)
	}
	return nil
}

// KillSecrets ends the codes and links by which a mailbox gets at the user's account, and sign-ins that wait for their
// second step: when the mailbox or the password changes, or the account goes. Undo and restore links are not
// among them, or whoever has stolen an account could kill them by resetting its password.
func (p *Prover) KillSecrets(ctx context.Context, user core.ID) error {
	return p.Kill(ctx, user, PurposeConfirmation, PurposePasswordReset, PurposeEmailChange, PurposeUnlock,
		PurposeSecondFactor, PurposeFactorEmail)
}

// KillSince ends the links of that purpose that the link's user was given at or after its making.
func (p *Prover) KillSince(ctx context.Context, link Link) error {
	if err := p.deps.Links.KillSince(ctx, link.User, link.Purpose, link.CreatedAt); err != nil {
		return fmt.Errorf("kill links: %w", err)
	}
	return nil
}

func (p *Prover) seal(place string, detail []byte) []byte {
	if detail == nil {
		return nil
	}
	return p.deps.Ring.Seal(place, detail)
}

func (p *Prover) openFlow(flow Flow) (_ Flow, err error) {
	flow.Detail, err = p.open(flow.sealContext(), flow.Detail)
	return flow, err
}

func (p *Prover) openLink(link Link) (_ Link, err error) {
	link.Detail, err = p.open(link.sealContext(), link.Detail)
	return link, err
}

func (p *Prover) open(place string, sealed []byte) ([]byte, error) {
	if sealed == nil {
		return nil, nil
	}
	detail, err := p.deps.Ring.Open(place, sealed)
	if err != nil {
		return nil, core.Internal(fmt.Errorf("open detail: %w", err))
	}
	return detail, nil
}

// instead puts answer in the place of ErrNotFound and leaves every other error as it is.
func instead(err error, answer *core.Error) error {
	if errors.Is(err, core.ErrNotFound) {
		return answer
	}
	return err
}
