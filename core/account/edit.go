package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/doorward/doorward/core"
)

// editTries is how often Edit reads and writes before it gives a conflict up: two honest clients of one
// person never collide that often.
const editTries = 5

// Edit reads the user, lets change alter them and saves; when somebody else wrote in between it reads
// again and starts over. It is the one place where conflicts of revisions are resolved. change may run
// several times, and an error of it is returned as it is. The user returned carries the new Rev.
// core.ErrNotFound; core.ErrConflict after the fifth collision; ErrEmailTaken, ErrUsernameTaken.
func Edit(ctx context.Context, users Store, id core.ID, change func(user *User) error) (User, core.Change, error) {
	for try := 1; ; try++ {
		user, err := users.Find(ctx, id)
		if err != nil {
			return User{}, core.Change{}, fmt.Errorf("find user: %w", err)
		}
		if err = change(&user); err != nil {
			return User{}, core.Change{}, err
		}
		saved, err := users.Save(ctx, user)
		switch {
		case err == nil:
			user.Rev = saved.Rev
			return user, saved, nil
		case !errors.Is(err, core.ErrConflict) || try == editTries:
			return User{}, core.Change{}, fmt.Errorf("save user: %w", err)
		}
	}
}
