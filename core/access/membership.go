package access

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/core"
)

// Membership is a role or group that somebody has.
type Membership struct {
	// Role is a role's name; Group a group's id. One of them is set.
	Role  string
	Group core.ID
	// By is the person or service account who assigned it; zero where the server or an operator did.
	By core.ID
	At time.Time
}

// what is the role or group, whoever assigned it.
func (m Membership) what() Membership { return Membership{Role: m.Role, Group: m.Group} }

// SortMemberships puts memberships in the order in which stores give them: by name, then id.
func SortMemberships(members []Membership) []Membership {
	slices.SortFunc(members, func(a, b Membership) int {
		return cmp.Or(strings.Compare(a.Role, b.Role), slices.Compare(a.Group[:], b.Group[:]))
	})
	return members
}

// Differences tells which memberships go and which come where held become wanted. Those that stay, whoever assigned
// them, are in neither; a role or group that is wanted twice comes once.
func Differences(held, wanted []Membership) (gone, come []Membership) {
	keep := make(map[Membership]bool, len(wanted))
	for _, member := range wanted {
		keep[member.what()] = true
	}
	for _, member := range held {
		if !keep[member.what()] {
			gone = append(gone, member)
		}
		delete(keep, member.what())
	}
	for _, member := range wanted {
		if keep[member.what()] {
			come = append(come, member)
			delete(keep, member.what())
		}
	}
	return gone, come
}
