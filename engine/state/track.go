package state

import "millrace/vec"

// Track knows which rows of a table have changed since the table was last written. The zero Track is that of a table
// that was never written: the next snapshot has it whole, and Touch does nothing until then. The goroutine that owns
// the table uses it.
type Track struct {
	on    bool
	dirty vec.Bitmap // by row
	known int        // rows from this number on are not in the last snapshot
}

// Touch says that a row was added, changed or removed.
func (t *Track) Touch(row int32) {
	if t.on {
		t.touch(row)
	}
}

func (t *Track) touch(row int32) {
	for int(row)>>6 >= len(t.dirty) {
		t.dirty = append(t.dirty, 0)
	}
	t.dirty.Set(int(row))
}

// Renumber says that rows have new numbers, or that others are to come under the old ones: the next snapshot has the
// table whole.
func (t *Track) Renumber() {
	t.on, t.known, t.dirty = false, 0, t.dirty[:0]
}

// written says that a snapshot has the table, whose numbers are below n.
func (t *Track) written(n int) {
	t.on, t.known = true, n
	clear(t.dirty)
}
