package disktest

import "fmt"

// Kind is what a change does.
type Kind int

// The kinds. Sync and SyncDir change nothing but what a crash leaves.
const (
	Write Kind = iota
	Truncate
	Sync
	Create
	Mkdir
	Rename
	Remove
	SyncDir
)

// Op is a change of a disk.
type Op struct {
	Index  int // in the order of changes
	Kind   Kind
	Path   string // of the file as it was opened, or the folder
	To     string // of Rename
	Offset int64  // of Write; of Truncate, the new size
	Data   []byte // of Write; only borrowed
	Failed bool   // a Sync or SyncDir that failed

	node     int    // the file or folder
	dir      int    // the folder that the change of a name is in
	name     string // in dir
	fromDir  int    // of Rename
	fromName string
}

// String describes the change.
func (o Op) String() string {
	failed := ""
	if o.Failed {
		failed = ", which failed"
	}
	switch o.Kind {
	case Write:
		return fmt.Sprintf("%d: write %d bytes at %d of %s", o.Index, len(o.Data), o.Offset, o.Path)
	case Truncate:
		return fmt.Sprintf("%d: truncate %s to %d", o.Index, o.Path, o.Offset)
	case Sync:
		return fmt.Sprintf("%d: sync %s%s", o.Index, o.Path, failed)
	case Create:
		return fmt.Sprintf("%d: create %s", o.Index, o.Path)
	case Mkdir:
		return fmt.Sprintf("%d: make folder %s", o.Index, o.Path)
	case Rename:
		return fmt.Sprintf("%d: rename %s to %s", o.Index, o.Path, o.To)
	case Remove:
		return fmt.Sprintf("%d: remove %s", o.Index, o.Path)
	case SyncDir:
		return fmt.Sprintf("%d: sync folder %s%s", o.Index, o.Path, failed)
	}
	return fmt.Sprintf("%d: change of kind %d", o.Index, o.Kind)
}
