package op

import (
	"iter"
	"time"

	"millrace/engine/state"
	"millrace/schema"
	"millrace/vec"
)

// RowTable holds rows of one schema as columns, each in the list of its key, in the order they were
// added: the state of operators that must remember rows, such as joins and Top-N. Rows and groups (the
// keys) go by numbers; -1 is none. The number of a row holds until Compact, that of a group until its
// last row is removed.
//
// It grows without bound; whoever owns it says what removes its rows.
type RowTable struct {
	Cols []vec.Column // row r is row r of each
	// Mark is the owner's to use, one for each row; Note the same, one for each group, zero for a new one.
	// Both are part of snapshots, so that they are changed by SetMark and SetNote.
	Mark []int64
	Note []int64

	hasher vec.Hasher
	types  []schema.Type
	keys   []int
	sums   []uint64 // hash of all columns, by row
	next   []int32  // in the list of its group; -1 at its end
	prev   []int32
	of     []int32 // group by row; -1: removed
	live   int
	track  state.Track

	hashes  []uint64 // of the key, by group
	first   []int32  // -1: the group is free
	last    []int32
	count   []int32
	chained []int32 // the next group in the bucket, or the next free one
	buckets []int32 // group + 1; 0 is none; the length is a power of two
	free    int32   // group, -1 for none
	groups  int

	swept int64 // when Expire has looked last, unix ms

	rowSums []uint64
	byKey   []uint64
	probe   []vec.Column
}

// NewRowTable returns an empty table of rows of the given types; keys are the columns that make its groups.
func NewRowTable(h vec.Hasher, types []schema.Type, keys []int) *RowTable {
	t := &RowTable{hasher: h, types: types, keys: keys, buckets: make([]int32, 64), free: -1}
	for _, of := range types {
		t.Cols = append(t.Cols, vec.NewColumn(of))
	}
	return t
}

// Hash returns the hash of the key of each named row of b, whose key is in the given columns: what Find
// and Add want. The answer is valid until the next call.
func (t *RowTable) Hash(b *vec.Batch, keys []int, rows vec.Rows) []uint64 {
	t.probe = t.probe[:0]
	for _, k := range keys {
		t.probe = append(t.probe, b.Cols[k])
	}
	t.byKey = t.hasher.Rows(t.byKey, t.probe, rows)
	return t.byKey
}

// Find returns the group whose key is that of row i of b in the given columns, -1 if there is none.
// NULL is the same as NULL.
func (t *RowTable) Find(hash uint64, b *vec.Batch, keys []int, i int) int32 {
	for at := t.buckets[hash&uint64(len(t.buckets)-1)]; at != 0; at = t.chained[at-1] {
		g := at - 1
		if t.hashes[g] == hash && t.sameKey(g, b, keys, i) {
			return g
		}
	}
	return -1
}

func (t *RowTable) sameKey(g int32, b *vec.Batch, keys []int, i int) bool {
	row := int(t.first[g])
	for c, k := range t.keys {
		if !t.Cols[k].Equal(row, &b.Cols[keys[c]], i) {
			return false
		}
	}
	return true
}

// Add adds row i of b, a batch of the table's columns, to the end of its group g, which Find has given for
// the table's own keys; -1 makes the group. It returns the row and its group.
func (t *RowTable) Add(g int32, hash uint64, b *vec.Batch, i int, mark int64) (row, group int32) {
	return t.add(g, hash, t.sum(b.Cols, i), b, i, mark)
}

func (t *RowTable) add(g int32, hash, sum uint64, b *vec.Batch, i int, mark int64) (row, group int32) {
	r := int32(len(t.of))
	for c := range t.Cols {
		t.Cols[c].Append(int(r), &b.Cols[c], i)
	}
	t.Mark = append(t.Mark, mark)
	t.sums = append(t.sums, sum)
	t.next, t.prev = append(t.next, -1), append(t.prev, -1)
	if g < 0 {
		g = t.newGroup(hash)
	}
	t.of = append(t.of, g)
	if t.count[g] == 0 {
		t.first[g] = r
	} else {
		t.next[t.last[g]], t.prev[r] = r, t.last[g]
	}
	t.last[g] = r
	t.count[g]++
	t.live++
	t.track.Touch(r)
	return r, g
}

// SetMark changes the mark of a row.
func (t *RowTable) SetMark(row int32, v int64) {
	if t.Mark[row] != v {
		t.Mark[row] = v
		t.track.Touch(row)
	}
}

// SetNote changes the note of a group, which snapshots have with its first row.
func (t *RowTable) SetNote(g int32, v int64) {
	if t.Note[g] != v {
		t.Note[g] = v
		t.track.Touch(t.first[g])
	}
}

// Touch says that a column of a row has another value.
func (t *RowTable) Touch(row int32) { t.track.Touch(row) }

func (t *RowTable) sum(cols []vec.Column, i int) uint64 {
	t.rowSums = t.hasher.Rows(t.rowSums, cols[:len(t.Cols)], vec.Rows{N: i + 1, Sel: []int32{int32(i)}})
	return t.rowSums[0]
}

func (t *RowTable) newGroup(hash uint64) int32 {
	g := t.free
	if g >= 0 {
		t.free = t.chained[g]
		t.hashes[g], t.Note[g] = hash, 0
	} else {
		g = int32(len(t.hashes))
		t.hashes, t.first, t.last = append(t.hashes, hash), append(t.first, -1), append(t.last, -1)
		t.count, t.chained, t.Note = append(t.count, 0), append(t.chained, 0), append(t.Note, 0)
	}
	t.groups++
	if t.groups > len(t.buckets) {
		t.rehash()
	}
	bucket := &t.buckets[hash&uint64(len(t.buckets)-1)]
	t.chained[g], *bucket = *bucket, g+1
	return g
}

func (t *RowTable) rehash() {
	t.buckets = make([]int32, 2*len(t.buckets))
	for g, count := range t.count {
		if count > 0 {
			bucket := &t.buckets[t.hashes[g]&uint64(len(t.buckets)-1)]
			t.chained[g], *bucket = *bucket, int32(g)+1
		}
	}
}

// Remove takes a row out of its group; the last one takes the group with it.
func (t *RowTable) Remove(row int32) {
	g, before, after := t.of[row], t.prev[row], t.next[row]
	t.track.Touch(row)
	if before >= 0 {
		t.next[before] = after
	} else if t.first[g] = after; after >= 0 {
		t.track.Touch(after) // it has the note now
	}
	if after >= 0 {
		t.prev[after] = before
	} else {
		t.last[g] = before
	}
	t.of[row] = -1
	t.live--
	if t.count[g]--; t.count[g] == 0 {
		t.drop(g)
	}
}

// RemoveGroup removes all rows of a group.
func (t *RowTable) RemoveGroup(g int32) {
	for r := t.first[g]; r >= 0; r = t.next[r] {
		t.of[r] = -1
		t.track.Touch(r)
	}
	t.live -= int(t.count[g])
	t.drop(g)
}

func (t *RowTable) drop(g int32) {
	at := &t.buckets[t.hashes[g]&uint64(len(t.buckets)-1)]
	for *at != g+1 {
		at = &t.chained[*at-1]
	}
	*at = t.chained[g]
	t.chained[g], t.free = t.free, g
	t.first[g], t.last[g], t.count[g] = -1, -1, 0
	t.groups--
}

// First and Last are the ends of a group's list, Next and Prev the rows beside one; -1 beyond the ends.
// A row may be removed once the one behind it is known.
func (t *RowTable) First(g int32) int32 { return t.first[g] }

// Last returns the row of a group that was added last.
func (t *RowTable) Last(g int32) int32 { return t.last[g] }

// Next returns the row that was added to the same group after row.
func (t *RowTable) Next(row int32) int32 { return t.next[row] }

// Prev returns the row that was added to the same group before row.
func (t *RowTable) Prev(row int32) int32 { return t.prev[row] }

// Group returns the group of a row, -1 if it was removed.
func (t *RowTable) Group(row int32) int32 { return t.of[row] }

// Count is how many rows are in a group.
func (t *RowTable) Count(g int32) int { return int(t.count[g]) }

// Len is how many rows there are.
func (t *RowTable) Len() int { return t.live }

// FindRow returns the first row of group g that equals row i of b, a batch of the table's columns, in all
// columns, -1 if none does: what a -U or -D takes back.
func (t *RowTable) FindRow(g int32, b *vec.Batch, i int) int32 {
	sum := t.sum(b.Cols, i)
rows:
	for r := t.first[g]; r >= 0; r = t.next[r] {
		if t.sums[r] != sum {
			continue
		}
		for c := range t.Cols {
			if !t.Cols[c].Equal(int(r), &b.Cols[c], i) {
				continue rows
			}
		}
		return r
	}
	return -1
}

// same says whether two rows are equal in all columns.
func (t *RowTable) same(x, y int32) bool {
	if t.sums[x] != t.sums[y] {
		return false
	}
	for c := range t.Cols {
		if !t.Cols[c].Equal(int(x), &t.Cols[c], int(y)) {
			return false
		}
	}
	return true
}

// Groups goes through the groups in no order. The one at hand may be removed meanwhile, none may be added.
func (t *RowTable) Groups() iter.Seq[int32] {
	return func(yield func(int32) bool) {
		for g := range t.count {
			if t.count[g] > 0 && !yield(int32(g)) {
				return
			}
		}
	}
}

// Expire removes the groups whose Note, a time in unix milliseconds, is ttl before now. It looks at most every
// quarter of ttl; a ttl of 0 keeps all.
func (t *RowTable) Expire(now int64, ttl time.Duration) {
	if ttl == 0 || now < t.swept+ttl.Milliseconds()/4 {
		return
	}
	t.swept = now
	for g := range t.Groups() {
		if t.Note[g]+ttl.Milliseconds() <= now {
			t.RemoveGroup(g)
		}
	}
	t.Compact(nil)
}

// Copy sets the columns of dst's current row, from column at on, to row.
func (t *RowTable) Copy(dst *vec.Builder, at int, row int32) {
	for c := range t.Cols {
		dst.CopyValue(at+c, &t.Cols[c], int(row))
	}
}

// compactAt is how many removed rows are not worth the work of Compact.
const compactAt = 4096

// Compact gives the memory of removed rows back once they are the most. moved, which may be nil, is told
// the new number of each row; it is lower than or the same as the old one, and they come in order.
func (t *RowTable) Compact(moved func(from, to int32)) {
	if dead := len(t.of) - t.live; dead < compactAt || dead < t.live {
		return
	}
	old := *t
	t.Cols = nil
	for _, of := range t.types {
		t.Cols = append(t.Cols, vec.NewColumn(of))
	}
	to := make([]int32, len(old.of))
	t.Mark, t.sums, t.of, t.next, t.prev = nil, nil, nil, nil, nil
	for r, g := range old.of {
		if g < 0 {
			continue
		}
		n := len(t.of)
		to[r] = int32(n)
		for c := range t.Cols {
			t.Cols[c].Append(n, &old.Cols[c], r)
		}
		t.Mark, t.sums, t.of = append(t.Mark, old.Mark[r]), append(t.sums, old.sums[r]), append(t.of, g)
		if moved != nil {
			moved(int32(r), int32(n))
		}
	}
	t.relink(&old, to)
	t.track.Renumber()
}

func (t *RowTable) relink(old *RowTable, to []int32) {
	at := func(r int32) int32 {
		if r < 0 {
			return -1
		}
		return to[r]
	}
	for r, g := range old.of {
		if g >= 0 {
			t.next, t.prev = append(t.next, at(old.next[r])), append(t.prev, at(old.prev[r]))
		}
	}
	for g := range t.first {
		t.first[g], t.last[g] = at(t.first[g]), at(t.last[g])
	}
}

// Snapshot writes the rows, with their marks and the notes of their groups, as a table of that name.
func (t *RowTable) Snapshot(w *state.Writer, name string) {
	marks, notes := vec.Column{Type: number()}, vec.Column{Type: number()}
	var rows picked
	live := func(row int32) bool { return t.of[row] >= 0 }
	w.Rows(name, &t.track, len(t.of), live, func(numbers []int32) []vec.Column {
		marks.I64, notes.I64 = marks.I64[:0], notes.I64[:0]
		for _, row := range numbers {
			note := int64(0)
			if t.prev[row] < 0 {
				note = t.Note[t.of[row]]
			}
			marks.I64, notes.I64 = append(marks.I64, t.Mark[row]), append(notes.I64, note)
		}
		return append(rows.of(numbers, t.Cols), marks, notes)
	})
}

// Restore adds the rows of a snapshot whose keys are in share; each, which may be nil, is told of every row.
func (t *RowTable) Restore(r *state.Reader, name string, share Share, each func(row int32)) error {
	types := append(t.types[:len(t.types):len(t.types)], number(), number())
	width := len(t.types)
	return r.Rows(name, types, func(numbers []int32, cols []vec.Column) error {
		b := &vec.Batch{Cols: cols[:width], N: len(numbers)}
		hashes := t.Hash(b, t.keys, vec.Rows{N: b.N})
		t.rowSums = t.hasher.Rows(t.rowSums, b.Cols, vec.Rows{N: b.N})
		sums := t.rowSums
		for i := range b.N {
			if !share.has(hashes[i]) {
				continue
			}
			row, g := t.add(t.Find(hashes[i], b, t.keys, i), hashes[i], sums[i], b, i, cols[width].I64[i])
			if note := cols[width+1].I64[i]; note != 0 {
				t.Note[g] = note
			}
			if each != nil {
				each(row)
			}
		}
		return nil
	})
}
