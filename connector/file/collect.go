package file

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"millrace/connector"
	"millrace/logline"
	"millrace/option"
)

const (
	pollEvery = 250 * time.Millisecond // how often files are looked at
	scanEvery = time.Second            // how often folders are
	release   = time.Minute            // how long a renamed file may still be written to
	maxOpen   = 256                    // files of one source that are open though nothing comes
	turn      = 1 << 20                // bytes of one file before it is the next one's turn

	// Bounds of one transaction.
	maxRecords = 4096
	maxBytes   = 1 << 20

	firstBuffer = 256 << 10
)

// collector follows files in one goroutine at a time.
type collector struct {
	globs, exclude []glob
	topic          string
	fromEnd        bool
	ignoreOlder    time.Duration
	maxLine        int
	refuseBytes    bool
	addFile        bool
	host           string // to be added; ""
	multi          *multiline
	format         string
	settings       option.Values

	pollEvery, scanEvery, release time.Duration
	maxOpen                       int
	now                           func() time.Time
}

// Collect follows the files until ctx ends or the bus fails.
func (c *collector) Collect(ctx context.Context, site connector.Site) error {
	position, err := site.Position(ctx)
	if err != nil {
		return err
	}
	f, err := newFollower(c, site, position)
	if err != nil {
		return err
	}
	defer f.close()
	parser, err := logline.New(c.format, c.settings)
	if err != nil {
		return err
	}
	r := &reading{follower: f, parser: parser, split: splitter{c.maxLine, c.multi}, buf: make([]byte, firstBuffer), lag: -2}
	r.batch.site = site.Name()
	if err := r.run(ctx); ctx.Err() == nil {
		return err
	}
	return nil
}

// reading is one Collect.
type reading struct {
	*follower
	parser logline.Parser
	split  splitter
	buf    []byte
	batch  batch

	pos      []byte
	lag      int64 // as it was said last, -2 before
	records  int64 // so far, with their bytes: the average makes bytes records
	bytes    int64
	replaced int64 // lines that were not UTF-8
	told     int64 // of which so many were warned about
	toldAt   time.Time
}

func (r *reading) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var scanned time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		now := r.now()
		if scanned.IsZero() || now.Sub(scanned) >= r.scanEvery {
			begun := r.first
			r.scan(ctx)
			if scanned = now; begun { // a restart must not take the end of then for the end of now
				if err := r.commit(ctx); err != nil {
					return err
				}
			}
		}
		more, moved, err := r.pass(ctx, now)
		if err != nil {
			return err
		}
		if moved {
			scanned = time.Time{}
		}
		if more {
			timer.Reset(0)
		} else {
			timer.Reset(r.pollEvery)
		}
	}
}

// pass reads from each file in turn. more: one of them has more. moved: one is not where it was.
func (r *reading) pass(ctx context.Context, now time.Time) (more, moved bool, err error) {
	waits := map[string]bool{} // names whose older file is not at its end
	for i := 0; i < len(r.tails); i++ {
		t := r.tails[i]
		if waits[t.path] {
			continue
		}
		rest, err := r.file(ctx, t, now)
		switch {
		case errors.Is(err, errMoved):
			moved = true
			waits[t.path] = true
			continue
		case errors.Is(err, errCut):
			if err := r.restart(t); err != nil {
				r.site.Warn(err)
			}
			more, moved = true, true
			waits[t.path] = true
			continue
		case err != nil:
			var bad *readError
			if !errors.As(err, &bad) {
				return false, false, err
			}
			r.warn(t.path, err)
			continue
		}
		r.warn(t.path, nil)
		if rest {
			more, waits[t.path] = true, true
		}
	}
	if err := r.letGo(now, func(t *tail) error { return r.finish(ctx, t) }); err != nil {
		return false, false, err
	}
	if !r.batch.empty() {
		if err := r.commit(ctx); err != nil {
			return false, false, err
		}
	}
	r.spare(now)
	r.report(now)
	return more, moved, nil
}

// readError is what is wrong with one file; the others are read on.
type readError struct {
	path string
	err  error
}

func (e *readError) Error() string { return fmt.Sprintf("read file %s: %v", e.path, e.err) }
func (e *readError) Unwrap() error { return e.err }

// file reads a turn of a file and reports whether it has more.
func (r *reading) file(ctx context.Context, t *tail, now time.Time) (more bool, err error) {
	if err := t.stat(now); err != nil {
		return false, ofFile(t, err)
	}
	if t.cut() {
		return false, errCut
	}
	flush := r.multi != nil && t.size == t.seen && t.flush != t.size && now.Sub(t.grown) >= r.multi.flush
	if t.size == t.seen && !flush {
		return false, nil
	}
	if flush {
		t.flush = t.size
	}
	if err := t.open(); err != nil {
		return false, ofFile(t, err)
	}
	if r.cutUnseen(t) {
		return false, errCut
	}
	for from := t.offset; t.offset-from < turn; {
		ended, err := r.chunk(ctx, t, flush, false)
		if err != nil || ended {
			return false, err
		}
	}
	return true, nil
}

func ofFile(t *tail, err error) error {
	if errors.Is(err, errMoved) || errors.Is(err, errCut) {
		return err
	}
	return &readError{t.path, err}
}

// chunk reads a buffer full and takes the records in it. ended: no whole record is left.
func (r *reading) chunk(ctx context.Context, t *tail, flush, final bool) (ended bool, err error) {
	b, err := t.read(r.buf)
	if err != nil {
		return false, ofFile(t, err)
	}
	full := len(b) == len(r.buf)
	at := t.offset
	used := 0
	for {
		s := r.split.next(b[used:], t.skip, flush && !full, final && !full)
		t.skip = s.skip
		if s.used == 0 {
			break
		}
		start := at + int64(used)
		used += s.used
		t.offset = at + int64(used)
		if err := r.take(ctx, t, start, s); err != nil {
			return false, err
		}
	}
	if full && used == 0 {
		r.buf = make([]byte, min(2*len(r.buf), max(r.split.full(), len(r.buf)+1)))
	}
	if !full {
		t.seen = at + int64(len(b))
	}
	return !full, nil
}

// finish takes what is left of a file to which nothing will come: also a line without an end.
func (r *reading) finish(ctx context.Context, t *tail) error {
	if t.unread() == 0 {
		return nil
	}
	err := t.open()
	for err == nil {
		var ended bool
		if ended, err = r.chunk(ctx, t, true, true); ended {
			return err
		}
	}
	if errors.Is(err, errMoved) || errors.Is(err, errCut) {
		return nil
	}
	var bad *readError
	if errors.As(err, &bad) {
		r.warn(t.path, err)
		return nil
	}
	return err
}

// take adds a record to the batch, which is committed when it is large enough.
func (r *reading) take(ctx context.Context, t *tail, start int64, s split) error {
	if s.text == nil {
		return nil // what is skipped
	}
	text := clean(s.text, start)
	reason := s.reason
	if !utf8.Valid(text) {
		if r.refuseBytes && reason == "" {
			reason = "it is not UTF-8"
		} else if !r.refuseBytes {
			text = r.batch.valid(text)
			r.replaced++
		}
	}
	r.records, r.bytes = r.records+1, r.bytes+int64(s.used)
	r.batch.take(r.collector, r.parser, t.path, start, text, reason)
	if r.batch.full() {
		return r.commit(ctx)
	}
	return nil
}

// commit appends the batch together with the position behind it.
func (r *reading) commit(ctx context.Context) error {
	r.pos = r.position(r.pos)
	if err := r.site.AppendAt(ctx, r.topic, r.batch.build(r.pos)); err != nil {
		return err
	}
	r.batch.reset()
	return nil
}

// report says how much waits, and how many lines had to be mended.
func (r *reading) report(now time.Time) {
	unread := int64(0)
	for _, t := range r.tails {
		unread += t.unread()
	}
	lag := unread
	if unread > 0 {
		if lag = -1; r.records > 0 {
			average := max(r.bytes/r.records, 1)
			lag = (unread + average - 1) / average
		}
	}
	if lag != r.lag {
		r.lag = lag
		r.site.SetLag(lag)
	}
	if r.replaced > r.told && now.Sub(r.toldAt) >= time.Minute {
		r.told, r.toldAt = r.replaced, now
		r.site.Warn(errors.New("bytes that are no UTF-8 were replaced in " + strconv.FormatInt(r.replaced, 10) + " lines since the start"))
	}
}
