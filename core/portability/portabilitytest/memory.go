// Package portabilitytest holds the contract suite of portability.Store and the in-memory fake of it.
package portabilitytest

import (
	"context"
	"slices"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/access/accesstest"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/portability"
)

// Memory is a portability.Store in memory.
type Memory struct {
	db    *coretest.Database
	users *accounttest.Store
	held  *accesstest.Memory
	marks *coretest.Table[core.ID, portability.Mark]
}

var _ portability.Store = (*Memory)(nil)

// NewMemory makes a store for the users, whose rows stay with them. held knows which roles there are, and who has them
// from whom.
func NewMemory(db *coretest.Database, users *accounttest.Store, held *accesstest.Memory) *Memory {
	m := &Memory{db: db, users: users, held: held, marks: coretest.NewTable[core.ID, portability.Mark](db)}
	db.OnRemoved(func(subject string, id core.ID) {
		if subject == "user" {
			m.marks.Delete(id)
		}
	})
	return m
}

// Standing implements portability.Store.
func (m *Memory) Standing(
	ctx context.Context, externalIDs, emailKeys, usernameKeys []string,
) (portability.Standing, error) {
	users, err := m.users.All(ctx)
	if err != nil {
		return portability.Standing{}, err
	}
	found := portability.Standing{
		Accounts: map[string]portability.Known{}, Emails: map[string]core.ID{}, Usernames: map[string]core.ID{},
	}
	err = m.db.Do(ctx, func() error {
		for _, user := range users {
			if slices.Contains(externalIDs, user.ExternalID) && user.ExternalID != "" {
				mark, marked := m.marks.Get(user.ID)
				if marked = marked && mark.ExternalID == user.ExternalID; !marked {
					mark = portability.Mark{}
				}
				found.Accounts[user.ExternalID] = portability.Known{User: user, Mark: mark, Marked: marked}
			}
			if slices.Contains(emailKeys, user.EmailKey) {
				found.Emails[user.EmailKey] = user.ID
			}
			if slices.Contains(usernameKeys, user.UsernameKey) && user.UsernameKey != "" {
				found.Usernames[user.UsernameKey] = user.ID
			}
		}
		return nil
	})
	return found, err
}

// Add implements portability.Store.
func (m *Memory) Add(ctx context.Context, accounts []portability.Imported, events ...audit.Event) error {
	catalogue, err := m.held.Catalogue(ctx)
	if err != nil {
		return err
	}
	if err = m.db.Do(ctx, func() error { return m.check(catalogue, accounts) }); err != nil {
		return err
	}
	return m.db.InTx(ctx, func(ctx context.Context) error {
		for _, each := range accounts {
			if err := m.add(ctx, each); err != nil {
				return err
			}
		}
		return m.db.Do(ctx, func() error { m.db.Record(events...); return nil })
	})
}

func (m *Memory) add(ctx context.Context, each portability.Imported) error {
	if err := m.users.Create(ctx, each.User); err != nil {
		return err
	}
	for _, role := range each.User.Roles {
		if err := m.held.Assign(ctx, each.User.ID, access.Membership{Role: role, By: each.By, At: each.At}); err != nil {
			return err
		}
	}
	return m.db.Do(ctx, func() error { m.marks.Put(each.User.ID, each.Mark); return nil })
}

// check refuses all of the accounts where one of them cannot be. Only one goroutine is in the database meanwhile where
// the caller has begun a transaction.
func (m *Memory) check(catalogue *access.Catalogue, accounts []portability.Imported) error {
	for _, each := range accounts {
		user := each.User
		for _, role := range user.Roles {
			if _, known := catalogue.RoleNamed(role); !known {
				return core.ErrNotFound
			}
		}
		for _, taken := range []struct {
			by      func(other account.User) bool
			refusal error
		}{
			{func(other account.User) bool { return other.EmailKey == user.EmailKey }, account.ErrEmailTaken},
			{func(other account.User) bool {
				return user.UsernameKey != "" && other.UsernameKey == user.UsernameKey
			}, account.ErrUsernameTaken},
			{func(other account.User) bool { return other.ExternalID == user.ExternalID }, account.ErrExternalIDTaken},
		} {
			if m.users.Any(taken.by) {
				return taken.refusal
			}
		}
	}
	return nil
}

// Remember implements portability.Store.
func (m *Memory) Remember(ctx context.Context, id core.ID, mark portability.Mark) error {
	return m.db.Do(ctx, func() error {
		if _, marked := m.marks.Get(id); !marked {
			return core.ErrNotFound
		}
		m.marks.Put(id, mark)
		return nil
	})
}

// Sever implements portability.Store.
func (m *Memory) Sever(ctx context.Context, id core.ID) error {
	return m.db.Do(ctx, func() error {
		if mark, marked := m.marks.Get(id); marked {
			mark.Severed = true
			m.marks.Put(id, mark)
		}
		return nil
	})
}

// Page implements portability.Store.
func (m *Memory) Page(ctx context.Context, after core.ID, limit int) (page []account.User, err error) {
	users, err := m.users.All(ctx)
	slices.SortFunc(users, func(a, b account.User) int { return coretest.CompareIDs(a.ID, b.ID) })
	for _, user := range users {
		open := user.Status == account.StatusActive || user.Status == account.StatusDeactivated
		if open && coretest.CompareIDs(user.ID, after) > 0 && len(page) < limit {
			page = append(page, told(user))
		}
	}
	return page, err
}

// told is what Page tells of a user.
func told(user account.User) account.User {
	return account.User{
		ID: user.ID, ExternalID: user.ExternalID, Email: user.Email, Username: user.Username,
		Profile:       account.Profile{Name: user.Profile.Name, Phone: user.Profile.Phone},
		EmailVerified: user.EmailVerified, Password: user.Password, MustReset: user.MustReset, Roles: user.Roles,
		CreatedAt: user.CreatedAt,
	}
}
