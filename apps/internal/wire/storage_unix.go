//go:build unix

package wire

import "syscall"

// freeSpace is how many bytes this process may still write into the folder's file system.
func freeSpace(folder string) (free uint64, known bool) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(folder, &stat); err != nil {
		return 0, false
	}
	//nolint:unconvert // FreeBSD counts with a sign
	return uint64(stat.Bavail) * uint64(stat.Bsize), true
}
