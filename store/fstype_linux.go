package store

import (
	"fmt"

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

// checkFileSystem returns ErrNetworkFS if the directory is on a network file
// system, unless the options insist.
func (db *DB) checkFileSystem() error {
	var st unix.Statfs_t
	if err := unix.Statfs(db.dir, &st); err != nil {
		return translateSystem(err)
	}
	name, network := networkFileSystems[int64(uint32(st.Type))]
	if !network {
		return nil
	}
	if db.opts.AllowNetworkFS {
		db.log.Warn("the store is on a network file system; data may be lost", "type", name)
		return nil
	}
	return fmt.Errorf("%w (%s): use a local directory, or set Options.AllowNetworkFS to insist", ErrNetworkFS, name)
}
