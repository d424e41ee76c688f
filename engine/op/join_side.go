package op

import (
	"time"

	"millrace/engine/state"
	"millrace/schema"
	"millrace/vec"
)

// joinSide is what a join remembers of one input: its rows by key, and an index over whole rows, by which
// those that are withdrawn are found however many there are of a key.
//
// The mark of a row is a number and, above it, when the row was last written, in seconds. The number is how
// many rows of the other side match if this side is outer, and how many such rows there are if it is not:
// then equal rows are one.
type joinSide struct {
	rows   *RowTable
	hasher vec.Hasher
	keys   []int
	// strict are the keys that match nothing where they are NULL.
	strict []int
	width  int
	left   bool
	outer  bool // rows know how many match them
	padded bool // rows that match nothing are given with NULLs for the other side
	// unknown is the column behind the row's own which counts for MarkJoin the matches whose test is unknown,
	// -1 without one.
	unknown int
	ttl     time.Duration

	heads []int32 // row + 1 by the sum of the row; 0 is none; the length is a power of two
	chain []int32 // the next row with the same head, by row
	next  int     // where the search for expired rows goes on

	hashes, sums []uint64 // of the rows of the batch at hand
	stored       vec.Batch
	zero         vec.Column
	cols         []vec.Column
}

func newJoinSide(h vec.Hasher, s *schema.Schema, keys []int, nullSafe []bool, unknown bool) *joinSide {
	types := typesOf(s)
	d := &joinSide{hasher: h, keys: keys, width: len(types), unknown: -1, heads: make([]int32, 64)}
	if unknown {
		d.unknown = len(types)
		types = append(types, schema.Of(schema.BigInt))
	}
	for i, k := range keys {
		if !nullSafe[i] {
			d.strict = append(d.strict, k)
		}
	}
	d.rows = NewRowTable(h, types, keys)
	return d
}

// begin takes note of a batch, whose rows from then on go by their place among the live ones.
func (d *joinSide) begin(b *vec.Batch, rows vec.Rows) {
	d.hashes = d.rows.Hash(b, d.keys, rows)
	d.sums = d.hasher.Rows(d.sums, b.Cols[:d.width], rows)
	d.stored = *b
	if d.unknown >= 0 {
		if len(d.zero.I64) < b.N {
			d.zero.Fill(schema.Of(schema.BigInt).Required(), vec.Value{}, vec.MaxRows)
		}
		d.stored.Cols = append(append(d.cols[:0], b.Cols[:d.width]...), d.zero)
		d.cols = d.stored.Cols
	}
}

// matchless says whether the key of row i cannot be equal to any.
func (d *joinSide) matchless(b *vec.Batch, i int) bool {
	for _, k := range d.strict {
		if b.Cols[k].IsNull(i) {
			return true
		}
	}
	return false
}

const joinNumber = 1<<32 - 1

func (d *joinSide) number(row int32) int { return int(d.rows.Mark[row] & joinNumber) }

// set changes the number of a row, which is a write.
func (d *joinSide) set(row int32, n int, now time.Time) {
	d.rows.SetMark(row, now.Unix()<<32|int64(n))
}

// copies is how many times a row is there.
func (d *joinSide) copies(row int32) int {
	if d.outer {
		return 1
	}
	return d.number(row)
}

func (d *joinSide) expired(row int32, now time.Time) bool {
	return d.ttl > 0 && now.Sub(time.Unix(d.rows.Mark[row]>>32, 0)) >= d.ttl
}

// add adds the k-th row of the batch, row i, with the number of its matches, and returns where it is.
func (d *joinSide) add(k, i, matches int, now time.Time) int32 {
	n := matches
	if !d.outer {
		if row := d.find(k, i); row >= 0 {
			n = d.number(row)
			if d.expired(row, now) {
				n = 0
			}
			d.set(row, n+1, now)
			return row
		}
		n = 1
	}
	g := d.rows.Find(d.hashes[k], &d.stored, d.keys, i)
	row, _ := d.rows.add(g, d.hashes[k], d.sums[k], &d.stored, i, 0)
	d.set(row, n, now)
	d.link(row)
	return row
}

// remove takes the k-th row of the batch, row i, back.
func (d *joinSide) remove(k, i int, now time.Time) {
	row := d.find(k, i)
	if row < 0 {
		return // expired, or never seen
	}
	if n := d.copies(row); n > 1 {
		d.set(row, n-1, now)
		return
	}
	d.drop(row)
}

func (d *joinSide) drop(row int32) {
	at := &d.heads[d.rows.sums[row]&uint64(len(d.heads)-1)]
	for *at != row+1 {
		at = &d.chain[*at-1]
	}
	*at = d.chain[row]
	d.rows.Remove(row)
}

// find returns a row that equals the k-th of the batch in all columns, -1 if there is none.
func (d *joinSide) find(k, i int) int32 {
	sum := d.sums[k]
rows:
	for at := d.heads[sum&uint64(len(d.heads)-1)]; at != 0; at = d.chain[at-1] {
		row := at - 1
		if d.rows.sums[row] != sum {
			continue
		}
		for c := range d.width {
			if !d.rows.Cols[c].Equal(int(row), &d.stored.Cols[c], i) {
				continue rows
			}
		}
		return row
	}
	return -1
}

func (d *joinSide) link(row int32) {
	for int(row) >= len(d.chain) {
		d.chain = append(d.chain, 0)
	}
	if d.rows.Len() > len(d.heads) {
		d.index() // with the row, which the table has already
		return
	}
	head := &d.heads[d.rows.sums[row]&uint64(len(d.heads)-1)]
	d.chain[row], *head = *head, row+1
}

// index links all rows anew.
func (d *joinSide) index() {
	size := len(d.heads)
	for size < d.rows.Len() {
		size *= 2
	}
	if size > len(d.heads) {
		d.heads = make([]int32, size)
	} else {
		clear(d.heads)
	}
	d.chain = d.chain[:0]
	for row, g := range d.rows.of {
		d.chain = append(d.chain, 0)
		if g >= 0 {
			head := &d.heads[d.rows.sums[row]&uint64(len(d.heads)-1)]
			d.chain[row], *head = *head, int32(row)+1
		}
	}
}

// compact gives memory back after rows were removed.
func (d *joinSide) compact() {
	before := len(d.rows.of)
	d.rows.Compact(nil)
	if len(d.rows.of) != before {
		d.index()
		d.next = 0
	}
}

// expireStep bounds the rows that one tick looks at.
const expireStep = 8192

// expire forgets rows that have not been written for longer than they are kept.
func (d *joinSide) expire(now time.Time) {
	if d.ttl <= 0 {
		return
	}
	for range min(expireStep, len(d.rows.of)) {
		if d.next >= len(d.rows.of) {
			d.next = 0
		}
		if row := int32(d.next); d.rows.Group(row) >= 0 && d.expired(row, now) {
			d.drop(row)
		}
		d.next++
	}
	d.compact()
}

// restore adds the rows of a snapshot that are in share.
func (d *joinSide) restore(r *state.Reader, name string, share Share) error {
	err := d.rows.Restore(r, name, share, func(row int32) {
		if d.unknown >= 0 {
			// What the table sums up has the count of unknown matches in it.
			d.rows.sums[row] = d.hasher.Rows(nil, d.rows.Cols[:d.width], vec.Rows{N: int(row) + 1, Sel: []int32{row}})[0]
		}
	})
	d.index()
	return err
}
