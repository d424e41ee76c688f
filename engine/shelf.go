package engine

import (
	"millrace/engine/op"
	"millrace/engine/state"
)

// shelf is what a task's operator needs for its tables to become larger than memory. The zero shelf does nothing.
type shelf struct {
	*state.Shelf
	of    op.Shelved
	every int // batches between two visits
	since int // batches since the last one
}

// visitEvery is how many batches may make tables larger before somebody looks at how large they are.
const visitEvery = 64

// newShelf returns the shelf of an operator, the zero one if memory is not bounded or the operator has no tables.
func newShelf(m *state.Memory, made any) shelf {
	of, ok := made.(op.Shelved)
	if m == nil || !ok {
		return shelf{}
	}
	s := shelf{Shelf: m.Task(), of: of, every: visitEvery}
	if m.All() {
		s.every = 1
	}
	return s
}

// tidy is called behind every batch.
func (s *shelf) tidy() error {
	if s.of == nil {
		return nil
	}
	if s.since++; s.since < s.every {
		return nil
	}
	s.since = 0
	return s.Visit(s.of.Shelve)
}
