package verificationtest

import (
	"context"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/verification"
)

// KillSince implements verification.Links.
func (l *Links) KillSince(
	ctx context.Context, user core.ID, purpose verification.Purpose, since time.Time,
) error {
	return l.db.Do(ctx, func() error {
		for digest, row := range l.rows.All() {
			if row.User == user && row.Purpose == purpose && !row.CreatedAt.Before(since) {
				l.rows.Delete(digest)
			}
		}
		return nil
	})
}
