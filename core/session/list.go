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
	if page.Limit == 0 {
		page.Limit = core.PageLimitDefault
	}
	limit := max(1, min(page.Limit, core.PageLimitMax))
	page.Limit = limit + 1
	sessions, err = s.deps.Store.List(ctx, user, s.deps.Clock.Now(), page)
	if err != nil || len(sessions) <= limit {
		return sessions, core.Position{}, err
	}
	last := sessions[limit-1]
	return sessions[:limit], core.Position{At: last.CreatedAt, ID: last.ID}, nil
}
