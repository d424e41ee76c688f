package filesystem

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"millrace/fault"
)

// replaced lists the files that those of an INSERT OVERWRITE take the place of: of the partitions that are written, or
// of a table without partitions. When the only Prepare of the job asks, nothing of it has its name yet.
func (w *writer) replaced(written []part) (old []part, err error) {
	dirs := map[string]bool{}
	if len(w.parts.columns) == 0 {
		dirs[""] = true
	}
	for _, p := range written {
		dirs[p.Dir] = true
	}
	for dir := range dirs {
		entries, err := os.ReadDir(filepath.Join(w.dir, dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fault.New(fault.Unavailable, "list the files to replace: %w", err)
		}
		gone := part{Dir: dir}
		for _, e := range entries {
			if !e.IsDir() && strings.IndexAny(e.Name(), "._") != 0 {
				gone.Old = append(gone.Old, e.Name())
			}
		}
		if len(gone.Old) > 0 {
			old = append(old, gone)
		}
	}
	return old, nil
}

// remove removes the files that are replaced; other tasks of the job may have done so.
func (w *writer) remove(p part) error {
	dir := filepath.Join(w.dir, p.Dir)
	for _, name := range p.Old {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fault.New(fault.Unavailable, "remove a file that is replaced: %w", err)
		}
	}
	if err := syncFolder(dir); err != nil {
		return fault.New(fault.Unavailable, "remove files that are replaced: %w", err)
	}
	return nil
}
