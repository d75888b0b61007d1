// Package wire puts the parts together: it is the only place where settings, adapters, the domain and the
// HTTP edge meet. Each file is one concern with its constructors and, last, its fx module; bindings.go says
// which adapter stands behind which port.
//
// Constructors do no work that waits: whatever connects, migrates, listens or runs is a hook of the
// application's life, in the order of dependence, and is undone in the reverse order.
package wire
