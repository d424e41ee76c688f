package file

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

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
