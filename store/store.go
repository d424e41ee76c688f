package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"millrace/fault"
)

// Store is an open store. Open makes it, Close must be called.
type Store struct {
	dir     string
	opts    Options
	lock    *os.File
	engines *engines
	cache   *groupCache
	cold    *coldCache
	results *resultCache

	// due asks Run for a flush; roomy is closed and replaced when a flush has made room.
	due chan struct{}

	flushing   sync.Mutex // one flush at a time
	merging    sync.Mutex // one merge at a time
	committing sync.Mutex // guards manifest; held over its fsync
	manifest   *manifest

	mu           sync.Mutex // guards what follows
	closed       bool
	id           string          // made once; objects in a bucket that others use too begin with it
	garbage      map[string]bool // objects that may exist and no part has: true once nobody reads them
	measurements map[string]*measurement
	head         *head   // takes rows
	frozen       []*head // being flushed, oldest first
	accepted     map[partition]int64
	durable      map[partition]int64
	nextPart     uint64
	roomy        chan struct{}
	flushErr     error // of the last flush
	plans        []planned
	counters     counters
}

// Open opens the store in folder dir, which is made if it does not exist. One process at a time can
// have it open. The owner calls Run next.
func Open(dir string, opts Options) (*Store, error) {
	opts.fillIn()
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	for _, name := range []string{partsDir, coldDir} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return nil, fmt.Errorf("open store %s: %w", dir, err)
		}
	}
	s := &Store{
		dir: dir, opts: opts, cache: newGroupCache(opts.CacheBytes), results: newResultCache(opts.ResultBytes),
		due: make(chan struct{}, 1), roomy: make(chan struct{}),
		measurements: map[string]*measurement{}, head: newHead(),
		accepted: map[partition]int64{}, durable: map[partition]int64{}, garbage: map[string]bool{},
		counters: counters{damaged: map[string]bool{}},
	}
	if s.lock, err = lockDir(dir); err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	if err := s.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", dir, err), s.lock.Close())
	}
	if s.cold, err = newColdCache(filepath.Join(dir, coldDir), opts, s.inBucket()); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", dir, err), s.manifest.close(), s.lock.Close())
	}
	s.engines = newEngines(dir, opts)
	return s, nil
}

// lockDir keeps a second process out; the lock goes with the process, however it ends.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close() // nothing was written
		return nil, fault.New(fault.Conflict, "lock: another process has it open")
	}
	return f, nil
}

// load reads the manifest and makes the parts folder agree with it.
func (s *Store) load() error {
	files, err := os.ReadDir(filepath.Join(s.dir, partsDir))
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(s.dir, manifestName)); errors.Is(err, fs.ErrNotExist) && hasParts(files) {
		return fault.New(fault.Corrupt, "the manifest is missing while %q has parts", partsDir).
			WithHint("put the manifest back, or move the folder away to begin anew from Kafka")
	}
	m, torn, err := openManifest(s.dir, s.replay)
	if err != nil {
		return err
	}
	s.manifest = m
	if torn > 0 {
		s.opts.Log.Warn("cut torn end of manifest", "bytes", torn)
	}
	if err := s.collect(files); err != nil {
		return errors.Join(err, m.close())
	}
	for key, upto := range s.durable {
		s.accepted[key] = upto
	}
	if s.id == "" {
		s.id = strings.ToLower(rand.Text()[:12])
	}
	if err := s.rewriteManifest(); err != nil {
		return errors.Join(err, s.manifest.close())
	}
	return nil
}

func hasParts(files []os.DirEntry) bool {
	return slices.ContainsFunc(files, func(f os.DirEntry) bool { return strings.HasSuffix(f.Name(), ".parquet") })
}

// replay applies a record of the manifest at the start.
func (s *Store) replay(rec record) error {
	if rec.Fresh {
		clear(s.measurements)
		clear(s.durable)
		clear(s.garbage)
	}
	if rec.Store != "" {
		s.id = rec.Store
	}
	for _, t := range rec.Schemas {
		if err := checkShape(t); err != nil {
			return err
		}
		m := s.measurements[t.Measurement]
		if m == nil {
			m = &measurement{name: t.Measurement}
			s.measurements[t.Measurement] = m
		}
		m.setColumns(t.Columns)
	}
	for _, id := range rec.Remove {
		if !s.unlist(id) {
			return fmt.Errorf("it removes part %d, which is not listed", id)
		}
	}
	for _, key := range rec.Drop {
		s.garbage[key] = true
	}
	for _, key := range rec.Dropped {
		delete(s.garbage, key)
	}
	for _, p := range rec.Add {
		if err := s.replayPart(p); err != nil {
			return err
		}
	}
	for _, c := range rec.Covered {
		s.durable[partition{c.Topic, c.Partition}] = c.Upto
	}
	for _, topic := range rec.Forget {
		forget(s.durable, topic)
	}
	return nil
}

func (s *Store) replayPart(p partRecord) error {
	m := s.measurements[p.Measurement]
	if m == nil {
		return fmt.Errorf("part %d is of measurement %q, which is not listed", p.ID, p.Measurement)
	}
	made := newPart(s.dir, p, nil)
	for _, f := range made.files() {
		if f.File != filepath.Base(f.File) {
			return fmt.Errorf("part %d has the file name %q", p.ID, f.File)
		}
		delete(s.garbage, f.Object)
	}
	m.parts = append(m.parts, made)
	s.nextPart = max(s.nextPart, p.ID+1)
	return nil
}

func checkShape(t tableShape) error {
	if len(t.Columns) == 0 || t.Columns[0] != timeColumn() {
		return fmt.Errorf("measurement %q does not begin with the column time", t.Measurement)
	}
	return nil
}

// unlist takes a part out of the lists.
func (s *Store) unlist(id uint64) bool {
	for _, m := range s.measurements {
		for i, p := range m.parts {
			if p.ID == id {
				m.parts = slices.Delete(slices.Clone(m.parts), i, i+1)
				return true
			}
		}
	}
	return false
}

func forget(offsets map[partition]int64, topic string) {
	for key := range offsets {
		if key.topic == topic {
			delete(offsets, key)
		}
	}
}

// collect removes files that no manifest lists: what a crash left between the writing of a part and
// its record. It refuses a listed part that is missing or has another size.
func (s *Store) collect(files []os.DirEntry) error {
	listed := map[string]*stored{}
	for _, m := range s.measurements {
		for _, p := range m.parts {
			for _, f := range p.files() {
				if f.Object == "" {
					listed[f.File] = f
				}
			}
		}
	}
	for _, f := range files {
		if id, ok := idOf(f.Name()); ok {
			s.nextPart = max(s.nextPart, id+1)
		}
		p, ok := listed[f.Name()]
		if !ok {
			if err := os.Remove(filepath.Join(s.dir, partsDir, f.Name())); err != nil {
				return fmt.Errorf("remove unlisted file: %w", err)
			}
			s.counters.filesCollected++
			continue
		}
		info, err := f.Info()
		if err != nil {
			return err
		}
		if info.Size() != p.Bytes {
			return fault.New(fault.Corrupt, "part %q of measurement %q has %d bytes, the manifest has %d", p.File, p.part.Measurement, info.Size(), p.Bytes)
		}
		delete(listed, f.Name())
	}
	for _, p := range listed {
		return p.missing(fmt.Errorf("%w in %q", os.ErrNotExist, partsDir))
	}
	return nil
}

// Run flushes, merges, rolls up, moves, trims and checks parts until ctx ends. It returns nil then, and otherwise the error that
// leaves the store unusable: a manifest whose state on disk is unknown.
func (s *Store) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.runFlushes(ctx) })
	g.Go(func() error { return s.runUpkeep(ctx) })
	g.Go(func() error { return s.runScrub(ctx) })
	return g.Wait()
}

func (s *Store) runFlushes(ctx context.Context) error {
	tick := time.NewTicker(s.opts.FlushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-s.due:
		}
		if err := s.Flush(ctx); err != nil {
			if broken := s.brokenManifest(); broken != nil {
				return fmt.Errorf("flush store: %w", broken)
			}
			// The rows stay in the head, and the next tick tries again.
			s.opts.Log.Error("flush store", "error", err)
		}
	}
}

func (s *Store) brokenManifest() error {
	s.committing.Lock()
	defer s.committing.Unlock()
	return s.manifest.broken
}

// Close flushes what is in the head and releases everything. Run must have returned.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	err := s.Flush(context.Background())
	s.engines.close()
	s.committing.Lock()
	defer s.committing.Unlock()
	err = errors.Join(err, s.manifest.close(), s.lock.Close())
	if err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}
