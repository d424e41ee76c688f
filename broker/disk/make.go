package disk

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// MakeDir makes a folder and those above it that are missing, durably.
func MakeDir(fsys FS, name string, perm fs.FileMode) error {
	var made []string
	for dir := filepath.Clean(name); ; dir = filepath.Dir(dir) {
		_, err := fsys.Stat(dir)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return err
		}
		made = append(made, dir)
	}
	if len(made) == 0 {
		return nil
	}
	if err := fsys.MkdirAll(name, perm); err != nil {
		return err
	}
	for _, dir := range made {
		if err := fsys.SyncDir(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	return nil
}
