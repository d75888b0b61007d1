package session

import (
	"context"

	"github.com/doorward/doorward/core"
)

// List gives a page of the user's live sessions, newest sign-in first, and where the next page begins; that
// is zero on the last one. A limit out of bounds becomes the nearest one within, none the default.
func (s *Service) List(
	ctx context.Context, user core.ID, page core.Page,
) (sessions []Session, next core.Position, err error) {
	return core.ReadPage(page, func(page core.Page) ([]Session, error) {
		return s.deps.Store.List(ctx, user, s.deps.Clock.Now(), page)
	}, func(last Session) core.Position { return core.Position{At: last.CreatedAt, ID: last.ID} })
}
