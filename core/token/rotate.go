package token

import (
	"context"
	"time"

	"github.com/doorward/doorward/core"
)

// KeyState is where a key stands in its life.
type KeyState string

// The states, in the order in which a key passes through them.
const (
	// KeyWaiting is published and does not sign yet.
	KeyWaiting KeyState = "waiting"
	// KeySigning makes the tokens of today.
	KeySigning KeyState = "signing"
	// KeyRetiring signs no more; its last tokens are alive.
	KeyRetiring KeyState = "retiring"
	// KeyRetired has left the key set and waits to be removed.
	KeyRetired KeyState = "retired"
	// KeySealed would sign, but does not open with the master keys at hand.
	KeySealed KeyState = "sealed"
)

// KeyInfo is what an operator is told of a key.
type KeyInfo struct {
	ID         string
	Algorithm  Algorithm
	State      KeyState
	CreatedAt  time.Time
	ActiveFrom time.Time
	// RetireAt is zero while no newer key exists.
	RetireAt time.Time
}

// Rotate makes a new key, which signs after PublishFor (at once when no other can), and sets the time at
// which the older ones leave the key set: when the last token that they may still sign is dead. Errors:
// those of the store and KindInternal.
func (r *Ring) Rotate(ctx context.Context) (KeyInfo, error) {
	if err := r.Reload(ctx); err != nil {
		return KeyInfo{}, err
	}
	now := r.deps.Clock.Now()
	active := now
	if _, err := r.Active(); err == nil {
		active = now.Add(PublishFor)
	}
	record, err := newRecord(r.deps.Master, r.deps.IDs.New().String(), r.config.Algorithm, now, active)
	if err != nil {
		return KeyInfo{}, core.Internal(err)
	}
	return r.succeed(ctx, record)
}

// succeed stores a key, and the end of all others with it, and begins to use it.
func (r *Ring) succeed(ctx context.Context, fresh KeyRecord) (KeyInfo, error) {
	end := fresh.ActiveFrom.Add(r.config.TokenTTL + Leeway + ReloadEvery)
	err := r.deps.Tx.InTx(ctx, func(ctx context.Context) error {
		if failure := r.deps.Store.AddKey(ctx, fresh, false); failure != nil {
			return failure
		}
		return r.deps.Store.RetireKeys(ctx, fresh.ID, end)
	})
	if err == nil {
		err = r.Reload(ctx)
	}
	if err != nil {
		return KeyInfo{}, err
	}
	r.deps.Log.InfoContext(ctx, "signing key made",
		"kid", fresh.ID, "algorithm", fresh.Algorithm, "active_from", fresh.ActiveFrom)
	return r.info(r.state.Load().byID[fresh.ID]), nil
}

// RotateDue rotates when the newest key has reached the age of RotateEvery, and reports whether it did.
// Two replicas that do so at the same moment make a key each, which does no harm; a caller that minds
// holds a lock.
func (r *Ring) RotateDue(ctx context.Context) (bool, error) {
	if r.config.RotateEvery <= 0 {
		return false, nil
	}
	if err := r.Reload(ctx); err != nil {
		return false, err
	}
	now := r.deps.Clock.Now()
	for _, key := range r.state.Load().keys {
		if now.Sub(key.CreatedAt) < r.config.RotateEvery {
			return false, nil
		}
	}
	_, err := r.Rotate(ctx)
	return err == nil, err
}

// List tells the state of every stored key, oldest first. Errors are those of the store.
func (r *Ring) List(ctx context.Context) ([]KeyInfo, error) {
	if err := r.Reload(ctx); err != nil {
		return nil, err
	}
	keys := r.state.Load().keys
	infos := make([]KeyInfo, 0, len(keys))
	for _, key := range keys {
		infos = append(infos, r.info(key))
	}
	return infos, nil
}

func (r *Ring) info(key Key) KeyInfo {
	return KeyInfo{
		ID: key.ID, Algorithm: key.Algorithm, State: r.stateOf(key),
		CreatedAt: key.CreatedAt, ActiveFrom: key.ActiveFrom, RetireAt: key.RetireAt,
	}
}

func (r *Ring) stateOf(key Key) KeyState {
	now := r.deps.Clock.Now()
	active, err := r.Active()
	switch {
	case !key.Published(now):
		return KeyRetired
	case err == nil && active.ID == key.ID:
		return KeySigning
	case key.Private == nil && key.RetireAt.IsZero():
		return KeySealed
	case now.Before(key.ActiveFrom):
		return KeyWaiting
	default:
		return KeyRetiring
	}
}
