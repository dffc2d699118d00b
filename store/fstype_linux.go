package store

import (
	"cmp"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// networkFileSystems are those on which WAL's shared memory or file locks do not
// hold between processes, by the magic number of statfs(2).
var networkFileSystems = map[int64]string{
	unix.NFS_SUPER_MAGIC:  "NFS",
	unix.SMB_SUPER_MAGIC:  "SMB",
	unix.CIFS_SUPER_MAGIC: "CIFS",
	unix.SMB2_SUPER_MAGIC: "SMB2",
	unix.V9FS_MAGIC:       "9p",
	unix.AFS_SUPER_MAGIC:  "AFS",
	unix.CODA_SUPER_MAGIC: "Coda",
	unix.CEPH_SUPER_MAGIC: "Ceph",
	unix.FUSE_SUPER_MAGIC: "FUSE",
}

// localFileSystems are the names of others, for Doctor.
var localFileSystems = map[int64]string{
	unix.EXT4_SUPER_MAGIC:      "ext4",
	unix.XFS_SUPER_MAGIC:       "XFS",
	unix.BTRFS_SUPER_MAGIC:     "Btrfs",
	unix.F2FS_SUPER_MAGIC:      "F2FS",
	unix.TMPFS_MAGIC:           "tmpfs",
	unix.RAMFS_MAGIC:           "ramfs",
	unix.OVERLAYFS_SUPER_MAGIC: "overlayfs",
	0x2fc12fc1:                 "ZFS",
}

// fileSystemName returns the type of the file system that dir is on, empty if it
// cannot be told.
func fileSystemName(dir string) string {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return ""
	}
	magic := int64(uint32(st.Type))
	return cmp.Or(networkFileSystems[magic], localFileSystems[magic], fmt.Sprintf("%#x", magic))
}

func isNetworkFileSystem(name string) bool {
	for _, network := range networkFileSystems {
		if name == network {
			return true
		}
	}
	return false
}

// checkFileSystem returns ErrNetworkFS if the directory or the database is on a network
// file system, unless the options insist.
func (db *DB) checkFileSystem() error {
	for _, dir := range []string{db.dir, filepath.Dir(db.path)} {
		var st unix.Statfs_t
		if err := unix.Statfs(dir, &st); err != nil {
			return translateSystem(&fs.PathError{Op: "statfs", Path: dir, Err: err})
		}
		name, network := networkFileSystems[int64(uint32(st.Type))]
		if !network {
			continue
		}
		if !db.opts.AllowNetworkFS {
			return fmt.Errorf("%w (%s, %s): use a local directory, or set Options.AllowNetworkFS to insist", ErrNetworkFS, name, dir)
		}
		db.log.Warn("the store is on a network file system; data may be lost", "type", name, "directory", dir)
	}
	return nil
}
