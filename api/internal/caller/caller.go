// Package caller carries who calls an operation from the policy, which admits them, to the handler.
package caller

import (
	"context"
	"errors"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/signin"
)

type key struct{}

// With gives a context that tells of the caller that was admitted.
func With(ctx context.Context, admitted signin.Authenticated) context.Context {
	return context.WithValue(ctx, key{}, admitted)
}

// From gives the caller that was admitted, if one was.
func From(ctx context.Context) (signin.Authenticated, bool) {
	admitted, ok := ctx.Value(key{}).(signin.Authenticated)
	return admitted, ok
}

// Of is From for operations for persons: there its absence is a fault of the edge, and told as core.KindInternal.
func Of(ctx context.Context) (signin.Authenticated, error) {
	admitted, ok := From(ctx)
	if !ok {
		return admitted, core.Internal(errors.New("no caller in the context"))
	}
	return admitted, nil
}
