// Package accesstest holds the contract suites of the stores of roles, groups, permissions and of who has them, and the
// in-memory fake of them.
package accesstest

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
)

// Memory is an access.Lookup, access.Catalogues and access.Memberships in memory. It begins with the built-in roles and
// permissions, as every database does.
type Memory struct {
	db          *coretest.Database
	users       *accounttest.Store
	rev         *coretest.Table[string, int64]
	permissions *coretest.Table[core.ID, access.Permission]
	roles       *coretest.Table[core.ID, access.Role]
	groups      *coretest.Table[core.ID, access.Group]
	assigned    *coretest.Table[assignment, access.Membership]
}

// assignment is one thing that one user has.
type assignment struct {
	user  core.ID
	role  string
	group core.ID
}

func assignmentOf(user core.ID, member access.Membership) assignment {
	return assignment{user: user, role: member.Role, group: member.Group}
}

// The identifiers that every database gives to the built-in roles.
var (
	OwnerID = seededID(0x001)
	AdminID = seededID(0x002)
	UserID  = seededID(0x003)
)

// PermissionID is the identifier that every database gives to a built-in permission.
func PermissionID(bit access.Bit) core.ID { return seededID(0x100 + uint16(bit)) }

func seededID(n uint16) core.ID {
	return core.ID{6: 0x70, 8: 0x80, 14: byte(n >> 8), 15: byte(n)}
}

var seededAt = time.Unix(0, 0).UTC()

// NewMemory makes a store for the users' roles and groups. Their rows stay with users, as in a database.
func NewMemory(db *coretest.Database, users *accounttest.Store) *Memory {
	m := &Memory{
		db: db, users: users, rev: coretest.NewTable[string, int64](db),
		permissions: coretest.NewTable[core.ID, access.Permission](db),
		roles:       coretest.NewTable[core.ID, access.Role](db), groups: coretest.NewTable[core.ID, access.Group](db),
		assigned: coretest.NewTable[assignment, access.Membership](db),
	}
	m.rev.Put("", 1)
	var admin []string
	for bit := access.MeRead; bit.Key() != ""; bit++ {
		category := "administration"
		if bit == access.MeRead || bit == access.MeWrite {
			category = "self"
		} else if bit != access.UsersImpersonate && bit != access.UsersExportHashes {
			admin = append(admin, bit.Key())
		}
		m.permissions.Put(PermissionID(bit), access.Permission{
			ID: PermissionID(bit), Key: bit.Key(), Description: "Built in", Category: category, System: true, CreatedAt: seededAt,
		})
	}
	for name, seeded := range map[string]access.Role{
		account.RoleOwner: {ID: OwnerID}, account.RoleAdmin: {ID: AdminID, Permissions: admin}, account.RoleUser: {ID: UserID},
	} {
		seeded.Name, seeded.Description, seeded.System = name, "Built in", true
		seeded.CreatedAt, seeded.UpdatedAt = seededAt, seededAt
		m.roles.Put(seeded.ID, seeded)
	}
	return m
}

// Catalogue implements access.Lookup.
func (m *Memory) Catalogue(ctx context.Context) (catalogue *access.Catalogue, err error) {
	err = m.db.Do(ctx, func() error {
		rev, _ := m.rev.Get("")
		content := access.Content{Rev: rev}
		for _, permission := range m.permissions.All() {
			content.Permissions = append(content.Permissions, permission)
		}
		for _, role := range m.roles.All() {
			role.Permissions = slices.Clone(role.Permissions)
			content.Roles = append(content.Roles, role)
		}
		for _, group := range m.groups.All() {
			group.Permissions = slices.Clone(group.Permissions)
			content.Groups = append(content.Groups, group)
		}
		catalogue = access.Compile(content.Sorted())
		return nil
	})
	return catalogue, err
}

// Hold implements access.Catalogues: transactions run one after another.
func (m *Memory) Hold(ctx context.Context) (*access.Catalogue, error) { return m.Catalogue(ctx) }

// Raise implements access.Catalogues.
func (m *Memory) Raise(ctx context.Context, at time.Time) (change core.Change, err error) {
	err = m.db.Do(ctx, func() error {
		rev, _ := m.rev.Get("")
		change = core.Change{Subject: core.SubjectAccess, Rev: rev + 1}
		m.rev.Put("", change.Rev)
		m.db.Journal(at, change)
		return nil
	})
	return change, err
}

// PutRole implements access.Catalogues.
func (m *Memory) PutRole(ctx context.Context, role access.Role) error {
	return m.db.Do(ctx, func() error {
		standing, stands := m.roles.Get(role.ID)
		if stands {
			role.Name, role.System, role.CreatedAt = standing.Name, standing.System, standing.CreatedAt
		}
		for id, other := range m.roles.All() {
			if id != role.ID && other.Name == role.Name {
				return access.ErrNameTaken
			}
		}
		role.Permissions = slices.Clone(role.Permissions)
		if err := m.known(role.Permissions); err != nil {
			return err
		}
		m.roles.Put(role.ID, role)
		return nil
	})
}

// PutGroup implements access.Catalogues.
func (m *Memory) PutGroup(ctx context.Context, group access.Group) error {
	return m.db.Do(ctx, func() error {
		if standing, stands := m.groups.Get(group.ID); stands {
			group.CreatedAt = standing.CreatedAt
		}
		for id, other := range m.groups.All() {
			if id != group.ID && other.Name == group.Name {
				return access.ErrNameTaken
			}
		}
		group.Permissions = slices.Clone(group.Permissions)
		if err := m.known(group.Permissions); err != nil {
			return err
		}
		m.groups.Put(group.ID, group)
		return nil
	})
}

// known is core.ErrNotFound when a key names no permission.
func (m *Memory) known(keys []string) error {
	known := map[string]bool{}
	for _, permission := range m.permissions.All() {
		known[permission.Key] = true
	}
	for _, key := range keys {
		if !known[key] {
			return core.ErrNotFound
		}
	}
	return nil
}

// PutPermission implements access.Catalogues.
func (m *Memory) PutPermission(ctx context.Context, permission access.Permission) error {
	return m.db.Do(ctx, func() error {
		if standing, stands := m.permissions.Get(permission.ID); stands {
			permission.Key, permission.System, permission.CreatedAt = standing.Key, standing.System, standing.CreatedAt
		}
		for id, other := range m.permissions.All() {
			if id != permission.ID && other.Key == permission.Key {
				return access.ErrNameTaken
			}
		}
		m.permissions.Put(permission.ID, permission)
		return nil
	})
}

// Remove implements access.Catalogues.
func (m *Memory) Remove(ctx context.Context, kind access.Kind, id core.ID) error {
	return m.db.Do(ctx, func() error {
		if m.used(kind, id) {
			return access.ErrInUse
		}
		remove := map[access.Kind]func(core.ID) bool{
			access.KindRole: m.roles.Delete, access.KindGroup: m.groups.Delete, access.KindPermission: m.permissions.Delete,
		}[kind]
		if !remove(id) {
			return core.ErrNotFound
		}
		return nil
	})
}

func (m *Memory) used(kind access.Kind, id core.ID) bool {
	switch kind {
	case access.KindRole:
		role, _ := m.roles.Get(id)
		return m.users.Any(func(user account.User) bool { return user.HasRole(role.Name) })
	case access.KindGroup:
		return m.users.Any(func(user account.User) bool { return slices.Contains(user.Groups, id) })
	case access.KindPermission:
		permission, _ := m.permissions.Get(id)
		for role := range maps.Values(m.roles.All()) {
			if slices.Contains(role.Permissions, permission.Key) {
				return true
			}
		}
		for group := range maps.Values(m.groups.All()) {
			if slices.Contains(group.Permissions, permission.Key) {
				return true
			}
		}
	}
	return false
}

// Of implements access.Memberships.
func (m *Memory) Of(ctx context.Context, user core.ID, kind access.Kind) (held []access.Membership, err error) {
	err = m.db.Do(ctx, func() error {
		held = m.of(user, kind)
		return nil
	})
	return held, err
}

func (m *Memory) of(id core.ID, kind access.Kind) (held []access.Membership) {
	user, found := m.users.Get(id)
	if !found {
		return nil
	}
	add := func(member access.Membership) {
		if assigned, known := m.assigned.Get(assignmentOf(id, member)); known {
			member = assigned
		}
		held = append(held, member)
	}
	if kind == access.KindRole {
		for _, role := range user.Roles {
			add(access.Membership{Role: role, At: user.CreatedAt})
		}
		return access.SortMemberships(held)
	}
	for _, group := range user.Groups {
		add(access.Membership{Group: group, At: user.CreatedAt})
	}
	return access.SortMemberships(held)
}

// Set implements access.Memberships.
func (m *Memory) Set(
	ctx context.Context, user core.ID, kind access.Kind, members []access.Membership, at time.Time, events ...audit.Event,
) (change core.Change, err error) {
	err = m.db.Do(ctx, func() (err error) {
		if err := m.exist(members); err != nil {
			return err
		}
		gone, come := access.Differences(m.of(user, kind), members)
		change, err = m.users.Change(user, at, func(user *account.User) {
			for _, member := range gone {
				user.Roles = slices.DeleteFunc(user.Roles, func(role string) bool { return role == member.Role })
				user.Groups = slices.DeleteFunc(user.Groups, func(group core.ID) bool { return group == member.Group })
			}
			for _, member := range come {
				if member.Role != "" {
					user.Roles = append(user.Roles, member.Role)
				} else {
					user.Groups = append(user.Groups, member.Group)
				}
			}
		})
		if err != nil {
			return err
		}
		for _, member := range gone {
			m.assigned.Delete(assignmentOf(user, member))
		}
		for _, member := range come {
			m.assigned.Put(assignmentOf(user, member), member)
		}
		m.db.Record(events...)
		return nil
	})
	return change, err
}

// Assign says by whom and when somebody was assigned what they came with.
func (m *Memory) Assign(ctx context.Context, user core.ID, members ...access.Membership) error {
	return m.db.Do(ctx, func() error {
		for _, member := range members {
			m.assigned.Put(assignmentOf(user, member), member)
		}
		return nil
	})
}

// exist is core.ErrNotFound when there is no such role or group.
func (m *Memory) exist(members []access.Membership) error {
	names := map[string]bool{}
	for role := range maps.Values(m.roles.All()) {
		names[role.Name] = true
	}
	for _, member := range members {
		_, stands := m.groups.Get(member.Group)
		if !stands && !names[member.Role] {
			return core.ErrNotFound
		}
	}
	return nil
}
