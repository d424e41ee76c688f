package disktest

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"millrace/broker/disk"
)

// OpenFile is part of disk.FS.
func (d *Disk) OpenFile(name string, flag int, _ fs.FileMode) (disk.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, err := d.now.find("open", name)
	switch {
	case err == nil && flag&os.O_CREATE != 0 && flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}
	case err == nil && d.now.nodes[id].dir:
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EISDIR}
	case err == nil && flag&os.O_TRUNC != 0 && len(d.now.nodes[id].data) > 0:
		err = d.do(Op{Kind: Truncate, Path: name, node: id})
	case err != nil && flag&os.O_CREATE != 0:
		id, err = d.add(Create, "open", name)
	}
	if err != nil {
		return nil, err
	}
	return &file{disk: d, name: name, node: id, flag: flag}, nil
}

// add makes a file or folder. The caller holds mu.
func (d *Disk) add(kind Kind, call, name string) (int, error) {
	dir, last, err := d.now.parent(call, name)
	if err != nil {
		return 0, err
	}
	id := len(d.now.nodes)
	op := Op{Kind: kind, Path: name, node: id, dir: dir, name: last}
	d.now.add(op)
	if err := d.do(op); err != nil {
		delete(d.now.nodes, id)
		return 0, &fs.PathError{Op: call, Path: name, Err: err}
	}
	return id, nil
}

// Rename is part of disk.FS.
func (d *Disk) Rename(oldname, newname string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, err := d.now.find("rename", oldname)
	if err != nil {
		return err
	}
	fromDir, fromName, err := d.now.parent("rename", oldname)
	if err != nil {
		return err
	}
	dir, last, err := d.now.parent("rename", newname)
	if err != nil {
		return err
	}
	if old, ok := d.now.nodes[dir].names[last]; ok && len(d.now.nodes[old].names) > 0 {
		return &fs.PathError{Op: "rename", Path: newname, Err: syscall.ENOTEMPTY}
	}
	return d.do(Op{Kind: Rename, Path: oldname, To: newname, node: id, dir: dir, name: last, fromDir: fromDir, fromName: fromName})
}

// Remove is part of disk.FS.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.remove(name)
}

func (d *Disk) remove(name string) error {
	id, err := d.now.find("remove", name)
	if err != nil {
		return err
	}
	if len(d.now.nodes[id].names) > 0 {
		return &fs.PathError{Op: "remove", Path: name, Err: syscall.ENOTEMPTY}
	}
	dir, last, err := d.now.parent("remove", name)
	if err != nil {
		return err
	}
	return d.do(Op{Kind: Remove, Path: name, node: id, dir: dir, name: last})
}

// RemoveAll is part of disk.FS. It is one change a file.
func (d *Disk) RemoveAll(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, err := d.now.find("remove", name)
	if err != nil {
		return nil // not there is what was asked for
	}
	var all []string
	d.now.walk(id, name, func(name string, _ *node) { all = append(all, name) })
	slices.SortFunc(all, func(a, b string) int { return strings.Compare(b, a) }) // what is in a folder before it
	for _, name := range all {
		if err := d.remove(name); err != nil {
			return err
		}
	}
	return nil
}

// MkdirAll is part of disk.FS. It is one change a folder.
func (d *Disk) MkdirAll(name string, _ fs.FileMode) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	path := ""
	if filepath.IsAbs(name) {
		path = string(filepath.Separator)
	}
	for _, part := range parts(name) {
		path = filepath.Join(path, part)
		id, err := d.now.find("mkdir", path)
		if err != nil {
			id, err = d.add(Mkdir, "mkdir", path)
		}
		if err == nil && !d.now.nodes[id].dir {
			err = &fs.PathError{Op: "mkdir", Path: path, Err: syscall.ENOTDIR}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ReadDir is part of disk.FS.
func (d *Disk) ReadDir(name string) ([]fs.DirEntry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, err := d.now.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if !d.now.nodes[id].dir {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: syscall.ENOTDIR}
	}
	var entries []fs.DirEntry
	for part, child := range d.now.nodes[id].names {
		n := d.now.nodes[child]
		entries = append(entries, fs.FileInfoToDirEntry(info{part, int64(len(n.data)), n.dir}))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// Stat is part of disk.FS.
func (d *Disk) Stat(name string) (fs.FileInfo, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, err := d.now.find("stat", name)
	if err != nil {
		return nil, err
	}
	n := d.now.nodes[id]
	return info{filepath.Base(name), int64(len(n.data)), n.dir}, nil
}

// SyncDir is part of disk.FS.
func (d *Disk) SyncDir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, err := d.now.find("sync", name)
	if err != nil {
		return err
	}
	return d.sync(Op{Kind: SyncDir, Path: name, node: id})
}

// sync records a Sync or SyncDir, which fails if it is the one to fail.
func (d *Disk) sync(op Op) error {
	if d.syncs > 0 {
		d.syncs--
		op.Failed = d.syncs == 0
	}
	if err := d.do(op); err != nil {
		return err
	}
	if op.Failed {
		return &fs.PathError{Op: "sync", Path: op.Path, Err: syscall.EIO}
	}
	return nil
}

// Free is part of disk.FS. A disk without a bound has a terabyte.
func (d *Disk) Free(string) (free, total int64, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.capacity < 0 {
		return 1 << 40, 1 << 40, nil
	}
	return max(0, d.capacity-d.now.used()), d.capacity, nil
}

// info describes a file as fs.FileInfo does. A file here has no time.
type info struct {
	name string
	size int64
	dir  bool
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.dir }
func (i info) Sys() any           { return nil }

func (i info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o700
	}
	return 0o600
}
