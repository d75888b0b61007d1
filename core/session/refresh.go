package session

import (
	"context"
	"errors"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
)

// Refresh takes a refresh token and gives the session after it, whose Current is the token to answer with,
// and the session's user. ErrReference for a token that is not genuine, ErrEnded when the session is over or
// its user not active, ErrReused when the token proves a theft: the session is then ended everywhere and its
// owner told. Only a token that nothing matches costs more than one statement.
func (s *Service) Refresh(ctx context.Context, raw string) (Session, account.User, error) {
	token, err := s.deps.References.Read(raw)
	if err != nil {
		s.deps.Observer.Refreshed(ResultInvalid)
		return Session{}, account.User{}, err
	}
	refreshed, user, err := s.refresh(ctx, token)
	if !errors.Is(err, core.ErrNotFound) {
		return refreshed, user, err
	}
	err = s.judge(ctx, token)
	if err != nil {
		return Session{}, account.User{}, err
	}
	// The token has become good between the two statements; what happens twice is no race any more.
	refreshed, user, err = s.refresh(ctx, token)
	if errors.Is(err, core.ErrNotFound) {
		err = core.Unavailable(err)
	}
	return refreshed, user, err
}

func (s *Service) refresh(ctx context.Context, token Presented) (Session, account.User, error) {
	rotation := s.rotation()
	refreshed, user, err := s.deps.Store.Refresh(ctx, token, rotation)
	if err == nil {
		s.deps.Observer.Refreshed(refreshed.Chain.reached(token, rotation).String())
	}
	return refreshed, user, err
}

func (s *Service) rotation() Rotation {
	return Rotation{
		Now:     s.deps.Clock.Now(),
		Window:  s.config.Grace,
		IdleTTL: s.config.IdleTTL,
		Nonce:   newNonce(),
	}
}

// verdict is what becomes of a session whose token matched nothing.
type verdict struct {
	result string
	reason EndReason
	change core.Change
	answer error
}

// judge finds out, with the row locked, why a token matched nothing, and ends the session where it must. A
// nil answer means that the token is good by now.
func (s *Service) judge(ctx context.Context, token Presented) error {
	var found verdict
	err := s.deps.Tx.InTx(ctx, func(ctx context.Context) (err error) {
		found, err = s.weigh(ctx, token)
		return err
	})
	if err != nil || found.answer == nil {
		return err
	}
	s.deps.Observer.Refreshed(found.result)
	if found.reason != "" {
		s.ended(ctx, found.reason, found.change)
		s.deps.Log.WarnContext(ctx, "session ended by a refresh", "reason", found.reason, "session_id", token.SessionID)
	}
	return found.answer
}

func (s *Service) weigh(ctx context.Context, token Presented) (verdict, error) {
	over := verdict{result: ResultEnded, answer: ErrEnded}
	rotation := s.rotation()
	row, err := s.deps.Store.Find(ctx, token.SessionID)
	if errors.Is(err, core.ErrNotFound) || err == nil && !row.Live(rotation.Now) {
		return over, nil
	}
	if err != nil {
		return verdict{}, err
	}
	owner, err := s.deps.Owners.Find(ctx, row.UserID)
	if err != nil {
		return verdict{}, err
	}
	_, outcome := row.Present(token, rotation)
	switch {
	case outcome == OutcomeStolen:
		return s.condemn(ctx, row, owner, rotation)
	case outcome == OutcomeStateLost:
		lost := s.ending(ctx, audit.ActionStateLost, EndStateLost, row)
		change, err := s.deps.Ender.End(ctx, row.UserID, row.ID, EndStateLost, rotation.Now, lost)
		return verdict{result: outcome.String(), reason: EndStateLost, change: change, answer: ErrEnded}, err
	case owner.Status != account.StatusActive:
		return over, nil
	}
	return verdict{}, nil
}

// condemn ends a stolen session and writes to its owner in the same transaction.
func (s *Service) condemn(ctx context.Context, row Session, owner account.User, rotation Rotation) (verdict, error) {
	theft := s.ending(ctx, audit.ActionTheft, EndStolen, row)
	change, err := s.deps.Ender.End(ctx, row.UserID, row.ID, EndStolen, rotation.Now, theft)
	if err != nil {
		return verdict{}, err
	}
	letter := account.NewLetter(mail.KindSessionStolen, owner, s.deps.Origins.Of(ctx), rotation.Now)
	err = s.deps.Post.Post(ctx, letter)
	return verdict{result: OutcomeStolen.String(), reason: EndStolen, change: change, answer: ErrReused}, err
}

// ending tells of a session that a refresh ends. Who presented the token is nobody: its owner or a thief.
func (s *Service) ending(ctx context.Context, action audit.Action, reason EndReason, row Session) audit.Event {
	return s.deps.Trail.Event(ctx, audit.Event{
		Action: action, Outcome: audit.Refused, Reason: string(reason), Subject: row.UserID, SessionID: row.ID,
	})
}

// reached tells by which living outcome the token led to the chain c, for counting.
func (c Chain) reached(token Presented, rotation Rotation) Outcome {
	switch {
	case c.Generation == token.Generation:
		return OutcomeSame
	case c.Nonce == rotation.Nonce:
		return OutcomeRotated
	case c.Branches > 1 && c.RotatedAt.Equal(rotation.Now):
		return OutcomeBranched
	}
	return OutcomeRepeated
}
