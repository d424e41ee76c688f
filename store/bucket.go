package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"millrace/fault"
)

// objectKey is the key of a part's rows in the bucket. It says whose they are and what they are, and no
// two files ever have the same: numbers of parts are not used again, and another store has another id.
func (s *Store) objectKey(p *part) string {
	return fmt.Sprintf("%s%s/%s", s.opts.BucketPrefix, s.id, p.File)
}

// putTimeout bounds the moving of one part: an upload, and reading it back.
const putTimeout = 10 * time.Minute

// Move puts one part into the bucket whose newest row is older than Options.BucketAfter, if there is any,
// and reports whether it did. Run calls it until there is none.
//
// In order: the manifest says that the object may exist, so that it is removed if nothing comes of it; the
// object is put, and read back; the manifest says that the part is there; the file here goes. So a part
// is in one place at any time, and a crash leaves it in the one that the manifest names.
func (s *Store) Move(ctx context.Context) (bool, error) {
	if s.opts.Bucket == nil || s.opts.BucketAfter <= 0 {
		return false, nil
	}
	s.merging.Lock() // what is merged next must not go away meanwhile
	defer s.merging.Unlock()
	p := s.pickMove()
	if p == nil {
		return false, nil
	}
	defer s.unpin([]*part{p})
	ctx, cancel := context.WithTimeout(ctx, putTimeout)
	defer cancel()
	err := s.move(ctx, p)
	if errors.Is(err, errGone) {
		return true, nil // retention was faster
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.counters.moveErrors++
		return false, fmt.Errorf("move part %s: %w", p.File, err)
	}
	s.counters.moves++
	return true, nil
}

// pickMove returns the oldest part to be moved, pinned, or nil.
func (s *Store) pickMove() *part {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.opts.Now().Add(-s.opts.BucketAfter).UnixMicro()
	var oldest *part
	for _, m := range s.measurements {
		for _, p := range m.parts {
			if !p.local() || p.Upto >= before || s.needsRollup(p) || s.counters.damaged[p.File] {
				continue
			}
			if oldest == nil || cmp.Or(cmp.Compare(p.Upto, oldest.Upto), cmp.Compare(p.ID, oldest.ID)) < 0 {
				oldest = p
			}
		}
	}
	if oldest != nil {
		pin([]*part{oldest})
	}
	return oldest
}

func (s *Store) move(ctx context.Context, p *part) error {
	if err := p.raw.verify(); err != nil { // what is damaged must not be all there is
		s.noteDamage(p.raw, err)
		return err
	}
	key := s.objectKey(p)
	if err := s.announce(key); err != nil {
		return err
	}
	s.opts.trip("object announced")
	if err := s.upload(ctx, p, key); err != nil {
		s.mu.Lock()
		s.garbage[key] = true // half of it may be there
		s.mu.Unlock()
		return err
	}
	rec := p.partRecord
	rec.Object = key
	made := newPart(s.dir, rec, p)
	made.since = p.since
	if err := s.replace([]*part{p}, []*part{made}); err != nil {
		s.mu.Lock()
		s.garbage[key] = true
		s.mu.Unlock()
		return err
	}
	s.opts.trip("part moved")
	return nil
}

// announce makes the manifest say that an object may exist, unless it does.
func (s *Store) announce(key string) error {
	s.mu.Lock()
	_, known := s.garbage[key]
	if known {
		s.garbage[key] = false // until the move has ended
	}
	s.mu.Unlock()
	if known {
		return nil
	}
	return s.commit(record{Drop: []string{key}}, func() { s.garbage[key] = false })
}

// upload puts the file of p into the bucket and reads it back.
func (s *Store) upload(ctx context.Context, p *part, key string) error {
	in, err := os.Open(p.raw.path)
	if err != nil {
		return p.raw.missing(err)
	}
	defer func() { _ = in.Close() }() // only read
	if err := s.opts.Bucket.Put(ctx, key, in, p.Bytes); err != nil {
		return err
	}
	s.opts.trip("object put")
	back, err := s.opts.Bucket.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	defer func() { _ = back.Close() }() // only read
	if err := p.raw.verifyBytes(back); err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	return nil
}

// Sweep removes the objects from the bucket that the manifest says are garbage: parts that retention took,
// and what a crash left between the two ends of a move. It touches nothing that this store did not write.
func (s *Store) Sweep(ctx context.Context) error {
	if s.opts.Bucket == nil {
		return nil
	}
	s.merging.Lock() // a move that tries again has its object among the garbage
	defer s.merging.Unlock()
	s.mu.Lock()
	var keys []string
	for key, idle := range s.garbage {
		if idle {
			keys = append(keys, key)
		}
	}
	s.mu.Unlock()
	slices.Sort(keys)
	var gone []string
	var failed error
	for _, key := range keys {
		if err := s.opts.Bucket.Delete(ctx, key); err != nil && !errors.Is(err, fault.NotFound) {
			failed = fmt.Errorf("sweep bucket: %w", err)
			break // the next round goes on
		}
		gone = append(gone, key)
	}
	if len(gone) == 0 {
		return failed
	}
	s.opts.trip("object removed")
	err := s.commit(record{Dropped: gone}, func() {
		for _, key := range gone {
			delete(s.garbage, key)
		}
		s.counters.objectsRemoved += int64(len(gone))
	})
	return errors.Join(failed, err)
}
