package disk

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// OS returns the file system of the operating system.
func OS() FS { return system{} }

type system struct{}

type file struct{ *os.File }

func (f file) OS() *os.File { return f.File }

func (system) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return file{f}, nil
}

func (system) Rename(oldname, newname string) error         { return os.Rename(oldname, newname) }
func (system) Remove(name string) error                     { return os.Remove(name) }
func (system) RemoveAll(name string) error                  { return os.RemoveAll(name) }
func (system) MkdirAll(name string, perm fs.FileMode) error { return os.MkdirAll(name, perm) }
func (system) ReadDir(name string) ([]fs.DirEntry, error)   { return os.ReadDir(name) }
func (system) Stat(name string) (fs.FileInfo, error)        { return os.Stat(name) }

func (system) SyncDir(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (system) Free(name string) (free, total int64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(name, &s); err != nil {
		return 0, 0, &fs.PathError{Op: "statfs", Path: name, Err: err}
	}
	size := int64(s.Bsize)
	return int64(s.Bavail) * size, int64(s.Blocks) * size, nil
}
