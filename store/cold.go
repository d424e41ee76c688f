package store

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"millrace/blob"
	"millrace/fault"
)

// coldCache is a folder of files that were fetched from the bucket: those that were used last, up to so
// many bytes. A file that a query uses stays. Two that want the same file fetch it once.
type coldCache struct {
	dir     string
	bucket  *blob.Bucket // may be nil
	max     int64
	timeout time.Duration
	probing sync.Mutex // held while the file of probe is made

	mu     sync.Mutex // guards what follows
	bytes  int64      // of files that are here or on their way
	files  map[string]*coldFile
	recent list.List // of *coldFile that are here, the most recently used first
	hits   int64
	misses int64
	errors int64
	// After the bucket was away, nobody asks it again until retry: a query of a hundred parts would
	// wait for each of them.
	away  error
	retry time.Time
}

// coldFile is a file of the cache.
type coldFile struct {
	name  string
	bytes int64
	pins  int
	at    *list.Element // nil while it is fetched
	ready chan struct{} // closed when that has ended, well or not
}

// awayFor is how long a bucket that was away is not asked again.
const awayFor = 3 * time.Second

// newColdCache makes the cache of what is in the folder, as far as it is one of listed. Their content is
// checked when they are used.
func newColdCache(dir string, opts Options, listed map[string]*stored) (*coldCache, error) {
	c := &coldCache{
		dir: dir, bucket: opts.Bucket, max: opts.BucketCacheBytes, timeout: opts.BucketTimeout,
		files: map[string]*coldFile{},
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		f := listed[e.Name()]
		if f == nil || info.Size() != f.Bytes || c.bytes+f.Bytes > c.max {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return nil, fmt.Errorf("clear cache: %w", err)
			}
			continue
		}
		held := &coldFile{name: f.File, bytes: f.Bytes, ready: make(chan struct{})}
		close(held.ready)
		held.at = c.recent.PushBack(held)
		c.files[f.File], c.bytes = held, c.bytes+f.Bytes
	}
	return c, nil
}

// inBucket returns the listed files that are in the bucket, by name.
func (s *Store) inBucket() map[string]*stored {
	out := map[string]*stored{}
	for _, m := range s.measurements {
		for _, p := range m.parts {
			for _, f := range p.files() {
				if f.Object != "" {
					out[f.File] = f
				}
			}
		}
	}
	return out
}

// fetch sees to it that f is at its path and stays there until release is called. A fault says why it
// is not: Unavailable that the bucket is away, NotFound or Corrupt that the object is not what was put,
// Limit that the cache has no room.
func (c *coldCache) fetch(ctx context.Context, f *stored) (release func(), err error) {
	if f.Object == "" {
		return func() {}, nil
	}
	for {
		held, mine, err := c.claim(f)
		if err != nil {
			return nil, err
		}
		if mine {
			err := c.download(ctx, f)
			if c.settle(held, err); err != nil {
				return nil, err
			}
			return func() { c.unpin(held) }, nil
		}
		select {
		case <-ctx.Done():
			c.unpin(held)
			return nil, ctx.Err()
		case <-held.ready:
		}
		if c.usable(held, f) {
			return func() { c.unpin(held) }, nil
		}
		c.unpin(held) // the one who fetched it failed, perhaps for reasons of its own
	}
}

// claim pins the file's place in the cache. mine means that the caller is to fetch it.
func (c *coldCache) claim(f *stored) (held *coldFile, mine bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if held = c.files[f.File]; held != nil {
		held.pins++
		if held.at != nil {
			c.recent.MoveToFront(held.at)
		}
		c.hits++
		return held, false, nil
	}
	switch {
	case c.bucket == nil:
		return nil, false, fault.New(fault.Unavailable, "no bucket is configured")
	case time.Now().Before(c.retry):
		return nil, false, c.away
	}
	c.misses++
	if !c.makeRoom(f.Bytes) {
		return nil, false, fault.New(fault.Limit, "the cache of the bucket, %d bytes, has no room for another %d", c.max, f.Bytes).
			WithHint("narrow the time range, or let the cache be larger")
	}
	held = &coldFile{name: f.File, bytes: f.Bytes, pins: 1, ready: make(chan struct{})}
	c.files[f.File], c.bytes = held, c.bytes+f.Bytes
	return held, true, nil
}

// makeRoom lets go of files that nobody uses, the least recently used first. The caller holds mu.
func (c *coldCache) makeRoom(need int64) bool {
	for e := c.recent.Back(); e != nil && c.bytes+need > c.max; {
		held, before := e.Value.(*coldFile), e.Prev()
		if held.pins == 0 {
			c.remove(held)
		}
		e = before
	}
	return c.bytes+need <= c.max
}

// remove takes a file out and unlinks it. The caller holds mu.
func (c *coldCache) remove(held *coldFile) {
	if c.files[held.name] != held {
		return
	}
	delete(c.files, held.name)
	c.bytes -= held.bytes
	if held.at != nil {
		c.recent.Remove(held.at)
		held.at = nil
		_ = os.Remove(filepath.Join(c.dir, held.name)) // else the next start removes it
	}
}

// settle says how fetching ended.
func (c *coldCache) settle(held *coldFile, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(held.ready)
	if err == nil {
		held.at = c.recent.PushFront(held)
		return
	}
	held.pins--
	c.remove(held)
	c.errors++
	kind := fault.KindOf(err)
	if kind == fault.Unavailable || kind == fault.Denied || errors.Is(err, context.DeadlineExceeded) {
		c.away, c.retry = err, time.Now().Add(awayFor)
	}
}

// usable reports whether a file that is held is here. What an earlier process left is checked once.
func (c *coldCache) usable(held *coldFile, f *stored) bool {
	c.mu.Lock()
	here := held.at != nil
	c.mu.Unlock()
	if !here {
		return false
	}
	if f.check() == nil {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(held)
	return false
}

func (c *coldCache) unpin(held *coldFile) {
	c.mu.Lock()
	defer c.mu.Unlock()
	held.pins--
}

// forget removes a file that is not listed any more.
func (c *coldCache) forget(f *stored) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if held := c.files[f.File]; held != nil {
		c.remove(held)
	}
}

// download writes the object to the file's path, if it is what was put there.
func (c *coldCache) download(ctx context.Context, f *stored) (err error) {
	in, err := c.bucket.Get(ctx, f.Object)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	out, err := os.OpenFile(f.path+temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return fmt.Errorf("fetch part %s: %w", f.File, err)
	}
	sum := crc32.New(castagnoli)
	n, err := io.Copy(io.MultiWriter(out, sum), io.LimitReader(in, f.Bytes+1))
	err = errors.Join(err, out.Close())
	if err == nil {
		err = f.compare(n, sum.Sum32())
	}
	if err == nil {
		err = os.Rename(f.path+temporary, f.path)
	}
	if err != nil {
		_ = os.Remove(f.path + temporary) // else the next start removes it
		return fmt.Errorf("fetch part %s: %w", f.File, err)
	}
	f.checked.Store(true)
	return nil
}

// budget bounds how long one answer waits for the bucket, all fetches together.
type budget struct {
	c   *coldCache
	ctx context.Context
	end context.CancelFunc
}

func (c *coldCache) budget(ctx context.Context) *budget {
	b := &budget{c: c}
	b.ctx, b.end = context.WithTimeoutCause(ctx, c.timeout, errSlow)
	return b
}

// errSlow is why a fetch ended when its answer could wait no longer.
var errSlow = errors.New("it took too long")

// fetch is that of the cache.
func (b *budget) fetch(f *stored) (release func(), err error) {
	release, err = b.c.fetch(b.ctx, f)
	if err != nil && errors.Is(context.Cause(b.ctx), errSlow) {
		err = fault.New(fault.Unavailable, "fetching took longer than %s", b.c.timeout).
			WithHint("ask again: what has come is kept; or raise the time limit of the bucket")
	}
	return release, err
}

// pingTimeout is how long the bucket may take to say that it is there.
const pingTimeout = 3 * time.Second

// ping tells whether the bucket can be reached, or could not be a moment ago.
func (c *coldCache) ping(ctx context.Context) error {
	c.mu.Lock()
	away := c.away
	if time.Now().After(c.retry) {
		away = nil
	}
	c.mu.Unlock()
	if away != nil {
		return away
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	err := c.bucket.Ping(ctx)
	if err != nil {
		c.mu.Lock()
		c.away, c.retry = err, time.Now().Add(awayFor)
		c.mu.Unlock()
	}
	return err
}

// coldFigures are those of the cache.
type coldFigures struct {
	bytes, hits, misses, errors int64
}

func (c *coldCache) figures() coldFigures {
	c.mu.Lock()
	defer c.mu.Unlock()
	return coldFigures{c.bytes, c.hits, c.misses, c.errors}
}
