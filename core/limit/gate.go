package limit

import (
	"context"
	"fmt"
)

// Gate is one limit that use cases ask, by key, where going beyond it is no error: something is left undone.
// The zero Gate is open.
type Gate struct {
	limiter Limiter
	name    string
	limit   Limit
}

// NewGate makes a gate that counts under the name.
func NewGate(limiter Limiter, name string, limit Limit) Gate {
	return Gate{limiter: limiter, name: name, limit: limit}
}

// Admit takes one call for every key and reports whether all had one. It may talk to a network peer, so it
// is not for the inside of a transaction. Errors: those of Limiter.Take.
func (g Gate) Admit(ctx context.Context, keys ...string) (bool, error) {
	if g.limiter == nil {
		return true, nil
	}
	buckets := make([]Bucket, 0, len(keys))
	for _, key := range keys {
		buckets = append(buckets, Bucket{Name: g.name, Key: key, Limit: g.limit})
	}
	verdict, err := g.limiter.Take(ctx, buckets...)
	if err != nil {
		return false, fmt.Errorf("count against %s: %w", g.name, err)
	}
	return verdict.Allowed, nil
}
