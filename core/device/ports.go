package device

import (
	"context"
	"time"

	"github.com/doorward/doorward/core"
)

// Store keeps devices. What a sign-in does to one is written with the session, see session.Opening.
type Store interface {
	// Put adds a device and forgets the user's longest unused beyond MaxDevices. core.ErrNotFound when the user
	// is gone.
	Put(ctx context.Context, device Device) error
	// List gives up to page.Limit devices of a user that have not expired, newest first (by CreatedAt, then ID,
	// both descending), behind page.After.
	List(ctx context.Context, user core.ID, now time.Time, page core.Page) ([]Device, error)
	// Forget removes one device of the user. core.ErrNotFound when the user has no such device.
	Forget(ctx context.Context, user, id core.ID) error
	// ForgetAll removes every device of the user.
	ForgetAll(ctx context.Context, user core.ID) error
}
