package file

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
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

// held reports whether a file is the copy of a followed one: of one that logrotate is about to cut. Once it is cut,
// the copy is read from where the other was.
func (w *follower) held(f candidate) bool {
	return slices.ContainsFunc(w.tails, func(t *tail) bool {
		return rotatedName(t.path, f.path) && (t.mark.size >= leastMark && t.isCopy(f.path) || t.beginsLike(f.path))
	})
}

// searchRenamed looks for files that no pattern leads to any more among those beside them, and returns those
// of which it was not known that they were renamed.
func (w *follower) searchRenamed() (renamed []*tail) {
	missing := map[identity]*tail{}
	for _, t := range w.tails {
		if !t.listed {
			t.name = ""
			missing[t.id] = t
		}
	}
	if len(missing) == 0 {
		return nil
	}
	for _, f := range w.beside() {
		t := missing[f.id]
		if t == nil || isCompressed(f.path) {
			continue
		}
		t.name, t.written = f.path, f.written()
		if !t.renamed {
			t.renamed = true
			renamed = append(renamed, t)
		}
	}
	// What has no name and is not open cannot be read any more. While names are changed, one may be overlooked.
	w.tails = slices.DeleteFunc(w.tails, func(t *tail) bool {
		if t.name != "" || t.file != nil {
			t.missed = 0
			return false
		}
		t.missed++
		return t.missed > missedScans
	})
	return renamed
}

// resume looks at the files that a position names: those that were copied and cut since are begun anew before
// anything else is done about the copies.
func (w *follower) resume() {
	for _, t := range slices.Clone(w.tails) {
		if !t.listed || t.name != t.path {
			continue
		}
		if t.open() != nil || t.stat(w.now()) != nil {
			continue // the pass says why
		}
		_, same, err := markOf(t.file, t.mark)
		if err != nil {
			continue
		}
		if !same || t.cut() || w.cutUnseen(t) {
			if err := w.restart(t); err != nil {
				w.site.Warn(err)
			}
		}
	}
}

// cutUnseen reports whether a file was copied and cut of which too little was known to see that it is not the
// same any more: a younger file with the name of a copy tells.
func (w *follower) cutUnseen(t *tail) bool {
	return t.mark.size < leastMark && t.size > int64(t.mark.size) && t.listed && t.name == t.path &&
		slices.ContainsFunc(w.generations(t.path, t.modified), func(c candidate) bool { return t.isCopy(c.path) && !t.beginsLike(c.path) })
}

// generations are the files with names that a rotation makes of path which were written to since, the oldest first, without
// those that are followed.
func (w *follower) generations(path string, since int64) []candidate {
	found := slices.DeleteFunc(w.beside(), func(f candidate) bool {
		return !rotatedName(path, f.path) || isCompressed(f.path) || f.written() <= since || w.tail(f.id) != nil
	})
	slices.SortFunc(found, func(a, b candidate) int { return a.info.ModTime().Compare(b.info.ModTime()) })
	return found
}

// catchUp follows what path was rotated to, more than once, while nobody looked: the files with names that a
// rotation makes, which were written to after the one that was read last. It reports whether it could open them all.
func (w *follower) catchUp(path string, since int64) bool {
	const tries = 10 // names may change while they are listed
	for range tries {
		if w.followGenerations(path, since) {
			return true
		}
	}
	return false
}

func (w *follower) followGenerations(path string, since int64) bool {
	for _, f := range w.generations(path, since) {
		t := &tail{place: place{id: f.id}, path: path, name: f.path, renamed: true, flush: -1, seen: -1, written: f.written()}
		if len(w.tails) >= maxFiles || w.held(f) {
			continue
		}
		if err := w.opened(t, false); errors.Is(err, errMoved) {
			return false // not even those behind it, or they would be read before it
		} else if err != nil {
			continue
		}
		at := slices.IndexFunc(w.tails, func(o *tail) bool { return o.listed && o.path == path })
		if at < 0 {
			at = len(w.tails)
		}
		w.tails = slices.Insert(w.tails, at, t)
	}
	return true
}

// beside are the regular files in all folders where a pattern looks for some, as they were at one moment: a file that
// is renamed during the listing may be missed by it, or come twice, so it is repeated until nothing changes.
func (w *follower) beside() []candidate {
	const tries = 10
	last := w.listFolders()
	for range tries {
		now := w.listFolders()
		if slices.EqualFunc(last, now, sameFile) {
			return now
		}
		last = now
	}
	return last
}

func (w *follower) listFolders() (found []candidate) {
	for _, dir := range slices.Sorted(maps.Keys(w.dirs)) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // said by the scan
		}
		for _, e := range entries {
			if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
				id, _ := identify(info)
				found = append(found, candidate{id, filepath.Join(dir, e.Name()), info})
			}
		}
	}
	return found
}

// formerName is the followed or found file that path was made of by a rotation, or path itself.
func (w *follower) formerName(path string, found ...candidate) string {
	for _, t := range w.tails {
		if t.listed && rotatedName(t.name, path) {
			return t.name
		}
	}
	for _, f := range found {
		if rotatedName(f.path, path) {
			return f.path
		}
	}
	return path
}

// patternName is the name that a file had whose own is led to by no pattern: one that a rotation makes into this one, and
// to which a pattern leads, whether or not there is such a file.
func (w *follower) patternName(path string) string {
	dir, name := filepath.Split(path)
	for i := len(name) - 1; i > 0; i-- {
		for _, end := range []string{"", filepath.Ext(name)} {
			former := dir + name[:i] + end
			if strings.IndexByte(".-_~", name[i]) >= 0 && rotatedName(former, path) && slices.ContainsFunc(w.globs, func(g glob) bool { return g.covers(former) }) {
				return former
			}
		}
	}
	return path
}

// restart begins a file anew that was cut. The rest of what it was is read from its copy, if there is one.
func (w *follower) restart(t *tail) error {
	old := *t
	t.place = place{id: t.id, modified: t.wrote}
	t.seen, t.flush, t.known = -1, -1, 0
	if copied := w.copyOf(&old); copied != nil {
		w.tails = slices.Insert(w.tails, slices.Index(w.tails, t), copied)
		w.catchUp(t.path, copied.modified)
		return nil
	}
	if lost := old.known - old.offset; lost > 0 {
		return fmt.Errorf("file %s was cut while at least %d bytes of it were not read, and there is no copy beside it", t.path, lost)
	}
	return nil
}

// copyOf finds the copy that was made of a file before it was cut, and follows it from where the file was.
func (w *follower) copyOf(old *tail) *tail {
	for _, f := range w.generations(old.path, 0) {
		if !old.isCopy(f.path) {
			continue
		}
		p := old.place
		p.id, p.modified = f.id, f.written()
		copied := &tail{place: p, path: old.path, name: f.path, renamed: true, seen: -1, flush: -1, written: f.written()}
		if copied.open() == nil {
			return copied
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
