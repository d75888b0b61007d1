package access

import (
	"time"

	"github.com/doorward/doorward/core"
)

// Rights is what a caller holds at this moment.
type Rights struct {
	// Who is the person or service account.
	Who core.ID
	Set Set
	// SecondFactorSince is since when a role of the person's demands a second factor of them: when the first such role
	// came to demand it. Zero where none does.
	SecondFactorSince time.Time
}

// Act is what is to be done to a resource.
type Act struct {
	// Any is the permission that does it to anybody's.
	Any Bit
	// Own is the permission that suffices for what is the caller's own; Everything, the zero value, where being its
	// owner gives nothing.
	Own Bit
	// Others marks acts that nobody does to what is their own, whatever they hold.
	Others bool
	// Reads marks acts that change nothing: they reach those who hold more than the caller too.
	Reads bool
}

// Resource is what is acted upon.
type Resource struct {
	// Owner is whom it belongs to; zero for what is nobody's, such as a role.
	Owner core.ID
	// Holds is what its owner, or the role, group or token itself, holds now; and, where the act gives or takes rights,
	// all that it gives and takes.
	Holds Set
}

// Verdict is what was decided.
type Verdict uint8

// The verdicts.
const (
	// Permitted: it may be done.
	Permitted Verdict = iota
	// Lacking: the caller does not hold the permission.
	Lacking
	// Exceeding: the caller holds the permission, and the resource holds more than the caller does.
	Exceeding
	// Oneself: the act is for others, and the resource is the caller's own.
	Oneself
)

// Decide tells whether somebody who holds the rights may do the act to the resource. It is the one rule of this
// product: the permission is held, for what is one's own or for anybody's; whoever changes something holds all that the
// thing holds, gets or loses, unless it is their own; and nobody does to themselves what is for others. What everybody
// holds is not asked for: else nobody could be touched by a token or machine without the scopes me.read and me.write. It
// asks nobody, waits for nothing and needs no memory.
func Decide(rights *Rights, act Act, resource *Resource) Verdict {
	own := !resource.Owner.IsZero() && resource.Owner == rights.Who
	if own && act.Own != Everything && rights.Set.Has(act.Own) {
		return Permitted
	}
	if !rights.Set.Has(act.Any) {
		return Lacking
	}
	needed := resource.Holds
	needed.Drop(&everybody)
	if !act.Reads && !rights.Set.Covers(&needed) {
		return Exceeding
	}
	if own && act.Others {
		return Oneself
	}
	return Permitted
}

// Err is the refusal of an act that was not permitted; nil for Permitted. It is KindForbidden: CodeForbidden names the
// permission that is lacking, or tells that it is one's own account; CodeExceedsRights tells that the caller holds less
// than what they touch.
func (v Verdict) Err(act Act) error {
	switch v {
	case Lacking:
		return Lacks(act.Any)
	case Exceeding:
		return ErrExceeds
	case Oneself:
		return ErrOneself
	case Permitted:
	}
	return nil
}

// ErrExceeds is the refusal of an act that gives, takes or touches more than the caller holds.
var ErrExceeds = core.NewError(core.KindForbidden, core.CodeExceedsRights, "This needs rights that you do not hold yourself.")

// ErrOneself keeps administrators from going around what guards their own account: a thief of a session could remove the
// second factor there, or delete the account without a proof of who they are.
var ErrOneself = core.NewError(core.KindForbidden, core.CodeForbidden, "This is your own account. Use the operations of /v1/me.")

// Lacks is the refusal of a caller without the permission, or without any of those that would do.
func Lacks(bit Bit, others ...Bit) error {
	needed := bit.Key()
	for _, other := range others {
		needed += " or " + other.Key()
	}
	return core.NewError(core.KindForbidden, core.CodeForbidden, "This needs the permission "+needed+".")
}
