package file

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"millrace/connector"
)

// maxFiles is how many files one source follows; their position must fit what a site keeps.
const maxFiles = 800

// missedScans is how often a file may not be found before it is forgotten.
const missedScans = 3

// follower keeps the list of files that are followed. One goroutine uses it.
type follower struct {
	*collector
	site    connector.Site
	tails   []*tail // in the order they were found, so that a file stands behind the one that had its name before
	first   bool    // no scan was done, ever
	resumed bool    // a scan was done by this Collect
	dirs    map[string]bool
	warns   map[string]string // by what they are about, so that each is said once
}

func newFollower(c *collector, site connector.Site, position []byte) (*follower, error) {
	places, err := parseKnown(position)
	if err != nil {
		return nil, err
	}
	w := &follower{collector: c, site: site, first: position == nil, warns: map[string]string{}}
	for _, p := range places {
		w.tails = append(w.tails, &tail{place: p, flush: -1, seen: -1})
	}
	return w, nil
}

func parseKnown(position []byte) ([]place, error) {
	if position == nil {
		return nil, nil
	}
	return parsePosition(position)
}

func (w *follower) close() {
	for _, t := range w.tails {
		t.close()
	}
}

// warn says an error once until it is another one or over (nil).
func (w *follower) warn(about string, err error) {
	if err == nil {
		delete(w.warns, about)
		return
	}
	if w.warns[about] != err.Error() {
		if len(w.warns) >= maxFiles {
			clear(w.warns)
		}
		w.warns[about] = err.Error()
		w.site.Warn(err)
	}
}

// scan looks for files that have come, gone or been renamed.
func (w *follower) scan(ctx context.Context) {
	found := w.list(ctx)
	if ctx.Err() != nil {
		return
	}
	// Those that are known first: a file may be the copy of one that stands behind it.
	for _, t := range w.tails {
		t.listed, t.written = false, t.modified
	}
	found = slices.DeleteFunc(found, func(f candidate) bool {
		t := w.tail(f.id)
		if t != nil {
			t.listed, t.name, t.written = true, f.path, f.written()
		}
		return t != nil
	})
	renamed := w.searchRenamed()
	w.namePlaces(found)
	if !w.resumed {
		w.resume()
	}
	for _, t := range renamed {
		w.catchUp(t.path, t.written)
	}
	w.begin(found)
	slices.SortStableFunc(w.tails, older)
	w.first, w.resumed = false, true
}

// list returns the files that the patterns lead to, each once. Names may change during a walk, so that a file is
// missed: if anything has changed since the last scan, it is repeated until two walks agree.
func (w *follower) list(ctx context.Context) []candidate {
	const tries = 10
	found := w.walk(ctx)
	known := func(f candidate) bool { t := w.tail(f.id); return t != nil && t.name == f.path }
	if len(found) >= len(w.tails) && !slices.ContainsFunc(found, func(f candidate) bool { return !known(f) }) {
		return found
	}
	for range tries {
		again := w.walk(ctx)
		if slices.EqualFunc(found, again, sameFile) {
			return again
		}
		found = again
	}
	return found
}

func (w *follower) walk(ctx context.Context) (found []candidate) {
	w.dirs = map[string]bool{}
	seen := map[identity]bool{}
	walk := &walk{dirs: w.dirs, wrong: func(path string, err error) { w.warn(path, fmt.Errorf("look for files: %w", err)) }}
	walk.found = func(path string) {
		if one, ok := w.candidate(path); ok && !seen[one.id] {
			seen[one.id] = true
			found = append(found, one)
		}
	}
	for _, g := range w.globs {
		walk.glob(ctx, g)
	}
	return found
}

// namePlaces finds out what the files were called that are known by their position alone.
func (w *follower) namePlaces(found []candidate) {
	for _, t := range w.tails {
		if t.path != "" {
			continue
		}
		t.path = w.formerName(t.name, found...)
		if !t.listed && t.path == t.name {
			t.path = w.patternName(t.name)
		}
	}
}

// older orders the files that had one name: the one that has it still comes last.
func older(a, b *tail) int {
	if c := strings.Compare(a.path, b.path); c != 0 {
		return c
	}
	if has := a.name == a.path; has != (b.name == b.path) {
		if has {
			return 1
		}
		return -1
	}
	return cmp.Compare(a.written, b.written)
}

// candidate is a file that a pattern led to.
type candidate struct {
	id   identity
	path string
	info fs.FileInfo
}

// written is when the file was written to last.
func (f candidate) written() int64 { return f.info.ModTime().UnixNano() }

func sameFile(a, b candidate) bool { return a.id == b.id && a.path == b.path }

func (w *follower) candidate(path string) (candidate, bool) {
	if isCompressed(path) || slices.ContainsFunc(w.exclude, func(g glob) bool { return g.covers(path) }) {
		return candidate{}, false
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return candidate{}, false // it has gone again, or leads nowhere
	}
	if link, err := os.Lstat(path); err == nil && link.Mode()&fs.ModeSymlink != 0 {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			w.dirs[filepath.Dir(real)] = true // where it is rotated
		}
	}
	id, _ := identify(info)
	return candidate{id, path, info}, true
}

func (w *follower) tail(id identity) *tail {
	for _, t := range w.tails {
		if t.id == id {
			return t
		}
	}
	return nil
}

// begin follows files that were not known, those first that were written to longest ago: rotated ones.
func (w *follower) begin(found []candidate) {
	slices.SortStableFunc(found, func(a, b candidate) int { return a.info.ModTime().Compare(b.info.ModTime()) })
	for _, f := range found {
		if older := w.lastOf(f.path); older != nil && !w.catchUp(f.path, older.written) {
			continue // at the next scan, behind those that could not be opened
		}
		switch {
		case w.tail(f.id) != nil: // it was renamed just now, and caught up with
			continue
		case len(w.tails) >= maxFiles:
			w.warn(optPaths, fmt.Errorf("follow %s: there are %d files already, and no more can be followed by one source", f.path, maxFiles))
			return
		case w.ignoreOlder > 0 && w.now().Sub(f.info.ModTime()) > w.ignoreOlder, w.held(f):
			continue
		}
		t := &tail{place: place{id: f.id}, path: w.formerName(f.path, found...), name: f.path, listed: true, flush: -1, seen: -1, written: f.written()}
		if w.opened(t, w.first && w.fromEnd && !w.site.Preview()) == nil {
			w.tails = append(w.tails, t)
		}
	}
}

// opened begins a file. One that was renamed meanwhile, errMoved, is found by the next scan.
func (w *follower) opened(t *tail, atEnd bool) error {
	err := t.begin(atEnd)
	if err != nil {
		t.close()
		if errors.Is(err, errMoved) {
			return err
		}
		err = fmt.Errorf("follow file: %w", err)
	}
	w.warn(t.name, err)
	return err
}

// lastOf is the newest file that was followed under a name, nil if there is none.
func (w *follower) lastOf(path string) *tail {
	for _, t := range slices.Backward(w.tails) {
		if t.path == path {
			return t
		}
	}
	return nil
}

// letGo drops files that were renamed or removed and read to their end: those whose name another file has, or
// that have no name, once nothing came for a while. Before, writers may still have them open.
func (w *follower) letGo(now time.Time, finish func(*tail) error) error {
	var err error
	w.tails = slices.DeleteFunc(w.tails, func(t *tail) bool {
		if err != nil || t.listed || t.seen != t.size || now.Sub(t.grown) < w.release || !t.lost && t.name != "" && !w.succeeded(t) {
			return false
		}
		if err = finish(t); err != nil {
			return false
		}
		t.close()
		return true
	})
	return err
}

// succeeded reports whether another file has the name that t had.
func (w *follower) succeeded(t *tail) bool {
	return slices.ContainsFunc(w.tails, func(o *tail) bool { return o != t && o.listed && o.path == t.path })
}

// spare closes files that are read to their end if there are too many open ones, or nothing came for long.
func (w *follower) spare(now time.Time) {
	open := 0
	for _, t := range w.tails {
		if t.file == nil {
			continue
		}
		if open++; t.listed && t.seen == t.size && (open > w.maxOpen || now.Sub(t.grown) > w.release) {
			t.close()
			open--
		}
	}
}

// position is where all files are.
func (w *follower) position(dst []byte) []byte {
	dst = append(dst[:0], positionForm...)
	for _, t := range w.tails {
		dst = appendPlace(dst, t.place)
	}
	return dst
}
