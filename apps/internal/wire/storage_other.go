//go:build !unix

package wire

// freeSpace is not asked for on this system.
func freeSpace(string) (free uint64, known bool) { return 0, false }
