package filesystem

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
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
	parts    partitions
	replace  bool
}

func newSink(t connector.Table) (connector.Sink, error) {
	dir, err := localPath(t.Options)
	if err != nil {
		return nil, err
	}
	s := &sink{
		dir: dir, rollSize: t.Options.Size("sink.rolling-policy.file-size"),
		rollAge: t.Options.Duration("sink.rolling-policy.rollover-interval"), parts: newPartitions(t), replace: t.Overwrite,
	}
	return s, s.parts.commits(t)
}

// Open implements connector.Sink.
func (s *sink) Open(_ context.Context, t connector.Task, encode format.Encoder) (connector.Writer, error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, fault.New(fault.Unavailable, "open folder: %w", err)
	}
	var id [6]byte
	rand.Read(id[:])
	return &writer{
		sink: s, encode: encode, open: map[string]*output{},
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

// maxOpen is how many partitions a task writes at a time; one more, and it closes the files of all.
const maxOpen = 64

// writer writes the rows of one task, those of each partition to one file after the other.
type writer struct {
	*sink
	encode format.Encoder
	final  string // begins the names of finished files
	hidden string // begins the names of all unfinished files of this task, also of earlier runs
	swept  bool

	open   map[string]*output // by folder: those that have rows that are not in rolled
	folder []byte             // of the row at hand
	count  int
	rolled []part // closed since the last Prepare
}

// output is where the rows of a partition go.
type output struct {
	dir       string // relative to that of the table; "": a table without partitions
	buf       []byte
	file      *os.File // nil: the next row begins one
	part      part     // of file
	opened    time.Time
	committed int64 // bytes of file that a committed epoch covers
}

// part is a file as Prepare stages it.
type part struct {
	Hidden string `json:"hidden"` // its name while it is written
	Final  string `json:"final"`
	Dir    string `json:"dir,omitempty"` // where it is then, relative to the folder of the table
	Size   int64  `json:"size"`
	Done   bool   `json:"done"` // it is complete; else the first Size bytes of it are staged
	// Old are files of Dir that go, instead of one that comes.
	Old []string `json:"old,omitempty"`
}

// Write implements connector.Writer.
func (w *writer) Write(_ context.Context, b *vec.Batch) error {
	rows := b.Rows()
	var o *output
	for k := range rows.Len() {
		i := rows.At(k)
		var err error
		if o, err = w.output(o, b, i); err != nil {
			return err
		}
		if o.buf, err = w.encode.Append(o.buf, b, i); err != nil {
			return fmt.Errorf("write to files: %w", err)
		}
		o.buf = append(o.buf, '\n')
		if len(o.buf) >= buffered {
			if err := w.spill(o); err != nil {
				return err
			}
		}
	}
	return nil
}

// output returns where a row goes; last is where the row before it went.
func (w *writer) output(last *output, b *vec.Batch, row int) (*output, error) {
	if w.folder = w.folder[:0]; len(w.parts.columns) > 0 {
		w.folder = w.parts.appendFolder(w.folder, b, row)
	}
	if last != nil && last.dir == string(w.folder) && w.open[last.dir] == last {
		return last, nil
	}
	if o := w.open[string(w.folder)]; o != nil {
		return o, nil
	}
	if len(w.open) >= maxOpen {
		for _, dir := range slices.Sorted(maps.Keys(w.open)) {
			o := w.open[dir]
			if err := w.spill(o); err != nil {
				return nil, err
			}
			if o.file != nil {
				if err := w.roll(o); err != nil {
					return nil, err
				}
			}
		}
	}
	o := &output{dir: string(w.folder)}
	w.open[o.dir] = o
	return o, nil
}

// spill writes what is buffered to the file, and begins the next one when it is large enough.
func (w *writer) spill(o *output) error {
	if len(o.buf) == 0 {
		return nil
	}
	if o.file == nil {
		name := fmt.Sprintf("%s%d", w.final, w.count)
		w.count++
		o.part = part{Hidden: w.hidden + name + unfinished, Final: name, Dir: o.dir}
		file, err := os.OpenFile(filepath.Join(w.dir, o.part.Hidden), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			return fault.New(fault.Unavailable, "begin part file: %w", err)
		}
		o.file, o.opened, o.committed = file, time.Now(), 0
	}
	n, err := o.file.Write(o.buf)
	o.part.Size += int64(n)
	if err != nil {
		return fault.New(fault.Unavailable, "write part file: %w", err)
	}
	o.buf = o.buf[:0]
	if o.part.Size >= w.rollSize {
		return w.roll(o)
	}
	return nil
}

// roll closes the file, durably. Its partition is forgotten until it has rows again.
func (w *writer) roll(o *output) error {
	err := errors.Join(o.file.Sync(), o.file.Close())
	o.file = nil
	if err != nil {
		return fault.New(fault.Unavailable, "close part file: %w", err)
	}
	o.part.Done = true
	w.rolled = append(w.rolled, o.part)
	delete(w.open, o.dir)
	return nil
}

// Flush implements connector.Writer.
func (w *writer) Flush(context.Context) error {
	for _, dir := range slices.Sorted(maps.Keys(w.open)) {
		if err := w.flush(w.open[dir]); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) flush(o *output) error {
	if err := w.spill(o); err != nil {
		return err
	}
	if o.file == nil {
		return nil
	}
	if time.Since(o.opened) >= w.rollAge {
		return w.roll(o)
	}
	if err := o.file.Sync(); err != nil {
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
	for _, dir := range slices.Sorted(maps.Keys(w.open)) {
		if o := w.open[dir]; o.file != nil {
			parts = append(parts, o.part)
		}
	}
	if w.replace {
		old, err := w.replaced(parts)
		if err != nil {
			return nil, err
		}
		parts = append(old, parts...)
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
		if len(p.Old) > 0 {
			if err := w.remove(p); err != nil {
				return err
			}
			continue
		}
		if !p.Done && strings.HasPrefix(p.Final, w.final) {
			if o := w.open[p.Dir]; o != nil && o.file != nil && o.part.Final == p.Final {
				o.committed = p.Size
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
	dir := filepath.Join(w.dir, p.Dir)
	hidden, final := filepath.Join(w.dir, p.Hidden), filepath.Join(dir, p.Final)
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
		err = makeFolders(w.dir, p.Dir)
	}
	if err == nil {
		err = os.Rename(hidden, final)
	}
	if err == nil {
		err = syncFolder(dir)
	}
	if err == nil && p.Dir != "" {
		err = syncFolder(w.dir)
	}
	if err == nil && p.Dir != "" && w.parts.success != "" {
		err = os.WriteFile(filepath.Join(dir, w.parts.success), nil, 0o644)
	}
	if err != nil {
		return fault.New(fault.Unavailable, "publish part file: %w", err)
	}
	return nil
}

// makeFolders makes the folders of a partition that are not there yet, durably.
func makeFolders(root, dir string) error {
	if dir == "" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(root, dir)); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
		return err
	}
	for up := filepath.Dir(dir); up != "."; up = filepath.Dir(up) {
		if err := syncFolder(filepath.Join(root, up)); err != nil {
			return err
		}
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
	var all error
	for _, dir := range slices.Sorted(maps.Keys(w.open)) {
		o := w.open[dir]
		if o.file == nil {
			continue
		}
		whole := o.committed == o.part.Size && len(o.buf) == 0
		err := o.file.Close()
		o.file = nil
		if err == nil && whole {
			err = w.publish(o.part)
		}
		all = errors.Join(all, err)
	}
	return all
}
