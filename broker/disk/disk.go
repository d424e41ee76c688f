// Package disk is the file system as the log sees it: little enough that tests can put one in its
// place that forgets what was not synced, fills up at a given byte, or flips bits (disktest).
package disk

import (
	"io"
	"io/fs"
	"os"
)

// FS is a file system. Names are paths as the operating system has them. Its methods may be called from
// any goroutine. A new or renamed file is durable once SyncDir has returned for its folder.
type FS interface {
	// OpenFile opens as os.OpenFile does.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Rename replaces newname by oldname at once.
	Rename(oldname, newname string) error
	Remove(name string) error
	RemoveAll(name string) error
	MkdirAll(name string, perm fs.FileMode) error
	ReadDir(name string) ([]fs.DirEntry, error)
	Stat(name string) (fs.FileInfo, error)
	// SyncDir forces the names in a folder to disk.
	SyncDir(name string) error
	// Free returns how many bytes may still be written to the file system of a folder, and its size.
	Free(name string) (free, total int64, err error)
}

// File is an open file. Reads at positions may go on beside writes.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	// Sync forces the bytes of the file to disk. After it has failed, what the file holds is unknown:
	// nothing more may be written to it.
	Sync() error
	Stat() (fs.FileInfo, error)
	// OS returns the file of the operating system, for copies that do not pass through this process;
	// nil where there is none.
	OS() *os.File
}
