package keyed

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"millrace/broker/disk"
	"millrace/fault"
	"millrace/internal/failpoint"
)

const (
	// chunk is about how much is written at once while the file is written anew.
	chunk = 256 << 10
	// lastBytes is what may be left to copy when the writer takes the new file over, so that nobody waits for long.
	lastBytes = 1 << 20
)

// rewriting makes a new file of what is in the map, beside the writer, who goes on with the old one and at last copies what has come since.
type rewriting struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when the rest is ready
	err    error

	file  disk.File
	size  int64 // of the new file
	from  int64 // where in the old file stands what is not in the new one
	files []namedSpace
}

// namedSpace is a space as it was when the rewriting began.
type namedSpace struct {
	name  string
	pairs []pair
}

func (s *store) newPath() string { return s.path + ".new" }

// beginRewrite starts writing the file anew if it is due. The writer calls it when nothing that was taken from
// pending is unwritten, so that what the map has is in the file or pending.
func (s *store) beginRewrite() {
	if s.writer.making != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil || !s.outdated() {
		return
	}
	// What is pending is in the map already; it stands in the file from here on, and is left out of the copy.
	r := &rewriting{done: make(chan struct{}), from: s.at + int64(len(s.pending))}
	for name, m := range s.spaces {
		r.files = append(r.files, namedSpace{name, m.pairs()})
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	s.writer.making = r
	go func() {
		defer close(r.done)
		r.err = s.writeAnew(ctx, r)
	}()
}

// writeAnew writes all spaces into a new file and forces it to disk.
func (s *store) writeAnew(ctx context.Context, r *rewriting) error {
	f, err := s.fs.OpenFile(s.newPath(), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	r.file = f
	if r.size, err = writeSpaces(ctx, f, r.files); err != nil {
		return err
	}
	r.files = nil
	failpoint.Hit("keyed.rewrite.sync.before")
	return f.Sync()
}

// writeSpaces writes a file from its magic on and returns its size.
func writeSpaces(ctx context.Context, f disk.File, spaces []namedSpace) (int64, error) {
	size := int64(0)
	buf := append(make([]byte, 0, chunk*2), magic...)
	flush := func() error {
		n, err := f.WriteAt(buf, size)
		size += int64(n)
		buf = buf[:0]
		return err
	}
	for _, sp := range spaces {
		for rest := sp.pairs; len(rest) > 0; {
			if err := ctx.Err(); err != nil {
				return size, err
			}
			at := len(buf)
			buf = appendBytes(beginFrame(buf, 0), sp.name)
			for len(rest) > 0 && len(buf) < chunk {
				buf = appendEntry(buf, rest[0].key, rest[0].value)
				rest = rest[1:]
			}
			buf = endFrame(buf, at)
			if len(buf) < chunk {
				continue
			}
			if err := flush(); err != nil {
				return size, err
			}
		}
	}
	return size, flush()
}

// endRewrite puts the new file into the place of the old one. The writer calls it.
func (s *store) endRewrite() {
	r := s.writer.making
	if r.err == nil && s.at-r.from > lastBytes {
		// Much has come meanwhile: copy it beside the writer, who looks again afterwards.
		from, upto := r.from, s.at
		r.from, r.done = upto, make(chan struct{})
		old := s.file
		go func() {
			defer close(r.done)
			if r.err = r.copyFrom(old, from, upto); r.err == nil {
				r.err = r.file.Sync()
			}
		}()
		return
	}
	swapped, err := s.swap(r)
	if !swapped {
		s.dropRewrite(err)
		return
	}
	s.writer.making = nil
	if err != nil {
		s.refuse(fault.New(fault.Unavailable, "keep %s: put the new file into its place: %w", s.path, err).
			WithHint("mend the disk, then start again"))
	}
}

// copyFrom appends a range of the old file.
func (r *rewriting) copyFrom(old disk.File, from, upto int64) error {
	if from >= upto {
		return nil
	}
	n, err := io.Copy(io.NewOffsetWriter(r.file, r.size), io.NewSectionReader(old, from, upto-from))
	r.size += n
	if err == nil && n < upto-from {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// swap copies the rest, and makes the new file the file. It says whether the old file is of no use any more.
func (s *store) swap(r *rewriting) (swapped bool, err error) {
	if r.err != nil {
		return false, r.err
	}
	if s.at < r.from { // the new file holds what is still pending: write that first, into the old one
		s.flush(true)
	}
	if err := s.failure(); err != nil {
		return false, err
	}
	if err := r.copyFrom(s.file, r.from, s.at); err != nil {
		return false, err
	}
	if err := r.file.Sync(); err != nil {
		return false, err
	}
	failpoint.Hit("keyed.rewrite.rename.before")
	if err := s.fs.Rename(s.newPath(), s.path); err != nil {
		return false, err
	}
	failpoint.Hit("keyed.rewrite.rename.after")
	err = s.fs.SyncDir(filepath.Dir(s.path))
	failpoint.Hit("keyed.rewrite.synced")
	_ = s.file.Close() // nothing refers to it
	s.file, s.at = r.file, r.size
	s.mu.Lock()
	defer s.mu.Unlock()
	s.synced = s.written
	s.size = r.size + int64(len(s.pending))
	s.count.Rewritten++
	s.again = 0
	return true, err
}

// dropRewrite lets go of a new file that did not come about: the old one goes on, and is tried again when it has grown.
func (s *store) dropRewrite(err error) {
	r := s.writer.making
	s.writer.making = nil
	if r.file != nil {
		_ = r.file.Close()
		_ = s.fs.Remove(s.newPath()) // Open removes it, too
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.again = s.size + s.floor
	if s.err == nil {
		s.log().Warn("file not written anew, it goes on growing", slog.String("file", s.path),
			slog.Int64("bytes", s.size), slog.Int64("live", s.live), slog.Any("error", err))
	}
}

// abandonRewrite ends a rewriting that goes on, and waits for it.
func (s *store) abandonRewrite() {
	r := s.writer.making
	if r == nil {
		return
	}
	r.cancel()
	<-r.done
	s.writer.making = nil
	if r.file != nil {
		_ = r.file.Close()
		_ = s.fs.Remove(s.newPath())
	}
}
