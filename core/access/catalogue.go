package access

import (
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// The bounds of a catalogue. It is held whole in the memory of every replica.
const (
	// PermissionsMax is how many permissions there can be, those of the system included.
	PermissionsMax = SetMax - 1
	RolesMax       = 256
	GroupsMax      = 2048
)

// Permission is something that may be done. Key has the form resource.action and never changes.
type Permission struct {
	ID          core.ID
	Key         string
	Description string
	Category    string
	// System permissions are the product's own: they stay as they are.
	System    bool
	CreatedAt time.Time
}

// Role is a bundle of permissions with a name that access tokens carry; the name never changes.
type Role struct {
	ID          core.ID
	Name        string
	Description string
	// Permissions are keys, sorted; empty for OWNER, who holds Everything.
	Permissions []string
	// SecondFactorSince is since when a second factor is demanded of whoever has the role; zero where none is.
	SecondFactorSince time.Time
	System            bool
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// Demands reports whether a second factor is demanded of whoever has the role.
func (r *Role) Demands() bool { return !r.SecondFactorSince.IsZero() }

// demand demands a second factor from now on, or no longer. What is demanded already has its instant: the grace of those
// who have the role does not begin anew.
func (r *Role) demand(demanded bool, now time.Time) {
	switch {
	case !demanded:
		r.SecondFactorSince = time.Time{}
	case !r.Demands():
		r.SecondFactorSince = now
	}
}

// Group is a set of people who share permissions.
type Group struct {
	ID          core.ID
	Name        string
	Description string
	Permissions []string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Content is all roles, groups and permissions at one revision, each list sorted by name or key.
type Content struct {
	Rev         int64
	Permissions []Permission
	Roles       []Role
	Groups      []Group
}

// Sorted puts the lists of the content, and the keys of each role and group, in their order, as stores give them.
func (c Content) Sorted() Content {
	slices.SortFunc(c.Permissions, func(a, b Permission) int { return strings.Compare(a.Key, b.Key) })
	slices.SortFunc(c.Roles, func(a, b Role) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Groups, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	for _, role := range c.Roles {
		slices.Sort(role.Permissions)
	}
	for _, group := range c.Groups {
		slices.Sort(group.Permissions)
	}
	return c
}

// Catalogue is a Content that rights can be decided by. It never changes; sets made by it mean nothing to another.
type Catalogue struct {
	Content
	bits   map[string]Bit
	names  []string
	roles  map[string]*holding
	groups map[core.ID]*holding
}

// holding is what a role or group gives.
type holding struct {
	set Set
	// demands is since when it demands a second factor; zero where it does not.
	demands time.Time
}

// Compile makes a catalogue of a content, which it keeps. Permissions beyond PermissionsMax, and names of permissions
// that the content does not have, give nothing.
func Compile(content Content) *Catalogue {
	c := &Catalogue{
		Content: content, bits: make(map[string]Bit), names: slices.Clone(keys[:]),
		roles: make(map[string]*holding), groups: make(map[core.ID]*holding),
	}
	for bit, key := range keys {
		if key != "" {
			c.bits[key] = Bit(bit) //nolint:gosec // below SetMax
		}
	}
	for _, permission := range content.Permissions {
		if _, known := c.bits[permission.Key]; !known && len(c.names) < SetMax {
			c.bits[permission.Key] = Bit(len(c.names)) //nolint:gosec // below SetMax
			c.names = append(c.names, permission.Key)
		}
	}
	for _, role := range content.Roles {
		held := &holding{set: c.Set(role.Permissions...), demands: role.SecondFactorSince}
		if role.Name == account.RoleOwner {
			held.set.Add(Everything)
		}
		c.roles[role.Name] = held
	}
	for _, group := range content.Groups {
		c.groups[group.ID] = &holding{set: c.Set(group.Permissions...)}
	}
	return c
}

// Set is the set of the keys. Keys that are not in the catalogue give nothing.
func (c *Catalogue) Set(keys ...string) (s Set) {
	for _, key := range keys {
		if bit, known := c.bits[key]; known {
			s.Add(bit)
		}
	}
	return s
}

// Bit is the place of a permission.
func (c *Catalogue) Bit(key string) (bit Bit, known bool) {
	bit, known = c.bits[key]
	return bit, known
}

// Keys names the permissions of a set, sorted. Everything is each permission of the catalogue.
func (c *Catalogue) Keys(s *Set) (named []string) {
	for i := 1; i < len(c.names); i++ {
		if s.Has(Bit(i)) { //nolint:gosec // below SetMax
			named = append(named, c.names[i])
		}
	}
	slices.Sort(named)
	return named
}

// OfRole is what a role gives; nothing for one that does not exist.
func (c *Catalogue) OfRole(name string) (s Set) {
	if held := c.roles[name]; held != nil {
		return held.set
	}
	return s
}

// OfGroup is what a group gives; nothing for one that does not exist.
func (c *Catalogue) OfGroup(id core.ID) (s Set) {
	if held := c.groups[id]; held != nil {
		return held.set
	}
	return s
}

// Rights are those of a person: of all their roles and groups together, and of everybody over what is their own. It
// needs no memory.
func (c *Catalogue) Rights(user *account.User) Rights {
	rights := Rights{Who: user.ID, Set: everybody}
	for _, role := range user.Roles {
		if held := c.roles[role]; held != nil {
			rights.Set.Join(&held.set)
			if rights.SecondFactorSince.IsZero() || !held.demands.IsZero() && held.demands.Before(rights.SecondFactorSince) {
				rights.SecondFactorSince = held.demands
			}
		}
	}
	for _, group := range user.Groups {
		if held := c.groups[group]; held != nil {
			rights.Set.Join(&held.set)
		}
	}
	return rights
}

// everybody is what each person holds, and looking is what is left of it under impersonation: whoever looks at an account
// in its owner's place changes nothing there.
var (
	everybody = NewSet(MeRead, MeWrite)
	looking   = NewSet(MeRead)
)

// Narrow gives what is left of the rights for the caller: within the scopes of a token, and under impersonation what
// shows the person alone.
func (c *Catalogue) Narrow(rights Rights, caller *core.Principal) Rights {
	switch {
	case caller.Bounded():
		scope := c.Set(caller.Scopes...)
		rights.Set.Meet(&scope)
	case caller.Means == core.ByImpersonation:
		rights.Set.Meet(&looking)
	}
	return rights
}
