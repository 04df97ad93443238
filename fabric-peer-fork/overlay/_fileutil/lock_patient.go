package fileutil

import (
	"os"
	"time"

	"selvedge.dev/fabric-peer-fork/patience"
)

// A log is made, closed and opened again, and each opening takes a lock. A network
// file system lets go of a lock a moment after its file is closed, so the second
// opening may find it still held; etcd tries once, and the channel is not joined.
func init() {
	once := linuxTryLockFile
	linuxTryLockFile = func(path string, flag int, perm os.FileMode) (*LockedFile, error) {
		return patience.While(ErrLocked, 10*time.Second, func() (*LockedFile, error) {
			return once(path, flag, perm)
		})
	}
}
