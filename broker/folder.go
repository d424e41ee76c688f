package broker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"millrace/fault"
)

// The files beside the log. formatFile says what wrote the folder; cleanFile stands there from a Close in order to the next Open.
const (
	formatFile = "format"
	format     = "millrace broker 1\n"
	cleanFile  = "clean"
)

// enter checks that the folder is one of ours, and says whether the broker was closed in order the last time. It was not from here on.
func (b *Broker) enter() (clean bool, err error) {
	if err := b.checkFormat(); err != nil {
		return false, err
	}
	err = b.cfg.FS.Remove(filepath.Join(b.cfg.Dir, cleanFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = b.cfg.FS.SyncDir(b.cfg.Dir)
	}
	if err != nil {
		return false, fmt.Errorf("begin in folder %s: %w", b.cfg.Dir, err)
	}
	return true, nil
}

func (b *Broker) checkFormat() error {
	path := filepath.Join(b.cfg.Dir, formatFile)
	found, err := b.read(path)
	if err == nil && found == format {
		return nil
	}
	if err == nil {
		return fault.New(fault.Corrupt, "folder %s says that it is %q, not %q", b.cfg.Dir, strings.TrimSpace(found), strings.TrimSpace(format)).
			WithHint("run the version of millrace that wrote it, or name another folder with --data DIR")
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if err := b.checkEmpty(); err != nil {
		return err
	}
	return b.write(formatFile, format)
}

// checkEmpty refuses a folder with files in it that are not ours: what an older version kept, for one.
func (b *Broker) checkEmpty() error {
	entries, err := b.cfg.FS.ReadDir(b.cfg.Dir)
	if err != nil {
		return fmt.Errorf("list folder: %w", err)
	}
	for _, e := range entries {
		if e.Name() != lockFile && !strings.HasSuffix(e.Name(), ".new") {
			return fault.New(fault.Corrupt, "folder %s holds %s, and nothing says that millrace's broker wrote it", b.cfg.Dir, e.Name()).
				WithHint("an earlier version of millrace kept its log otherwise: copy its topics with any Kafka client, or move the folder away to begin anew")
		}
	}
	return nil
}

// leave says that all was closed in order.
func (b *Broker) leave() error { return b.write(cleanFile, format) }

func (b *Broker) read(path string) (string, error) {
	f, err := b.cfg.FS.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	buf := make([]byte, 2*len(format))
	n, err := f.ReadAt(buf, 0)
	if n == 0 && err != nil {
		return "", nil
	}
	return string(buf[:n]), nil
}

// write makes a small file, whole or not at all.
func (b *Broker) write(name, text string) error {
	path := filepath.Join(b.cfg.Dir, name)
	f, err := b.cfg.FS.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(text))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := b.cfg.FS.Rename(path+".new", path); err != nil {
		return err
	}
	return b.cfg.FS.SyncDir(b.cfg.Dir)
}
