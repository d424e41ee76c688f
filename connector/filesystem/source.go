package filesystem

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"millrace/connector"
	"millrace/fault"
	"millrace/format"
)

type source struct {
	path    string
	pattern *regexp.Regexp
	monitor time.Duration
	meta    map[int]string
	parts   partitions

	mu     sync.Mutex // guards what follows
	listed time.Time
	splits []connector.Split
}

// monitorSplit never ends and has no rows. No path is empty, nor does one end so.
const monitorSplit connector.Split = "/monitor/"

// Splits implements connector.Source: the files, in order of their names. With a monitor interval the
// folder is listed no more often than that.
func (s *source) Splits(ctx context.Context) ([]connector.Split, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.monitor > 0 && time.Since(s.listed) < s.monitor {
		return slices.Clone(s.splits), nil
	}
	splits, err := s.list(ctx)
	if err != nil {
		return nil, err
	}
	if s.monitor > 0 {
		splits = append(splits, monitorSplit)
	}
	s.splits, s.listed = splits, time.Now()
	return slices.Clone(splits), nil
}

func (s *source) list(ctx context.Context) ([]connector.Split, error) {
	var out []connector.Split
	err := filepath.WalkDir(s.path, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := path != s.path && strings.IndexAny(e.Name(), "._") == 0
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case e.IsDir() && hidden:
			return fs.SkipDir
		case e.IsDir() || hidden || s.pattern != nil && !s.pattern.MatchString(path):
			return nil
		}
		if _, in := s.parts.values(s.path, path); !in {
			return nil
		}
		out = append(out, connector.Split(path))
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		if s.monitor > 0 {
			return out, nil
		}
		return nil, fault.New(fault.NotFound, "list files of %q: %w", s.path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("list files of %q: %w", s.path, err)
	}
	return out, nil
}

// Open implements connector.Source.
func (s *source) Open(_ context.Context, split connector.Split, from connector.Offset, decode format.Decoder) (connector.Reader, error) {
	if split == monitorSplit {
		return &idle{}, nil
	}
	at := int64(0)
	if from != "" {
		var err error
		if at, err = strconv.ParseInt(string(from), 10, 64); err != nil || at < 0 {
			return nil, fault.New(fault.Corrupt, "open %s: offset %q is no position", split, from)
		}
	}
	file, err := os.Open(string(split))
	if err != nil {
		return nil, fault.New(fault.Unavailable, "open split: %w", err)
	}
	info, err := file.Stat()
	if err == nil && info.Size() < at {
		err = fault.New(fault.Conflict, "open %s at %d: it has only %d bytes", split, at, info.Size())
	}
	if err == nil {
		_, err = file.Seek(at, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	in, _ := s.parts.values(s.path, string(split))
	return &reader{parts: &s.parts, in: in, split: split, file: file, info: info, at: at, decode: decode, meta: s.meta}, nil
}

// Close implements connector.Source.
func (s *source) Close() error { return nil }

// Sizes of the buffer that lines are read into. A line that does not fit the largest one is refused.
const (
	firstBuffer = 256 << 10
	maxLine     = 16 << 20
)

// reader reads the lines of one file.
type reader struct {
	split  connector.Split
	file   *os.File
	info   fs.FileInfo
	decode format.Decoder
	meta   map[int]string
	parts  *partitions
	in     []string // the values of its partition

	buf   []byte // unread bytes are buf[from:upto]; the first of them is at position at of the file
	from  int
	upto  int
	at    int64
	ended bool // nothing is behind buf
}

// Read implements connector.Reader.
func (r *reader) Read(ctx context.Context, dst *connector.Rows) error {
	for !dst.Full() && len(dst.Refused) < connector.MaxRefused {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, size, err := r.line(dst)
		if err != nil {
			return err
		}
		if line == nil {
			continue // refused for its length
		}
		r.setMeta(dst)
		err = r.decode.Decode(line, dst.Builder)
		if errors.Is(err, format.ErrFull) {
			return nil
		}
		if fault.KindOf(err) != 0 {
			return fmt.Errorf("read record %s: %w", r.split, err)
		}
		if err != nil {
			r.refuse(dst, line, err)
		}
		r.take(dst, size)
	}
	return nil
}

// line returns the next line without its end, and its size with it. io.EOF is behind the last line.
func (r *reader) line(dst *connector.Rows) (line []byte, size int, err error) {
	searched := 0
	for {
		unread := r.buf[r.from:r.upto]
		if n := bytes.IndexByte(unread[searched:], '\n'); n >= 0 {
			n += searched
			return trim(unread[:n]), n + 1, nil
		}
		searched = len(unread)
		switch {
		case r.ended && searched == 0:
			return nil, 0, io.EOF
		case r.ended:
			return trim(unread), searched, nil
		case searched >= maxLine:
			return nil, 0, r.skipLine(dst)
		}
		if err := r.fill(); err != nil {
			return nil, 0, err
		}
	}
}

// trim cuts a carriage return off. The result is not nil.
func trim(line []byte) []byte { return bytes.TrimSuffix(line, []byte("\r")) }

// fill reads on behind the unread bytes, making room for them.
func (r *reader) fill() error {
	switch {
	case r.buf == nil:
		r.buf = make([]byte, firstBuffer)
	case r.from > 0:
		copy(r.buf, r.buf[r.from:r.upto])
		r.from, r.upto = 0, r.upto-r.from
	case r.upto == len(r.buf):
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	n, err := r.file.Read(r.buf[r.upto:])
	r.upto += n
	if errors.Is(err, io.EOF) {
		r.ended = true
		return nil
	}
	if err != nil {
		return fault.New(fault.Unavailable, "read split: %w", err)
	}
	return nil
}

// skipLine refuses a line that is too long and goes on behind it.
func (r *reader) skipLine(dst *connector.Rows) error {
	unread := r.buf[r.from:r.upto]
	r.refuse(dst, unread[:1<<10], &format.Error{Reason: fmt.Sprintf("the line has more than %d bytes; this is its beginning", maxLine)})
	for {
		if n := bytes.IndexByte(r.buf[r.from:r.upto], '\n'); n >= 0 {
			r.take(dst, n+1)
			return nil
		}
		r.take(dst, r.upto-r.from)
		if r.ended {
			return nil
		}
		r.from, r.upto = 0, 0
		if err := r.fill(); err != nil {
			return err
		}
	}
}

func (r *reader) take(dst *connector.Rows, size int) {
	r.from += size
	r.at += int64(size)
	dst.Bytes += int64(size)
}

// refuse keeps a copy of the line, as the buffer moves while this Read goes on.
func (r *reader) refuse(dst *connector.Rows, line []byte, why error) {
	dst.Refused = append(dst.Refused, connector.Refused{Value: bytes.Clone(line), Reason: why, Split: r.split, Offset: r.Offset(), Time: r.info.ModTime()})
}

// setMeta sets the metadata columns of the row that comes next.
func (r *reader) setMeta(dst *connector.Rows) {
	r.parts.set(dst, r.in)
	for c, key := range r.meta {
		switch key {
		case "file.path":
			dst.SetString(c, string(r.split))
		case "file.name":
			dst.SetString(c, r.info.Name())
		case "file.size":
			dst.SetInt(c, r.info.Size())
		case "file.modification-time":
			dst.SetInt(c, r.info.ModTime().UnixMilli())
		}
	}
}

// Offset implements connector.Reader.
func (r *reader) Offset() connector.Offset { return connector.Offset(strconv.FormatInt(r.at, 10)) }

// Lag implements connector.Reader: nobody has counted the lines.
func (r *reader) Lag() int64 { return -1 }

// Close implements connector.Reader.
func (r *reader) Close() error {
	if err := r.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// idle reads the split that keeps a job with a monitor interval alive.
type idle struct{}

// Read implements connector.Reader.
func (*idle) Read(ctx context.Context, _ *connector.Rows) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(connector.MaxWait):
		return nil
	}
}

// Offset implements connector.Reader.
func (*idle) Offset() connector.Offset { return "" }

// Lag implements connector.Reader.
func (*idle) Lag() int64 { return 0 }

// Close implements connector.Reader.
func (*idle) Close() error { return nil }
