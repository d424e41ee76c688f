package keyed

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"millrace/broker/disk"
	"millrace/fault"
)

// Open opens the store in a file, making it and its folder if they are not there. One Store at a time has the file: the
// caller sees to that. A last frame that was torn is cut off; what is damaged otherwise is a fault of kind Corrupt
// that says where, unless opts.AcceptLoss.
func Open(fsys disk.FS, path string, opts Options) (*Store, error) {
	s := &Store{store{
		fs: fsys, path: path, opts: opts, floor: rewriteFloor, spaces: map[string]space{}, next: newRound(),
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}}
	s.room = sync.NewCond(&s.mu)
	if err := s.open(); err != nil {
		if s.file != nil {
			_ = s.file.Close()
		}
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	go s.run()
	return s, nil
}

func (s *store) open() error {
	_, err := s.fs.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = s.create()
	}
	if err != nil {
		return err
	}
	if err := s.fs.Remove(s.newPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if s.file, err = s.fs.OpenFile(s.path, os.O_RDWR, 0); err != nil {
		return err
	}
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	good, err := s.read(info.Size())
	if err != nil {
		return err
	}
	if good < int64(len(magic)) { // of an accepted loss: all is lost
		if _, err := s.file.WriteAt([]byte(magic), 0); err != nil {
			return err
		}
		good = int64(len(magic))
	}
	if good < info.Size() {
		if err := s.file.Truncate(good); err != nil {
			return err
		}
	}
	// A killed process may have left bytes that only the operating system has: they count from now on.
	if err := s.file.Sync(); err != nil {
		return err
	}
	s.at, s.written, s.end, s.synced, s.size = good, good, good, good, good
	return nil
}

// create makes an empty file, whole or not at all.
func (s *store) create() error {
	dir := filepath.Dir(s.path)
	if err := disk.MakeDir(s.fs, dir, 0o700); err != nil {
		return err
	}
	f, err := s.fs.OpenFile(s.newPath(), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	_, err = writeSpaces(context.Background(), f, nil)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := s.fs.Rename(s.newPath(), s.path); err != nil {
		return err
	}
	return s.fs.SyncDir(dir)
}

// read fills the map and returns where the frames that are good end. An error says that what follows was damaged.
func (s *store) read(size int64) (good int64, err error) {
	r := &frames{r: bufio.NewReaderSize(io.NewSectionReader(s.file, 0, size), chunk), size: size}
	err = r.magic()
	for err == nil {
		var payload []byte
		if payload, err = r.next(); err != nil || payload == nil {
			break
		}
		err = parsePayload(payload, func(space, key, value []byte) { s.apply(string(space), key, value) })
		if err == nil {
			r.at = r.end
		}
	}
	if err == nil {
		return r.at, nil
	}
	if !errors.Is(err, errFrame) && !errors.Is(err, errPayload) {
		return 0, err // the disk does not read
	}
	torn := false
	if errors.Is(err, errFrame) {
		if torn, err = wasTorn(s.file, r.at, size); err != nil {
			return 0, err
		}
	}
	if torn {
		s.log().Warn("last change was not written whole, cut off", slog.String("file", s.path),
			slog.Int64("at", r.at), slog.Int64("bytes", size-r.at))
		return r.at, nil
	}
	if !s.opts.AcceptLoss {
		return 0, fault.New(fault.Corrupt, "bytes %d to %d do not check: it was damaged after it was written", r.at, size).
			WithHint("put back a copy of the file, or start once with the broker's setting that accepts loss: %s is then copied aside, and all changes from byte %d on are dropped", s.path, r.at)
	}
	aside, err := s.copyAside(size)
	if err != nil {
		return 0, fmt.Errorf("copy what is damaged aside: %w", err)
	}
	s.log().Error("damaged file: what stands from here on is dropped", slog.String("file", s.path),
		slog.Int64("at", r.at), slog.Int64("bytes", size-r.at), slog.String("copy", aside))
	return r.at, nil
}

// copyAside copies the file as it is to a name that is free.
func (s *store) copyAside(size int64) (name string, err error) {
	for i := 1; ; i++ {
		name = fmt.Sprintf("%s.damaged-%d", s.path, i)
		f, err := s.fs.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = io.Copy(f, io.NewSectionReader(s.file, 0, size))
		if err == nil {
			err = f.Sync()
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return "", err
		}
		return name, s.fs.SyncDir(filepath.Dir(s.path))
	}
}
