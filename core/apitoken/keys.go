package apitoken

import (
	"context"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// KeyDraft is what somebody asks for of a key.
type KeyDraft struct {
	// ExpiresIn or ExpiresAt says how long it is good; neither means until it is revoked.
	ExpiresIn time.Duration
	ExpiresAt *time.Time
}

// MaxKeyTTL is the longest that a key is good which is to end at all: what is to last longer is better revoked when
// it is replaced.
const MaxKeyTTL = 10 * 365 * 24 * time.Hour

// MakeKey makes a key of a service account. The text is told this once. Whoever makes a key can do what the service
// account may, so they must hold all of it: the errors of access.Verdict.Err. core.ErrNotFound, ErrTooMany, KindInvalid
// for the fields expires_in and expires_at.
func (s *Service) MakeKey(
	ctx context.Context, principal core.Principal, account core.ID, draft KeyDraft,
) (Key, Secret, error) {
	text, digest, hint := newSecret(FormService)
	key := Key{ID: s.deps.IDs.New(), ServiceID: account, Digest: digest, Hint: hint, CreatedAt: s.deps.Clock.Now()}
	event := audit.Event{
		Action: audit.ActionServiceKeyCreate, Subject: account, Metadata: map[string]string{"key_id": key.ID.String()},
	}
	var err error
	if key.ExpiresAt, err = readExpiry(key.CreatedAt, draft.ExpiresAt, draft.ExpiresIn, 0, MaxKeyTTL); err != nil {
		return Key{}, Secret{}, err
	}
	err = s.deps.Tx.InTx(ctx, func(ctx context.Context) error {
		if _, _, err := s.held(ctx, principal, account); err != nil {
			return err
		}
		if err := s.deps.Keys.Put(ctx, key); err != nil {
			return err
		}
		return s.deps.Trail.Record(ctx, event.By(principal))
	})
	if err != nil {
		return Key{}, Secret{}, s.deps.Trail.Refuse(ctx, event.By(principal), err)
	}
	return key, text, nil
}

// ListKeys gives the keys of a service account that have not expired, newest first. core.ErrNotFound.
func (s *Service) ListKeys(ctx context.Context, account core.ID) ([]Key, error) {
	if _, err := s.deps.Accounts.Find(ctx, account); err != nil {
		return nil, err
	}
	return s.deps.Keys.List(ctx, account, s.deps.Clock.Now())
}

// RevokeKey ends a key, at once and everywhere. core.ErrNotFound, and the errors of access.Verdict.Err.
func (s *Service) RevokeKey(ctx context.Context, principal core.Principal, account, id core.ID) error {
	event := audit.Event{
		Action: audit.ActionServiceKeyRevoke, Subject: account, Metadata: map[string]string{"key_id": id.String()},
	}
	err := s.deps.Tx.InTx(ctx, func(ctx context.Context) error {
		if _, _, err := s.held(ctx, principal, account); err != nil {
			return err
		}
		if err := s.deps.Keys.Remove(ctx, account, id); err != nil {
			return err
		}
		return s.deps.Trail.Record(ctx, event.By(principal))
	})
	return s.deps.Trail.Refuse(ctx, event.By(principal), err)
}
