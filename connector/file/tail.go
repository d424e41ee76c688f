package file

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// tail is a file that is followed.
type tail struct {
	place
	path   string   // under which it was found first: the key of its records
	name   string   // by which it can be opened now; "" if it has none any more
	file   *os.File // nil: closed
	size   int64    // when it was looked at last
	known  int64    // end of what was read of it, also if it was not collected yet
	seen   int64    // size up to which there is no whole record behind offset
	flush  int64    // size at which what waited was flushed
	grown  time.Time
	listed bool // a pattern led to it at the last scan
	lost   bool // it has no name any more

	wrote   int64 // time of the last write; modified is the one before the last read
	written int64 // as the last scan saw it: the order of files that had one name
	missed  int   // scans that have not found it
	renamed bool  // what it was renamed to was found, and newer generations looked for
}

// open opens the file if it is not open. errMoved means that the name is another file's by now.
func (t *tail) open() error {
	if t.file != nil {
		return nil
	}
	if t.name == "" {
		return errMoved
	}
	f, err := os.Open(t.name)
	if errors.Is(err, fs.ErrNotExist) {
		return errMoved
	}
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		if id, _ := identify(info); id != t.id {
			err = errMoved
		}
	}
	if err != nil {
		_ = f.Close() // was only read
		return err
	}
	t.file = f
	return nil
}

var (
	errMoved = errors.New("the file is not where it was")
	errCut   = errors.New("the file is not what it was")
)

func (t *tail) close() {
	if t.file != nil {
		_ = t.file.Close() // was only read
		t.file = nil
	}
}

// stat notes the size. A closed file is looked at by its name.
func (t *tail) stat(now time.Time) error {
	var info fs.FileInfo
	var err error
	if t.file != nil {
		info, err = t.file.Stat()
	} else if t.name == "" {
		return errMoved
	} else if info, err = os.Stat(t.name); errors.Is(err, fs.ErrNotExist) {
		return errMoved
	}
	if err != nil {
		return err
	}
	id, names := identify(info)
	if id != t.id {
		return errMoved
	}
	t.lost = names == 0
	t.wrote = info.ModTime().UnixNano()
	if size := info.Size(); size != t.size || t.grown.IsZero() {
		t.size, t.grown = size, now
	}
	return nil
}

// cut reports whether the file was cut by its size alone.
func (t *tail) cut() bool { return t.size < t.offset || t.size < int64(t.mark.size) }

// read reads into buf from the offset on. What it returns belongs to the file that the mark stands for: a
// file that is cut and written anew meanwhile begins differently afterwards, unless it has the same first bytes.
func (t *tail) read(buf []byte) ([]byte, error) {
	n, err := t.file.ReadAt(buf, t.offset)
	if err != nil && err != io.EOF {
		return nil, err
	}
	now, same, err := markOf(t.file, t.mark)
	if err != nil {
		return nil, err
	}
	if !same {
		return nil, errCut
	}
	if t.mark.size < markBytes {
		t.mark = now
	}
	t.known, t.modified = t.offset+int64(n), t.wrote
	return buf[:n], nil
}

// unread is how many bytes are known to wait.
func (t *tail) unread() int64 { return max(t.size-t.offset, 0) }

// begin opens a file that was not known, for reading from its beginning or its end. A line that is being written
// at the end is passed over.
func (t *tail) begin(atEnd bool) error {
	if err := t.open(); err != nil {
		return err
	}
	var err error
	if t.mark, _, err = markOf(t.file, mark{}); err != nil {
		return err
	}
	info, err := t.file.Stat()
	if err != nil {
		return err
	}
	t.wrote = info.ModTime().UnixNano()
	if t.modified = t.wrote; !atEnd || info.Size() == 0 {
		return nil
	}
	t.offset = info.Size()
	var last [1]byte
	if _, err := t.file.ReadAt(last[:], t.offset-1); err != nil {
		return err
	}
	if last[0] != '\n' {
		t.skip = skipLine
	}
	return nil
}

// rotatedName reports whether name can be what a rotation makes of path: app.log.1, app.log-20261120,
// app-20261120.log, app.log.old. app-errors.log is another file.
func rotatedName(path, name string) bool {
	if filepath.Dir(path) != filepath.Dir(name) {
		return false
	}
	base := filepath.Base(path)
	rest, ok := strings.CutPrefix(filepath.Base(name), base)
	if ext := filepath.Ext(base); !ok && !strings.ContainsAny(ext, "0123456789") { // app.log.1 is no sibling of app.log.2
		rest, ok = strings.CutPrefix(filepath.Base(name), strings.TrimSuffix(base, ext))
	}
	if !ok || rest == "" || !strings.ContainsRune(".-_~", rune(rest[0])) {
		return false
	}
	return strings.ContainsAny(rest, "0123456789") || slices.Contains([]string{"~", ".old", ".bak", ".copy", ".prev"}, rest)
}

// leastMark is how many bytes must be alike for a file to be taken for the copy of another, unless it has no more.
const leastMark = 64

// isCopy reports whether the file at path begins as t did and is no shorter than what was read of t. If too few
// bytes are known of t, the copy must be younger than them, too.
func (t *tail) isCopy(path string) bool {
	if isCompressed(path) {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // was only read
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() < max(t.offset, int64(t.mark.size)) {
		return false
	}
	if t.mark.size < leastMark && info.ModTime().UnixNano() <= t.modified {
		return false
	}
	_, same, err := markOf(f, t.mark)
	return err == nil && same
}

// beginsLike reports whether the file at path begins like t, which is open or can be opened: it is a copy,
// or is becoming one.
func (t *tail) beginsLike(path string) bool {
	if t.open() != nil {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // was only read
	var a, b [markBytes]byte
	n, err1 := t.file.ReadAt(a[:], 0)
	m, err2 := f.ReadAt(b[:], 0)
	if err1 != nil && err1 != io.EOF || err2 != nil && err2 != io.EOF {
		return false
	}
	alike := min(n, m)
	return (alike >= leastMark || alike == m) && bytes.Equal(a[:alike], b[:alike])
}
