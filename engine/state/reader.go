package state

import (
	"context"
	"errors"

	"millrace/schema"
	"millrace/vec"
)

// Snapshot is a snapshot that is open for reading. Any goroutine may use it.
type Snapshot struct {
	files []*file // the oldest first
}

// Load opens the snapshot called name in a place, with the files that it needs. A place that cannot be reached is
// a fault.Unavailable, a file that is not there, damaged or not the one that is meant a fault.Corrupt.
func Load(ctx context.Context, from Place, name string) (*Snapshot, error) {
	newest, err := openSnapshot(ctx, from, name)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{}
	for _, l := range newest.dir.older {
		f, err := openSnapshot(ctx, from, l.name)
		if err == nil {
			s.files = append(s.files, f)
			if f.sum != l.sum || f.src.Size() != l.size {
				err = corrupt(l.name, "is not the one that %s was written after", name)
			}
		}
		if err != nil {
			_ = newest.src.Close()
			_ = s.Close()
			return nil, err
		}
	}
	s.files = append(s.files, newest)
	return s, nil
}

// Close closes the files.
func (s *Snapshot) Close() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.src.Close())
	}
	return errors.Join(errs...)
}

func (s *Snapshot) newest() *file { return s.files[len(s.files)-1] }

// Parts returns the names of the parts, in the order in which they were written.
func (s *Snapshot) Parts() []string {
	var names []string
	for _, p := range s.newest().dir.parts {
		names = append(names, p.name)
	}
	return names
}

// Part returns a reader of the i-th part.
func (s *Snapshot) Part(i int) *Reader {
	p := s.newest().dir.parts[i]
	return &Reader{from: s, part: p.name, ints: p.ints}
}

// Reader reads a part of a snapshot. Its errors are fault.Corrupt, or those of reading files, and stay: after the first
// one every call fails. One goroutine uses it.
type Reader struct {
	// Between, which may be nil, is called behind every batch.
	Between func() error

	from *Snapshot
	part string
	ints []int64 // that are left
	err  error
}

// Int reads an integer, in the order in which they were written.
func (r *Reader) Int() int64 {
	if len(r.ints) == 0 {
		if r.err == nil {
			r.err = corrupt(r.from.newest().name, "lacks a number of %q", r.part)
		}
		return 0
	}
	v := r.ints[0]
	r.ints = r.ints[1:]
	return v
}

// Rows hands over the rows of a table in batches, in the order of their numbers; types are those of the columns that
// were written. A batch is valid during the call.
func (r *Reader) Rows(name string, types []schema.Type, each func(numbers []int32, cols []vec.Column) error) error {
	if r.err != nil {
		return r.err
	}
	sources, err := sourcesOf(r.from.files, r.part, name)
	if err == nil {
		err = newMerging(sources, types).each(false, func(b batch) error {
			err := each(b.puts, b.cols)
			if err == nil && r.Between != nil {
				err = r.Between()
			}
			return err
		})
	}
	r.err = err
	return err
}

// Err returns the first error, or nil.
func (r *Reader) Err() error { return r.err }
