// Package accounttest holds the contract suite of the account stores and the in-memory fakes of them.
package accounttest

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
)

// Store is an account.Store in memory.
type Store struct {
	db    *coretest.Database
	users *coretest.Table[core.ID, account.User]
	// SecondFactors gives the kinds of a user's confirmed factors, where a fake of their store is about.
	SecondFactors func(user core.ID) []string
}

// NewStore makes an empty store that takes part in the database's transactions. A user that retention
// removes takes with it what other fakes hang on the subject "user".
func NewStore(db *coretest.Database) *Store {
	store := &Store{db: db, users: coretest.NewTable[core.ID, account.User](db)}
	coretest.Expires(db, "accounts", store.users,
		func(user account.User) time.Time { return user.PurgeAt },
		func(id core.ID) { db.Removed("user", id) })
	return store
}

// Create implements account.Store.
func (s *Store) Create(ctx context.Context, user account.User, events ...audit.Event) error {
	return s.db.Do(ctx, func() error {
		if err := s.conflict(user); err != nil {
			return err
		}
		s.users.Put(user.ID, clone(user))
		s.db.Record(events...)
		return nil
	})
}

// Find implements account.Store.
func (s *Store) Find(ctx context.Context, id core.ID) (account.User, error) {
	return s.find(ctx, func(user account.User) bool { return user.ID == id })
}

// FindByIdentifier implements account.Store.
func (s *Store) FindByIdentifier(ctx context.Context, identifier account.Identifier) (account.User, error) {
	return s.find(ctx, func(user account.User) bool {
		if identifier.Kind == account.IdentifierUsername {
			return user.UsernameKey != "" && user.UsernameKey == identifier.Key
		}
		return user.EmailKey == identifier.Key
	})
}

// Save implements account.Store.
func (s *Store) Save(ctx context.Context, user account.User) (core.Change, error) {
	change := core.Change{Subject: core.SubjectUser, ID: user.ID, Rev: user.Rev + 1}
	err := s.db.Do(ctx, func() error {
		stored, found := s.users.Get(user.ID)
		if !found || stored.Rev != user.Rev {
			return core.ErrConflict
		}
		if err := s.conflict(user); err != nil {
			return err
		}
		saved := clone(user)
		saved.Roles, saved.Groups, saved.CreatedAt, saved.Rev = stored.Roles, stored.Groups, stored.CreatedAt, change.Rev
		saved.Source = stored.Source
		s.users.Put(user.ID, saved)
		s.db.Journal(user.UpdatedAt, change)
		return nil
	})
	if err != nil {
		return core.Change{}, err
	}
	return change, nil
}

// Get gives a user. Call it inside Do of the database.
func (s *Store) Get(id core.ID) (account.User, bool) {
	user, found := s.users.Get(id)
	return clone(user), found
}

// Any reports whether keep holds for a user. Call it inside Do of the database.
func (s *Store) Any(keep func(account.User) bool) bool {
	for _, user := range s.users.All() {
		if keep(user) {
			return true
		}
	}
	return false
}

// Change changes what Save leaves alone, such as roles, and raises and journals the user's Rev. core.ErrNotFound. Call
// it inside Do of the database.
func (s *Store) Change(id core.ID, at time.Time, change func(*account.User)) (core.Change, error) {
	user, found := s.Get(id)
	if !found {
		return core.Change{}, core.ErrNotFound
	}
	change(&user)
	slices.Sort(user.Roles)
	slices.SortFunc(user.Groups, coretest.CompareIDs)
	user.UpdatedAt, user.Rev = at, user.Rev+1
	s.users.Put(id, user)
	raised := core.Change{Subject: core.SubjectUser, ID: id, Rev: user.Rev}
	s.db.Journal(at, raised)
	return raised, nil
}

// Rehash implements account.Store.
func (s *Store) Rehash(ctx context.Context, id core.ID, old, fresh account.PasswordHash) error {
	return s.db.Do(ctx, func() error {
		user, found := s.users.Get(id)
		if found && user.Password == old {
			user.Password = fresh
			s.users.Put(id, user)
		}
		return nil
	})
}

// CountOwners implements account.Store.
func (s *Store) CountOwners(ctx context.Context, except core.ID) (int, error) {
	owners, err := s.list(ctx, func(user account.User) bool {
		return user.ID != except && user.Status == account.StatusActive && user.HasRole(account.RoleOwner)
	})
	return len(owners), err
}

// UsernameTaken implements account.Store.
func (s *Store) UsernameTaken(ctx context.Context, key string) (bool, error) {
	users, err := s.list(ctx, func(user account.User) bool { return key != "" && user.UsernameKey == key })
	return len(users) > 0, err
}

// All gives every user, in any order.
func (s *Store) All(ctx context.Context) ([]account.User, error) {
	return s.list(ctx, func(account.User) bool { return true })
}

func (s *Store) conflict(user account.User) error {
	for id, other := range s.users.All() {
		switch {
		case id == user.ID:
		case other.EmailKey == user.EmailKey:
			return account.ErrEmailTaken
		case user.UsernameKey != "" && other.UsernameKey == user.UsernameKey:
			return account.ErrUsernameTaken
		case user.ExternalID != "" && other.ExternalID == user.ExternalID:
			return account.ErrExternalIDTaken
		}
	}
	return nil
}

func (s *Store) find(ctx context.Context, match func(account.User) bool) (account.User, error) {
	users, err := s.list(ctx, match)
	if err != nil {
		return account.User{}, err
	}
	if len(users) == 0 {
		return account.User{}, core.ErrNotFound
	}
	return users[0], nil
}

func (s *Store) list(ctx context.Context, match func(account.User) bool) (users []account.User, err error) {
	err = s.db.Do(ctx, func() error {
		for _, user := range s.users.All() {
			if match(user) {
				users = append(users, s.complete(clone(user)))
			}
		}
		return nil
	})
	return users, err
}

// complete adds what the store of factors knows.
func (s *Store) complete(user account.User) account.User {
	user.Protection.SecondFactors = nil
	if s.SecondFactors != nil {
		user.Protection.SecondFactors = s.SecondFactors(user.ID)
	}
	return user
}

// clone copies a user with its roles in the order that every store gives them.
func clone(user account.User) account.User {
	user.Roles = slices.Sorted(slices.Values(user.Roles))
	user.Groups = slices.Clone(user.Groups)
	slices.SortFunc(user.Groups, func(a, b core.ID) int { return bytes.Compare(a[:], b[:]) })
	user.Source = cmp.Or(user.Source, account.SourceRegistered)
	user.Preferences.Visibility = cmp.Or(user.Preferences.Visibility, account.VisibilityPrivate)
	user.Protection.Muted = slices.Clone(user.Protection.Muted)
	return user
}

// Registrations is an account.Registrations in memory.
type Registrations struct {
	db   *coretest.Database
	rows *coretest.Table[core.ID, account.Registration]
}

// NewRegistrations makes an empty store that takes part in the database's transactions. A registration
// that is settled or swept takes with it what other fakes hang on the subject "registration".
func NewRegistrations(db *coretest.Database) *Registrations {
	store := &Registrations{db: db, rows: coretest.NewTable[core.ID, account.Registration](db)}
	coretest.Expires(db, "registrations", store.rows,
		func(row account.Registration) time.Time { return row.ExpiresAt },
		func(id core.ID) { db.Removed("registration", id) })
	return store
}

// Put implements account.Registrations.
func (r *Registrations) Put(ctx context.Context, registration account.Registration) error {
	return r.db.Do(ctx, func() error {
		r.rows.Put(registration.ID, registration)
		return nil
	})
}

// Find implements account.Registrations.
func (r *Registrations) Find(ctx context.Context, id core.ID, now time.Time) (account.Registration, error) {
	var found account.Registration
	err := r.db.Do(ctx, func() error {
		row, known := r.rows.Get(id)
		if !known || !now.Before(row.ExpiresAt) {
			return core.ErrNotFound
		}
		found = row
		return nil
	})
	return found, err
}

// byEmailLimit is what the port promises of ByEmail.
const byEmailLimit = 10

// ByEmail implements account.Registrations.
func (r *Registrations) ByEmail(
	ctx context.Context, emailKey string, now time.Time,
) (live []account.Registration, err error) {
	err = r.db.Do(ctx, func() error {
		live = r.rows.Rows(
			func(row account.Registration) bool { return row.EmailKey == emailKey && now.Before(row.ExpiresAt) },
			func(a, b account.Registration) int {
				return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), coretest.CompareIDs(b.ID, a.ID))
			})
		live = live[:min(byEmailLimit, len(live))]
		return nil
	})
	return live, err
}

// Settle implements account.Registrations.
func (r *Registrations) Settle(ctx context.Context, emailKey string) error {
	return r.db.Do(ctx, func() error {
		for id, row := range r.rows.All() {
			if row.EmailKey == emailKey {
				r.rows.Delete(id)
				r.db.Removed("registration", id)
			}
		}
		return nil
	})
}
