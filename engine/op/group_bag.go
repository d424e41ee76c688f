package op

import (
	"millrace/engine/state"
	"millrace/schema"
	"millrace/vec"
)

// bag keeps values of groups that go by number: for each group a list in the order in which they came, and an
// index by value. A value is a row of cols; it goes by number, higher for later ones, until compact.
type bag struct {
	hasher vec.Hasher
	types  []schema.Type
	merge  bool // equal values of a group are one, with a count
	cols   []vec.Column
	counts []int64 // by value; 0: removed
	of     []int32 // group
	next   []int32 // in its list; -1 at the end
	prev   []int32
	sums   []uint64
	chain  []int32 // the next value in the bucket + 1; later values are ahead
	live   int
	track  state.Track

	buckets     []int32 // value + 1; 0 is none; the length is a power of two
	first, last []int32 // by group; -1: none

	probe  []vec.Column
	hashes []uint64
}

func newBag(h vec.Hasher, types []schema.Type, merge bool) *bag {
	v := &bag{hasher: h, types: types, merge: merge, buckets: make([]int32, 64)}
	for _, t := range types {
		v.cols = append(v.cols, vec.NewColumn(t))
	}
	return v
}

// grow makes room for n groups.
func (v *bag) grow(n int) {
	for len(v.first) < n {
		v.first, v.last = append(v.first, -1), append(v.last, -1)
	}
}

// hash hashes the named rows of args, for add and remove. The answer is valid until the next call.
func (v *bag) hash(args []*vec.Column, rows vec.Rows) []uint64 {
	v.probe = v.probe[:0]
	for _, a := range args {
		v.probe = append(v.probe, *a)
	}
	v.hashes = v.hasher.Rows(v.hashes, v.probe, rows)
	return v.hashes
}

// bucket is where values of a group with a hash are.
func (v *bag) bucket(hash uint64, g int32) *int32 {
	salted := (hash ^ uint64(g+1)*0x9E3779B97F4A7C15) * 0xD1B54A32D192ED03 >> 9
	return &v.buckets[salted&uint64(len(v.buckets)-1)]
}

// find returns the value of group g that equals row i of args, -1 for none: of several the one that came first.
func (v *bag) find(g int32, hash uint64, args []*vec.Column, i int) int32 {
	found := int32(-1)
	for at := *v.bucket(hash, g); at != 0; at = v.chain[at-1] {
		e := at - 1
		if v.of[e] != g || v.sums[e] != hash || !v.equal(e, args, i) {
			continue
		}
		if found = e; v.merge {
			break
		}
	}
	return found
}

func (v *bag) equal(e int32, args []*vec.Column, i int) bool {
	for c := range v.cols {
		if !v.cols[c].Equal(int(e), args[c], i) {
			return false
		}
	}
	return true
}

// add adds row i of args to group g. It returns the value, and whether it was not there before.
func (v *bag) add(g int32, hash uint64, args []*vec.Column, i int) (e int32, fresh bool) {
	if v.merge {
		if e = v.find(g, hash, args, i); e >= 0 {
			v.counts[e]++
			v.track.Touch(e)
			return e, false
		}
	}
	e = int32(len(v.counts))
	for c := range v.cols {
		v.cols[c].Append(int(e), args[c], i)
	}
	v.counts, v.of, v.sums = append(v.counts, 1), append(v.of, g), append(v.sums, hash)
	v.next, v.prev, v.chain = append(v.next, -1), append(v.prev, v.last[g]), append(v.chain, 0)
	if v.first[g] < 0 {
		v.first[g] = e
	} else {
		v.next[v.last[g]] = e
	}
	v.last[g] = e
	v.live++
	v.track.Touch(e)
	if v.live > len(v.buckets) {
		v.rehash(2 * len(v.buckets))
	} else {
		v.index(e)
	}
	return e, true
}

func (v *bag) index(e int32) {
	bucket := v.bucket(v.sums[e], v.of[e])
	v.chain[e], *bucket = *bucket, e+1
}

// rehash indexes all values anew, the later ones ahead.
func (v *bag) rehash(n int) {
	v.buckets = make([]int32, n)
	for e, count := range v.counts {
		if count != 0 {
			v.index(int32(e))
		}
	}
}

// remove takes row i of args out of group g once. It returns the value, -1 if there was none, and whether it was the
// last of its kind.
func (v *bag) remove(g int32, hash uint64, args []*vec.Column, i int) (e int32, gone bool) {
	e = v.find(g, hash, args, i)
	if e < 0 {
		return -1, false
	}
	if v.counts[e] > 1 {
		v.counts[e]--
		v.track.Touch(e)
		return e, false
	}
	v.take(e)
	return e, true
}

// take removes a value; its columns stay until compact.
func (v *bag) take(e int32) {
	v.unlink(e)
	v.track.Touch(e)
	at := v.bucket(v.sums[e], v.of[e])
	for *at != e+1 {
		at = &v.chain[*at-1]
	}
	*at = v.chain[e]
	v.counts[e] = 0
	v.live--
}

func (v *bag) unlink(e int32) {
	g, before, after := v.of[e], v.prev[e], v.next[e]
	if before >= 0 {
		v.next[before] = after
	} else {
		v.first[g] = after
	}
	if after >= 0 {
		v.prev[after] = before
	} else {
		v.last[g] = before
	}
}

// drop removes all values of a group.
func (v *bag) drop(g int32) {
	for v.first[g] >= 0 {
		v.take(v.first[g])
	}
}

// hand gives all values of group from to group into, whose own they are put in order with. Each value that into
// did not have is told to fresh, which may be nil.
func (v *bag) hand(from, into int32, fresh func(e int32) error) error {
	args := make([]*vec.Column, len(v.cols))
	for c := range v.cols {
		args[c] = &v.cols[c]
	}
	for e := v.first[from]; e >= 0; {
		next, count := v.next[e], v.counts[e]
		other := int32(-1)
		if v.merge {
			other = v.find(into, v.sums[e], args, int(e))
		}
		v.take(e)
		if other >= 0 {
			v.counts[other] += count
			v.track.Touch(other)
		} else {
			v.put(e, into, count)
			if fresh != nil {
				if err := fresh(e); err != nil {
					return err
				}
			}
		}
		e = next
	}
	return nil
}

// put puts a value that was taken into the list of group g, by its age.
func (v *bag) put(e, g int32, count int64) {
	v.of[e], v.counts[e] = g, count
	v.track.Touch(e)
	v.live++
	before := v.last[g]
	for before > e {
		before = v.prev[before]
	}
	after := v.first[g]
	if before >= 0 {
		after = v.next[before]
		v.next[before] = e
	} else {
		v.first[g] = e
	}
	if v.prev[e], v.next[e] = before, after; after >= 0 {
		v.prev[after] = e
	} else {
		v.last[g] = e
	}
	at := v.bucket(v.sums[e], g)
	for *at > e+1 {
		at = &v.chain[*at-1]
	}
	v.chain[e], *at = *at, e+1
}

// list appends the values of a group, in order.
func (v *bag) list(dst []int32, g int32) []int32 {
	for e := v.first[g]; e >= 0; e = v.next[e] {
		dst = append(dst, e)
	}
	return dst
}

// sparse says whether removed values are so many that compact is worth its work.
func (v *bag) sparse() bool {
	dead := len(v.counts) - v.live
	return dead >= compactAt && dead > v.live
}

// compact gives the memory of removed values back and returns the new number of each value, -1 for those removed.
func (v *bag) compact() []int32 {
	v.track.Renumber()
	old := *v
	moved := make([]int32, len(old.counts))
	v.cols, v.counts, v.of, v.sums, v.next, v.prev = nil, nil, nil, nil, nil, nil
	for _, t := range v.types {
		v.cols = append(v.cols, vec.NewColumn(t))
	}
	for e, count := range old.counts {
		if moved[e] = -1; count == 0 {
			continue
		}
		n := len(v.counts)
		for c := range v.cols {
			v.cols[c].Append(n, &old.cols[c], e)
		}
		moved[e] = int32(n)
		v.counts, v.of, v.sums = append(v.counts, count), append(v.of, old.of[e]), append(v.sums, old.sums[e])
	}
	at := func(e int32) int32 {
		if e < 0 {
			return -1
		}
		return moved[e]
	}
	for e, count := range old.counts {
		if count != 0 {
			v.next, v.prev = append(v.next, at(old.next[e])), append(v.prev, at(old.prev[e]))
		}
	}
	for g := range v.first {
		v.first[g], v.last[g] = at(v.first[g]), at(v.last[g])
	}
	v.chain = make([]int32, len(v.counts))
	v.rehash(len(v.buckets))
	return moved
}

// renumber gives the groups new numbers, which are lower and in the same order; -1 is for groups without values.
func (v *bag) renumber(moved []int32) {
	v.track.Renumber()
	n := int32(0)
	for g, to := range moved {
		if to >= 0 {
			v.first[to], v.last[to] = v.first[g], v.last[g]
			n = to + 1
		}
	}
	v.first, v.last = v.first[:n], v.last[:n]
	for e, count := range v.counts {
		if count != 0 {
			v.of[e] = moved[v.of[e]]
		}
	}
	v.rehash(len(v.buckets))
}

// clear empties the bag; its memory is kept.
func (v *bag) clear() {
	for c := range v.cols {
		v.cols[c].Clear()
	}
	clear(v.buckets)
	v.track.Renumber()
	v.counts, v.of, v.next, v.prev, v.sums, v.chain = v.counts[:0], v.of[:0], v.next[:0], v.prev[:0], v.sums[:0], v.chain[:0]
	v.first, v.last, v.live = v.first[:0], v.last[:0], 0
}
