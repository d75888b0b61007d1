package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/secret"
)

// try is one try at a password that was counted before it is made.
type try struct {
	// user is the zero User where nobody has the identifier.
	user     account.User
	standing lockout.Standing
	// subject is what was guessed at; shown and source count what the client is told, where it is.
	subject string
	shown   string
	source  string
}

// reserve finds who is meant and counts the try. It does the same for everybody, and for nobody.
func (s *Service) reserve(ctx context.Context, with Credentials) (try, error) {
	name := account.ClipIdentifier(with.Identifier)
	identifier, ok := account.ParseIdentifier(with.Identifier)
	found := try{source: s.deps.Subjects.SourceOf(core.ClientFrom(ctx).IP)}
	if ok {
		name = identifier.Key
		user, err := s.deps.Users.FindByIdentifier(ctx, identifier)
		if err != nil && !errors.Is(err, core.ErrNotFound) {
			return try{}, fmt.Errorf("find user: %w", err)
		}
		found.user = user
	}
	found.subject = s.deps.Subjects.Unknown(name)
	if !found.user.ID.IsZero() {
		found.subject = lockout.PasswordOf(found.user.ID)
	}
	if s.config.TellAttempts {
		found.shown = s.deps.Subjects.Shown(name)
	}
	standing, err := s.deps.Tries.Reserve(ctx, lockout.Reservation{
		Subject: found.subject, Source: found.source, Shown: found.shown,
		User: found.user.ID, Token: secret.DigestToken(with.DeviceToken), From: s.deps.Origins.Of(ctx),
		Now: s.deps.Clock.Now(), Rules: s.config.Lockout,
	})
	if err != nil {
		return try{}, fmt.Errorf("reserve a try: %w", err)
	}
	found.standing = standing
	return found, nil
}

// hash is what the password is compared with: nothing, which costs the same and matches nothing, where there is
// nobody or no try left.
func (t try) hash() account.PasswordHash {
	if !t.standing.Allowed {
		return ""
	}
	return t.user.Password
}

// counters are those that a success forgets.
func (t try) counters() []lockout.Counters {
	counters := []lockout.Counters{t.standing.Counters}
	if t.shown != "" {
		counters = append(counters, lockout.Counters{Subject: t.shown, Sources: []string{t.source}})
	}
	return counters
}

// The reasons of a sign-in that failed, for the log alone.
const (
	reasonLocked   = "locked"
	reasonUnknown  = "unknown"
	reasonPassword = "wrong_password"
)

func (t try) reason() string {
	switch {
	case t.user.ID.IsZero():
		return reasonUnknown
	case !t.standing.Allowed:
		return reasonLocked
	}
	return reasonPassword
}

// giveBackTimeout is how long a refused client waits at most for its try to be given back.
const giveBackTimeout = time.Second

// giveBack takes a try back for which there was no room among the hashes: who is turned away by a crowd has guessed
// nothing, and must not be locked out by coming again. It is answered with why.
func (s *Service) giveBack(ctx context.Context, unmade try, why error) error {
	if !unmade.standing.Allowed {
		return why
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBackTimeout)
	defer cancel()
	if err := s.deps.Tries.Release(ctx, unmade.counters()...); err != nil {
		s.deps.Log.WarnContext(ctx, "a try was not given back", "user_id", unmade.user.ID, "error", err)
	}
	return why
}

// refuse answers a wrong password. Whoever is meant, it does the same work.
func (s *Service) refuse(ctx context.Context, failed try) error {
	s.deps.Trail.Note(ctx, audit.Event{
		Action: audit.ActionSignIn, Outcome: audit.Failure, Reason: failed.reason(), Subject: failed.user.ID,
		Metadata: map[string]string{"factor": FactorPassword, "device": familiarity(failed.standing.Device)},
	})
	if failed.standing.Last {
		if err := s.announceLock(ctx, failed.user.ID, failed.subject); err != nil {
			return err
		}
	}
	if failed.shown == "" {
		return ErrInvalidCredentials
	}
	refusal := *ErrInvalidCredentials
	refusal.AttemptsLeft = &failed.standing.Left
	return &refusal
}

// turnAway answers somebody who gave the right password, but may not come in: that was no guess.
func (s *Service) turnAway(ctx context.Context, right try, refusal error) error {
	var domain *core.Error
	if !errors.As(refusal, &domain) || domain.Kind != core.KindForbidden {
		return refusal
	}
	s.deps.Trail.Note(ctx, audit.Event{
		Action: audit.ActionSignIn, Outcome: audit.Refused, Reason: string(domain.Code), Subject: right.user.ID,
		Metadata: map[string]string{"factor": FactorPassword, "device": familiarity(right.standing.Device)},
	})
	if err := s.deps.Tries.Clear(ctx, right.counters()...); err != nil {
		return fmt.Errorf("clear tries: %w", err)
	}
	return refusal
}
