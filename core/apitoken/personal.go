package apitoken

import (
	"context"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
)

// Draft is what somebody asks for of a token.
type Draft struct {
	Name   string
	Scopes []string
	// ExpiresIn or ExpiresAt says how long it is good; neither means DefaultTTL, or the longest where that is less.
	ExpiresIn time.Duration
	ExpiresAt *time.Time
}

// Create makes a personal token of the caller, who has signed in lately, and mails them about it. The text is told this
// once. The scopes must be held by the caller now; at each use what counts is what they hold then.
//
// Errors: core.CodeReauthentication, also where the password was changed meanwhile; KindInvalid for the fields name,
// scopes, expires_in and expires_at (core.CodeUnknownValue for a scope that is no permission); access.ErrExceeds;
// ErrTooMany; those of access.Warden.Person.
func (s *Service) Create(ctx context.Context, principal core.Principal, draft Draft) (Token, Secret, error) {
	token, text, err := s.create(ctx, principal, draft)
	event := audit.Event{Action: audit.ActionTokenCreate, Subject: principal.UserID}
	return token, text, s.deps.Trail.Refuse(ctx, event.By(principal), err)
}

func (s *Service) create(ctx context.Context, principal core.Principal, draft Draft) (Token, Secret, error) {
	user, err := s.deps.Users.Find(ctx, principal.UserID)
	if err != nil {
		return Token{}, Secret{}, err
	}
	now := s.deps.Clock.Now()
	if err = user.RequireProof(principal, now, s.config.RecentWindow); err != nil {
		return Token{}, Secret{}, err
	}
	token, err := s.read(ctx, &user, draft, now)
	if err != nil {
		return Token{}, Secret{}, err
	}
	text, digest, hint := newSecret(FormPersonal)
	token.ID, token.UserID, token.CreatedAt = s.deps.IDs.New(), user.ID, now
	token.Digest, token.Hint = digest, hint
	err = s.deps.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.deps.Tokens.Put(ctx, token); err != nil {
			return err
		}
		if err := s.unchanged(ctx, principal, user); err != nil {
			return err
		}
		event := audit.Event{Action: audit.ActionTokenCreate, Subject: user.ID, Metadata: map[string]string{
			"token_id": token.ID.String(), "scopes": audit.Listed(token.Scopes),
		}}
		if err := s.deps.Trail.Record(ctx, event.By(principal)); err != nil {
			return err
		}
		letter := account.NewLetter(mail.KindTokenCreated, user, s.deps.Origins.Of(ctx), now)
		letter.Label = token.Name
		return s.deps.Post.Post(ctx, letter)
	})
	if err != nil {
		return Token{}, Secret{}, err
	}
	return token, text, nil
}

// unchanged judges the caller once more behind Put, which has locked them: a reset, or whatever else takes all tokens
// away, has perhaps come since they were judged, and would be outlived by a token that was asked for before it.
func (s *Service) unchanged(ctx context.Context, principal core.Principal, judged account.User) error {
	user, err := s.deps.Warden.Person(ctx, principal)
	if err == nil && !user.PasswordChangedAt.Equal(judged.PasswordChangedAt) {
		err = core.Unproven(user.Ways()...)
	}
	return err
}

// read holds a draft against the rules.
func (s *Service) read(ctx context.Context, user *account.User, draft Draft, now time.Time) (Token, error) {
	catalogue, err := s.deps.Access.Catalogue(ctx)
	if err != nil {
		return Token{}, err
	}
	var token Token
	var wrong core.Violations
	var broken error
	token.Name, broken = readName(draft.Name)
	wrong.Add("name", broken)
	token.Scopes, broken = readScopes(catalogue, draft.Scopes, forPerson)
	addOwn(&wrong, broken)
	token.ExpiresAt, broken = readExpiry(now, draft.ExpiresAt, draft.ExpiresIn, min(DefaultTTL, s.config.MaxTTL), s.config.MaxTTL)
	addOwn(&wrong, broken)
	if err = wrong.Err(); err != nil {
		return Token{}, err
	}
	held, wanted := catalogue.Rights(user), catalogue.Set(token.Scopes...)
	if !held.Set.Covers(&wanted) {
		return Token{}, access.ErrExceeds
	}
	return token, nil
}

// addOwn notes violations that name their fields already.
func addOwn(wrong *core.Violations, broken error) {
	if broken != nil {
		wrong.AddFields(core.AsError(broken).Fields...)
	}
}

// List gives a page of the user's tokens that have not expired, newest first, and where the next page begins; that is
// zero on the last one. A limit out of bounds becomes the nearest one within, none the default.
func (s *Service) List(ctx context.Context, user core.ID, page core.Page) (tokens []Token, next core.Position, err error) {
	return core.ReadPage(page, func(page core.Page) ([]Token, error) {
		return s.deps.Tokens.List(ctx, user, s.deps.Clock.Now(), page)
	}, func(last Token) core.Position { return core.Position{At: last.CreatedAt, ID: last.ID} })
}

// Revoke ends one of the caller's tokens, at once and everywhere. core.ErrNotFound when the caller has no such token.
func (s *Service) Revoke(ctx context.Context, principal core.Principal, id core.ID) error {
	return s.deps.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.deps.Tokens.Remove(ctx, principal.UserID, id); err != nil {
			return err
		}
		event := audit.Event{
			Action: audit.ActionTokenRevoke, Subject: principal.UserID, Metadata: map[string]string{"token_id": id.String()},
		}
		return s.deps.Trail.Record(ctx, event.By(principal))
	})
}
