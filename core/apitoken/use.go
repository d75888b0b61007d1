package apitoken

import (
	"context"
	"errors"
	"fmt"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/token"
)

// Presented checks what programs show. Safe for concurrent use.
type Presented struct {
	tokens Tokens
	keys   Keys
	clock  core.Clock
}

// NewPresented makes the check.
func NewPresented(tokens Tokens, keys Keys, clock core.Clock) *Presented {
	return &Presented{tokens: tokens, keys: keys, clock: clock}
}

// Token gives the personal token that a text is, at the price of one statement on the primary and without any memory:
// a token that is revoked is good nowhere at the very next request. token.ErrInvalid for a text that is none, is not
// any more, or has expired.
func (p *Presented) Token(ctx context.Context, text string) (Token, error) {
	if form, ok := FormOf(text); !ok || form != FormPersonal || !wellFormed(text) {
		return Token{}, token.ErrInvalid
	}
	held, err := p.tokens.Use(ctx, secret.DigestToken(text), p.clock.Now())
	return held, invalid(err)
}

// Key gives the key that a text is with its service account, which is enabled; else as Token.
func (p *Presented) Key(ctx context.Context, text string) (Key, ServiceAccount, error) {
	if form, ok := FormOf(text); !ok || form != FormService || !wellFormed(text) {
		return Key{}, ServiceAccount{}, token.ErrInvalid
	}
	held, account, err := p.keys.Use(ctx, secret.DigestToken(text), p.clock.Now())
	return held, account, invalid(err)
}

func invalid(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, core.ErrNotFound):
		return token.ErrInvalid
	}
	return fmt.Errorf("look a token up: %w", err)
}
