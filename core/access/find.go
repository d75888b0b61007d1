package access

import (
	"slices"

	"github.com/doorward/doorward/core"
)

// Role finds a role by its id.
func (c *Catalogue) Role(id core.ID) (role Role, known bool) {
	return find(c.Roles, func(role *Role) bool { return role.ID == id })
}

// RoleNamed finds a role by its name.
func (c *Catalogue) RoleNamed(name string) (role Role, known bool) {
	return find(c.Roles, func(role *Role) bool { return role.Name == name })
}

// Group finds a group by its id.
func (c *Catalogue) Group(id core.ID) (group Group, known bool) {
	return find(c.Groups, func(group *Group) bool { return group.ID == id })
}

// GroupNamed finds a group by its name.
func (c *Catalogue) GroupNamed(name string) (group Group, known bool) {
	return find(c.Groups, func(group *Group) bool { return group.Name == name })
}

// Permission finds a permission by its id.
func (c *Catalogue) Permission(id core.ID) (permission Permission, known bool) {
	return find(c.Permissions, func(permission *Permission) bool { return permission.ID == id })
}

func find[T any](items []T, match func(*T) bool) (found T, known bool) {
	i := slices.IndexFunc(items, func(item T) bool { return match(&item) })
	if i < 0 {
		return found, false
	}
	return items[i], true
}
