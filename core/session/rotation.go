package session

import "time"

// Rotation is the setting of one refresh: the rule's clock and windows, and the nonce for a new
// generation should there be one.
type Rotation struct {
	Now time.Time
	// Window is the grace within which a repeated or racing refresh is answered with the same token.
	Window time.Duration
	// IdleTTL is added to Now for the new idle limit, which never passes the absolute one.
	IdleTTL time.Duration
	// Nonce is fresh and random; it is used only if the chain rotates.
	Nonce Nonce
}

// Outcome is what the rule decides for a token that is presented.
type Outcome uint8

// The outcomes. The first four are living branches and are answered; the last two end the session.
const (
	// OutcomeRotated is a current token that was used: a new generation begins, its siblings die.
	OutcomeRotated Outcome = iota
	// OutcomeSame is a current token younger than the window: it is answered with itself.
	OutcomeSame
	// OutcomeRepeated is the previous token within the window: the newest branch is handed out again.
	OutcomeRepeated
	// OutcomeBranched is the previous token after the window: the reply was lost, one more branch.
	OutcomeBranched
	// OutcomeStolen is an older token, or a sibling of the one that was used.
	OutcomeStolen
	// OutcomeStateLost is a token that this row cannot have made: the database was set back.
	OutcomeStateLost
)

var outcomeNames = [...]string{"rotated", "same", "repeated", "branched", "stolen", "state_lost"}

// String names the outcome for logs and metrics.
func (o Outcome) String() string { return outcomeNames[o] }

// Living reports whether the token was good and is to be answered; any other outcome ends the session.
func (o Outcome) Living() bool { return o <= OutcomeBranched }

// Present applies the rule to a token of a live session and gives the session after it: for a living
// outcome the chain of Chain.Present, LastUsedAt and a new idle limit; for any other the session unchanged.
func (s Session) Present(token Presented, rotation Rotation) (Session, Outcome) {
	chain, outcome := s.Chain.Present(token, rotation)
	if !outcome.Living() {
		return s, outcome
	}
	s.Chain = chain
	s.LastUsedAt = rotation.Now
	s.IdleExpiresAt = rotation.Now.Add(rotation.IdleTTL)
	if s.ExpiresAt.Before(s.IdleExpiresAt) {
		s.IdleExpiresAt = s.ExpiresAt
	}
	return s, outcome
}

// Present applies the rule to a token and gives the chain after it; package refreshmodel states and proves
// what it promises to an honest client, and how soon it finds a thief. The chain is unchanged unless the
// outcome is OutcomeRotated or OutcomeBranched. A negative age, from a clock that was set back, counts as
// inside the window, and RotatedAt never moves back.
func (c Chain) Present(token Presented, rotation Rotation) (Chain, Outcome) {
	young := rotation.Now.Sub(c.RotatedAt) < rotation.Window
	switch {
	case token.Generation == c.Generation:
		return c.presentCurrent(token, rotation, young)
	case token.Generation == c.Generation-1:
		return c.presentPrevious(token, rotation, young)
	case token.Generation > c.Generation:
		return c, OutcomeStateLost
	default:
		return c, OutcomeStolen
	}
}

func (c Chain) presentCurrent(token Presented, rotation Rotation, young bool) (Chain, Outcome) {
	if token.Nonce != c.Nonce || token.Branch >= c.Branches {
		return c, OutcomeStateLost
	}
	first := token.Generation == 0 && token.Branch == 0
	if young && !first && token.Branch == c.Branches-1 {
		return c, OutcomeSame
	}
	return Chain{
		Generation: c.Generation + 1,
		Nonce:      rotation.Nonce,
		Branches:   1,
		RotatedAt:  later(c.RotatedAt, rotation.Now),
		UsedNonce:  c.Nonce,
		UsedBranch: token.Branch,
	}, OutcomeRotated
}

func (c Chain) presentPrevious(token Presented, rotation Rotation, young bool) (Chain, Outcome) {
	switch {
	case token.Nonce != c.UsedNonce:
		return c, OutcomeStateLost
	case token.Branch != c.UsedBranch:
		return c, OutcomeStolen
	case young:
		return c, OutcomeRepeated
	}
	c.Branches++
	c.RotatedAt = rotation.Now // a window ahead
	return c, OutcomeBranched
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
