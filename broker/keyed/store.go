package keyed

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"millrace/broker/disk"
	"millrace/fault"
)

// Limits of a store.
const (
	// maxPending bounds what was put and is not written yet; Put waits beyond it.
	maxPending = 16 << 20
	// rewriteFloor is how many outdated bytes are always left alone: writing anew would save little.
	rewriteFloor = 4 << 20
)

// Options of a store.
type Options struct {
	// Sync: wait returns when the change was forced to disk; otherwise when the operating system has it.
	Sync bool
	// Every is how often what was written is forced to disk where Sync is false; 0: by Close alone.
	Every time.Duration
	// AcceptLoss lets a file be opened that is damaged: it is copied aside, and what stands before the damage is kept.
	AcceptLoss bool
	// Log is told of what was cut off, copied aside or not written anew. Nil: nobody.
	Log *slog.Logger
}

type store struct {
	fs    disk.FS
	path  string
	opts  Options
	floor int64 // rewriteFloor

	mu      sync.RWMutex
	spaces  map[string]space
	err     error      // why every later Put fails
	pending []byte     // frames that no write has begun for
	next    *round     // what the pending frames wait for
	room    *sync.Cond // with mu: pending was taken
	closed  bool

	// Positions count all bytes ever appended since the store was opened, from the size of the file then. With mu.
	end    int64 // what was put
	synced int64 // what was forced to disk

	live  int64 // bytes that a file with nothing outdated has
	count Stats
	size  int64 // of the file, with what is pending
	again int64 // no rewriting below this size: one has failed there

	wake chan struct{} // something is pending
	stop chan struct{} // closed by close
	done chan struct{} // closed when the writer has ended

	writer // what only the writing goroutine uses
}

type space map[string]*item

// item holds a value so that changing it needs no new key. The bytes of a value never change.
type item struct{ value []byte }

// round is one write (and fsync) for all the Puts that came before it.
type round struct {
	done chan struct{}
	err  error // read after done
}

func newRound() *round { return &round{done: make(chan struct{})} }

func (r *round) wait(ctx context.Context) error {
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *store) get(space string, key []byte) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	it := s.spaces[space][string(key)]
	if it == nil {
		return nil
	}
	return append(make([]byte, 0, len(it.value)), it.value...)
}

// pair is an entry of the map as it was at one moment.
type pair struct {
	key   string
	value []byte
}

func (s *store) scan(space string, do func(key, value []byte) error) error {
	s.mu.RLock()
	pairs := s.spaces[space].pairs()
	s.mu.RUnlock()
	slices.SortFunc(pairs, func(a, b pair) int { return strings.Compare(a.key, b.key) })
	var key []byte
	for _, p := range pairs {
		key = append(key[:0], p.key...)
		if err := do(key, p.value); err != nil {
			return err
		}
	}
	return nil
}

func (m space) pairs() []pair {
	pairs := make([]pair, 0, len(m))
	for key, it := range m {
		pairs = append(pairs, pair{key, it.value})
	}
	return pairs
}

// apply changes the map. The caller holds mu, or is alone.
func (s *store) apply(name string, key, value []byte) {
	m := s.spaces[name]
	it := m[string(key)]
	if value == nil {
		if it != nil {
			s.live -= entrySize(len(key), len(it.value))
			s.count.Entries--
			delete(m, string(key))
		}
		return
	}
	if it == nil {
		if m == nil {
			m = space{}
			s.spaces[name] = m
		}
		it = &item{}
		m[string(key)] = it
		s.count.Entries++
	} else {
		s.live -= entrySize(len(key), len(it.value))
	}
	s.live += entrySize(len(key), len(value))
	it.value = append(make([]byte, 0, len(value)), value...)
}

// entrySize is about what an entry needs in a file; heads and names of spaces hardly count.
func entrySize(key, value int) int64 { return int64(key + value + 4) }

func (s *store) put(space string, entries []Entry) (func(context.Context) error, error) {
	size := len(space) + 10
	for _, e := range entries {
		size += len(e.Key) + len(e.Value) + 20
	}
	if size > maxPayload {
		return nil, fault.New(fault.Limit, "put %d entries of %d bytes into %s of %s: one change may have %d bytes",
			len(entries), size, space, s.path, maxPayload).WithHint("split it")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.err == nil && len(s.pending) > 0 && len(s.pending)+size > maxPending {
		s.room.Wait()
	}
	if s.err != nil {
		return nil, s.err
	}
	at := len(s.pending)
	p := appendBytes(beginFrame(s.pending, s.end-s.synced), space)
	for _, e := range entries {
		p = appendEntry(p, e.Key, e.Value)
		s.apply(space, e.Key, e.Value)
	}
	s.pending = endFrame(p, at)
	n := int64(len(s.pending) - at)
	s.end += n
	s.size += n
	s.count.Puts++
	if at == 0 {
		select {
		case s.wake <- struct{}{}:
		default: // it is on its way
		}
	}
	return s.next.wait, nil
}

func (s *store) stats() Stats {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := s.count
	c.Bytes, c.Live = s.size, s.live
	return c
}

// outdated says whether the file is to be written anew. The caller holds mu.
func (s *store) outdated() bool {
	return s.size-s.live > s.live+s.floor && s.size >= s.again
}

func (s *store) log() *slog.Logger {
	if s.opts.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.opts.Log
}
