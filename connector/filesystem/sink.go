package filesystem

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"millrace/connector"
	"millrace/fault"
	"millrace/format"
	"millrace/vec"
)

type sink struct {
	dir      string
	rollSize int64
	rollAge  time.Duration
}

func newSink(t connector.Table) (connector.Sink, error) {
	dir, err := localPath(t.Options)
	if err != nil {
		return nil, err
	}
	return &sink{
		dir: dir, rollSize: t.Options.Size("sink.rolling-policy.file-size"),
		rollAge: t.Options.Duration("sink.rolling-policy.rollover-interval"),
	}, nil
}

// Open implements connector.Sink.
func (s *sink) Open(_ context.Context, t connector.Task, encode format.Encoder) (connector.Writer, error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, fault.New(fault.Unavailable, "open folder: %w", err)
	}
	var id [6]byte
	rand.Read(id[:])
	return &writer{
		sink: s, encode: encode,
		final:  fmt.Sprintf("part-%s-%d-", hex.EncodeToString(id[:]), t.Index),
		hidden: fmt.Sprintf(".%s-%d-", url.PathEscape(t.Job), t.Index),
	}, nil
}

// Close implements connector.Sink.
func (s *sink) Close() error { return nil }

// buffered is how much is collected before it is written to the file.
const buffered = 256 << 10

// unfinished is the end of the name of a file that is being written.
const unfinished = ".inprogress"

// writer writes the rows of one task to one file after the other.
type writer struct {
	*sink
	encode format.Encoder
	final  string // begins the names of finished files
	hidden string // begins the names of all unfinished files of this task, also of earlier runs
	swept  bool

	buf    []byte
	file   *os.File // nil: the next row begins one
	part   part     // of file
	opened time.Time
	count  int
	rolled []part // closed since the last Prepare

	committed int64 // bytes of file that a committed epoch covers
}

// part is a file as Prepare stages it.
type part struct {
	Hidden string `json:"hidden"` // its name while it is written
	Final  string `json:"final"`
	Size   int64  `json:"size"`
	Done   bool   `json:"done"` // it is complete; else the first Size bytes of it are staged
}

// Write implements connector.Writer.
func (w *writer) Write(_ context.Context, b *vec.Batch) error {
	rows := b.Rows()
	for k := range rows.Len() {
		i := rows.At(k)
		var err error
		if w.buf, err = w.encode.Append(w.buf, b, i); err != nil {
			return fmt.Errorf("write to files: %w", err)
		}
		w.buf = append(w.buf, '\n')
		if len(w.buf) >= buffered {
			if err := w.spill(); err != nil {
				return err
			}
		}
	}
	return nil
}

// spill writes what is buffered to the file, and begins the next one when it is large enough.
func (w *writer) spill() error {
	if len(w.buf) == 0 {
		return nil
	}
	if w.file == nil {
		name := fmt.Sprintf("%s%d", w.final, w.count)
		w.count++
		w.part = part{Hidden: w.hidden + name + unfinished, Final: name}
		file, err := os.OpenFile(filepath.Join(w.dir, w.part.Hidden), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			return fault.New(fault.Unavailable, "begin part file: %w", err)
		}
		w.file, w.opened, w.committed = file, time.Now(), 0
	}
	n, err := w.file.Write(w.buf)
	w.part.Size += int64(n)
	if err != nil {
		return fault.New(fault.Unavailable, "write part file: %w", err)
	}
	w.buf = w.buf[:0]
	if w.part.Size >= w.rollSize {
		return w.roll()
	}
	return nil
}

// roll closes the file, durably.
func (w *writer) roll() error {
	err := errors.Join(w.file.Sync(), w.file.Close())
	w.file = nil
	if err != nil {
		return fault.New(fault.Unavailable, "close part file: %w", err)
	}
	w.part.Done = true
	w.rolled = append(w.rolled, w.part)
	return nil
}

// Flush implements connector.Writer.
func (w *writer) Flush(context.Context) error {
	if err := w.spill(); err != nil {
		return err
	}
	if w.file == nil {
		return nil
	}
	if time.Since(w.opened) >= w.rollAge {
		return w.roll()
	}
	if err := w.file.Sync(); err != nil {
		return fault.New(fault.Unavailable, "sync part file: %w", err)
	}
	return nil
}

// Prepare implements connector.Committer: it stages the files that are complete, and how much of the
// open one is written.
func (w *writer) Prepare(ctx context.Context, _ int64) ([]byte, error) {
	if err := w.sweep(); err != nil {
		return nil, err
	}
	if err := w.Flush(ctx); err != nil {
		return nil, err
	}
	parts := w.rolled
	if w.file != nil {
		parts = append(parts, w.part)
	}
	if len(parts) == 0 {
		return nil, nil
	}
	staged, err := json.Marshal(parts)
	if err != nil {
		return nil, fmt.Errorf("stage part files: %w", err)
	}
	w.rolled = nil
	return staged, nil
}

// sweep removes the unfinished files that an earlier run of this task left, before the first Prepare: by
// then what its last epoch staged has been committed.
func (w *writer) sweep() error {
	if w.swept {
		return nil
	}
	w.swept = true
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return fault.New(fault.Unavailable, "list part files: %w", err)
	}
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), w.hidden)
		if !ok || !strings.HasSuffix(rest, unfinished) || strings.HasPrefix(rest, w.final) {
			continue
		}
		if err := os.Remove(filepath.Join(w.dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fault.New(fault.Unavailable, "remove an abandoned part file: %w", err)
		}
	}
	return nil
}

// Commit implements connector.Committer. An open file of this writer stays open; one of an earlier run,
// which nobody will write to any more, is cut to what was staged and published.
func (w *writer) Commit(_ context.Context, staged []byte) error {
	var parts []part
	if err := json.Unmarshal(staged, &parts); err != nil {
		return fault.New(fault.Corrupt, "commit part files: %w", err)
	}
	for _, p := range parts {
		if !p.Done && strings.HasPrefix(p.Final, w.final) {
			if w.file != nil && w.part.Final == p.Final {
				w.committed = p.Size
			}
			continue
		}
		if err := w.publish(p); err != nil {
			return err
		}
	}
	return nil
}

// publish gives a file its final name, if it does not have it already.
func (w *writer) publish(p part) error {
	hidden, final := filepath.Join(w.dir, p.Hidden), filepath.Join(w.dir, p.Final)
	info, err := os.Stat(hidden)
	if errors.Is(err, fs.ErrNotExist) {
		if _, gone := os.Stat(final); gone == nil {
			return nil
		}
		return fault.New(fault.Corrupt, "publish part file %q: it is gone", p.Final)
	}
	switch {
	case err != nil:
	case info.Size() < p.Size:
		return fault.New(fault.Corrupt, "publish part file %q: it has %d bytes of %d", p.Final, info.Size(), p.Size)
	case info.Size() > p.Size:
		err = truncate(hidden, p.Size)
	}
	if err == nil {
		err = os.Rename(hidden, final)
	}
	if err == nil {
		err = syncFolder(w.dir)
	}
	if err != nil {
		return fault.New(fault.Unavailable, "publish part file: %w", err)
	}
	return nil
}

func truncate(path string, size int64) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Truncate(size), file.Sync(), file.Close())
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Close implements connector.Writer. A file that is committed as a whole gets its name; one that has more
// is left to the next run, which commits what its epoch staged.
func (w *writer) Close() error {
	if w.file == nil {
		return nil
	}
	whole := w.committed == w.part.Size && len(w.buf) == 0
	err := w.file.Close()
	w.file = nil
	if err != nil || !whole {
		return err
	}
	return w.publish(w.part)
}
