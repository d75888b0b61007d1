package api

import (
	"maps"
	"net/netip"
	"slices"
)

// ForwardedHops is what the fuzz target of this package looks at from inside.
func ForwardedHops(line string) ([]netip.Addr, bool) { return forwardedHops(line) }

// LimitNames are the names of all limits that the policy mentions.
func LimitNames() []string {
	names := map[string]bool{LimitAddress: true, LimitSession: true, LimitService: true}
	for _, line := range policy {
		for _, each := range line.limits {
			names[each.name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// UncountedOperations are those that no limit bounds.
func UncountedOperations() []string {
	return slices.Sorted(func(yield func(string) bool) {
		for id, line := range policy {
			if line.uncounted && !yield(id) {
				return
			}
		}
	})
}
