// Package disktest is a disk in memory for tests of what a loss of power, a full disk, a failed fsync or a flipped bit leaves.
//
// A Disk is a disk.FS that records every change. After a test has used it, Crash makes the disk that would be found had the power been lost
// after any number of these changes: what was forced to disk (File.Sync for bytes, FS.SyncDir for names) is there; what became of the
// rest is said by a Fate. Crashes goes through all of them:
//
//	d := disktest.New()
//	use(d)                             // noting what was acknowledged at d.Len() changes
//	for at, found := range d.Crashes(1) {
//		check(open(found), at.Changes) // acknowledged before that: must be there
//	}
//
// It is stricter than a file system has to be: a file that was synced has no name after a crash until its folder is synced. As on Linux, bytes that a
// failed Sync was to force are not forced by a later one that succeeds. Names change in order: a crash keeps a first part of a folder's changes.
package disktest

import (
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"millrace/broker/disk"
)

// Disk is a file system in memory. Its methods may be called from any goroutine.
type Disk struct {
	mu       sync.Mutex
	base     *tree // what was there before ops
	ops      []Op
	now      *tree // what a process sees
	capacity int64 // < 0: no bound
	syncs    int   // until one fails; 0: none does
	before   func(Op) error
}

// New returns an empty disk without a bound.
func New() *Disk { return newDisk(newTree()) }

func newDisk(t *tree) *Disk { return &Disk{base: t, now: t.clone(), capacity: -1} }

// Len is the number of changes recorded.
func (d *Disk) Len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.ops)
}

// Ops returns the changes recorded. Their Data must not be changed.
func (d *Disk) Ops() []Op {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.ops)
}

// Forget forgets the changes: all is as if forced to disk.
func (d *Disk) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.base, d.ops = d.now.clone(), nil
}

// SetCapacity bounds the bytes of all files together: what goes beyond fails with ENOSPC, after as much as fits was written. < 0: no bound.
func (d *Disk) SetCapacity(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.capacity = bytes
}

// Used returns the bytes of all files together.
func (d *Disk) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now.used()
}

// FailSync makes the n-th sync from now on (of a file or a folder; 1 is the next) fail with EIO. 0: none.
func (d *Disk) FailSync(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.syncs = n
}

// Before has do called before each change; an error of it is that of the change, which does not happen. do must not call the disk. Nil: nothing.
func (d *Disk) Before(do func(Op) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = do
}

// Flip flips a bit of a file, on the disk and for every process; it is not recorded as a change.
func (d *Disk) Flip(name string, bit int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, err := d.now.find("flip", name)
	if err != nil {
		return err
	}
	n := d.now.nodes[id]
	if n.dir || bit < 0 || bit/8 >= int64(len(n.data)) {
		return &fs.PathError{Op: "flip", Path: name, Err: fs.ErrInvalid}
	}
	n.own()
	n.data[bit/8] ^= 1 << (bit % 8)
	d.base, d.ops = d.now.clone(), nil
	return nil
}

// Files returns the names of all files, sorted.
func (d *Disk) Files() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	d.now.walk(root, string(filepath.Separator), func(name string, n *node) {
		if !n.dir {
			names = append(names, name)
		}
	})
	slices.Sort(names)
	return names
}

// do makes a change and records it. The caller holds mu.
func (d *Disk) do(op Op) error {
	op.Index = len(d.ops)
	if d.before != nil {
		if err := d.before(op); err != nil {
			return err
		}
	}
	d.now.apply(op, len(op.Data))
	d.ops = append(d.ops, op)
	return nil
}

var _ disk.FS = (*Disk)(nil)

const root = 0

// tree is the state of a disk: nodes by number, number 0 is the root folder.
type tree struct{ nodes map[int]*node }

type node struct {
	dir    bool
	names  map[string]int // of a folder
	data   []byte         // of a file
	shared bool           // data belongs to another tree, too
}

func newTree() *tree {
	return &tree{map[int]*node{root: {dir: true, names: map[string]int{}}}}
}

// clone returns a copy; bytes are copied when either changes them.
func (t *tree) clone() *tree {
	c := &tree{make(map[int]*node, len(t.nodes))}
	for id, n := range t.nodes {
		n.shared = true
		c.nodes[id] = &node{n.dir, maps.Clone(n.names), n.data, true}
	}
	return c
}

func (n *node) own() {
	if n.shared {
		n.data, n.shared = slices.Clone(n.data), false
	}
}

// resize makes a file size bytes long.
func (n *node) resize(size int64) {
	n.own()
	if grow := size - int64(len(n.data)); grow > 0 {
		n.data = append(n.data, make([]byte, grow)...)
	}
	n.data = n.data[:size]
}

// parts returns the names on the way to a file.
func parts(name string) []string {
	return strings.FieldsFunc(filepath.Clean(name), func(r rune) bool { return r == filepath.Separator || r == '.' && len(name) == 1 })
}

// find returns the node with a name.
func (t *tree) find(op, name string) (int, error) {
	id := root
	for _, part := range parts(name) {
		next, ok := t.nodes[id].names[part]
		if !ok {
			return 0, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
		}
		id = next
	}
	return id, nil
}

// parent returns the folder that a name is in, and the last part of the name.
func (t *tree) parent(op, name string) (dir int, last string, err error) {
	p := parts(name)
	if len(p) == 0 {
		return 0, "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	dir, err = t.find(op, filepath.Dir(filepath.Clean(name)))
	if err == nil && !t.nodes[dir].dir {
		err = &fs.PathError{Op: op, Path: name, Err: syscall.ENOTDIR}
	}
	return dir, p[len(p)-1], err
}

func (t *tree) walk(id int, name string, do func(name string, n *node)) {
	n := t.nodes[id]
	do(name, n)
	for part, child := range n.names {
		t.walk(child, filepath.Join(name, part), do)
	}
}

func (t *tree) used() (bytes int64) {
	t.walk(root, "", func(_ string, n *node) { bytes += int64(len(n.data)) })
	return bytes
}

// apply changes the tree; of a write only the first bytes.
func (t *tree) apply(op Op, bytes int) {
	switch op.Kind {
	case Write:
		n := t.nodes[op.node]
		n.own()
		if end := op.Offset + int64(bytes); bytes > 0 && end > int64(len(n.data)) {
			n.resize(end)
		}
		copy(n.data[min(op.Offset, int64(len(n.data))):], op.Data[:bytes])
	case Truncate:
		t.nodes[op.node].resize(op.Offset)
	case Create:
		t.nodes[op.dir].names[op.name] = op.node
	case Mkdir:
		t.nodes[op.dir].names[op.name] = op.node
	case Remove:
		delete(t.nodes[op.dir].names, op.name)
	case Rename:
		if from := t.nodes[op.fromDir]; from.names[op.fromName] == op.node {
			delete(from.names, op.fromName)
		}
		t.nodes[op.dir].names[op.name] = op.node
	case Sync, SyncDir:
	default:
		panic(fmt.Sprintf("disktest: change of kind %d", op.Kind))
	}
}
