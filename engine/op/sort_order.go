package op

import (
	"bytes"
	"cmp"
	"slices"

	"millrace/engine/state"
	"millrace/sql/plan"
	"millrace/vec"
)

// ordering is ORDER BY.
type ordering []plan.SortKey

// compare says whether row i of a stands before row j of b (below 0) or behind it.
func (o ordering) compare(a []vec.Column, i int, b []vec.Column, j int) int {
	for _, k := range o {
		if c := compareBy(k, &a[k.Column], i, &b[k.Column], j); c != 0 {
			return c
		}
	}
	return 0
}

func compareBy(k plan.SortKey, a *vec.Column, i int, b *vec.Column, j int) int {
	c := 0
	switch x, y := a.IsNull(i), b.IsNull(j); {
	case x && y:
		return 0
	case x || y:
		if x == k.NullsFirst {
			return -1
		}
		return 1
	default:
		c = compareValues(a, i, b, j)
	}
	if k.Desc {
		return -c
	}
	return c
}

// compareValues orders two values of one layout that are not NULL: texts by their bytes, NaN above all numbers.
func compareValues(a *vec.Column, i int, b *vec.Column, j int) int {
	switch a.Layout() {
	case vec.LayoutI64:
		return cmp.Compare(a.I64[i], b.I64[j])
	case vec.LayoutI32:
		return cmp.Compare(a.I32[i], b.I32[j])
	case vec.LayoutI16:
		return cmp.Compare(a.I16[i], b.I16[j])
	case vec.LayoutI8:
		return cmp.Compare(a.I8[i], b.I8[j])
	case vec.LayoutF64:
		return compareFloats(a.F64[i], b.F64[j])
	case vec.LayoutF32:
		return compareFloats(float64(a.F32[i]), float64(b.F32[j]))
	case vec.LayoutD128:
		if c := cmp.Compare(a.D128[i].Hi, b.D128[j].Hi); c != 0 {
			return c
		}
		return cmp.Compare(a.D128[i].Lo, b.D128[j].Lo)
	case vec.LayoutBits:
		switch x, y := a.Bits.Get(i), b.Bits.Get(j); {
		case x == y:
			return 0
		case y:
			return -1
		}
		return 1
	case vec.LayoutBytes:
		return bytes.Compare(a.Bytes(i), b.Bytes(j))
	}
	return 0
}

func compareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	case a != a && b != b:
		return 0
	case a != a:
		return 1
	}
	return -1
}

// sortedRows is a RowTable whose groups are in order; rows that are equal by it stand as they came.
type sortedRows struct {
	*RowTable
	by    ordering
	lists [][]int32 // by group
	// The mark of a row is its rank among those that are equal by the order, in which they stand, and in the lowest
	// bit whether the owner holds it.
	ranks int64 // given so far
}

func newSortedRows(t *RowTable, by ordering) *sortedRows { return &sortedRows{RowTable: t, by: by} }

// list returns the rows of a group in order; -1 has none.
func (s *sortedRows) list(g int32) []int32 {
	if g < 0 || int(g) >= len(s.lists) {
		return nil
	}
	return s.lists[g]
}

// place returns how many rows of the list stand before row i of cols, those that are equal among them.
func (s *sortedRows) place(list []int32, cols []vec.Column, i int) int {
	if n := len(list); n > 0 && s.by.compare(s.Cols, int(list[n-1]), cols, i) <= 0 {
		return n
	}
	at, _ := slices.BinarySearchFunc(list, i, func(row int32, i int) int {
		if s.by.compare(s.Cols, int(row), cols, i) <= 0 {
			return -1
		}
		return 1
	})
	return at
}

// position returns where in the list a row is that equals row i of b in all columns, -1 if none does.
func (s *sortedRows) position(list []int32, b *vec.Batch, i int) int {
	at, _ := slices.BinarySearchFunc(list, i, func(row int32, i int) int {
		if s.by.compare(s.Cols, int(row), b.Cols, i) < 0 {
			return -1
		}
		return 1
	})
	for ; at < len(list) && s.by.compare(s.Cols, int(list[at]), b.Cols, i) == 0; at++ {
		if s.equal(list[at], b, i) {
			return at
		}
	}
	return -1
}

func (s *sortedRows) equal(row int32, b *vec.Batch, i int) bool {
	for c := range s.Cols {
		if !s.Cols[c].Equal(int(row), &b.Cols[c], i) {
			return false
		}
	}
	return true
}

// insert puts a new row of the table into the list of its group: behind those that are equal, or before them.
func (s *sortedRows) insert(g int32, at int, row int32, before bool) []int32 {
	s.ranks++
	rank := s.ranks
	if before {
		rank = -rank
	}
	s.SetMark(row, rank<<1)
	for int(g) >= len(s.lists) {
		s.lists = append(s.lists, nil)
	}
	s.lists[g] = slices.Insert(s.lists[g], at, row)
	return s.lists[g]
}

// take removes a row from the table and from its list.
func (s *sortedRows) take(g int32, at int) {
	row := s.lists[g][at]
	s.lists[g] = slices.Delete(s.lists[g], at, at+1)
	s.Remove(row)
}

// forget removes a group.
func (s *sortedRows) forget(g int32) {
	s.lists[g] = s.lists[g][:0]
	s.RemoveGroup(g)
}

// tidy gives the memory of removed rows back once they are the most.
func (s *sortedRows) tidy() {
	var to []int32
	s.Compact(func(from, at int32) {
		for len(to) <= int(from) {
			to = append(to, -1)
		}
		to[from] = at
	})
	if to == nil {
		return
	}
	for _, list := range s.lists {
		for k, row := range list {
			list[k] = to[row]
		}
	}
}

// expire removes the groups whose Note, a time, is ttl before now; both are milliseconds, and a ttl of 0 keeps all.
func (s *sortedRows) expire(now, ttl int64) {
	if ttl == 0 {
		return
	}
	for g := range s.Groups() {
		if s.Note[g]+ttl <= now {
			s.forget(g)
		}
	}
	s.tidy()
}

// restore adds the rows of a snapshot that are in the share.
func (s *sortedRows) restore(r *state.Reader, share Share) error {
	err := s.Restore(r, "rows", share, func(row int32) {
		g := s.Group(row)
		for int(g) >= len(s.lists) {
			s.lists = append(s.lists, nil)
		}
		s.lists[g] = append(s.lists[g], row)
		s.ranks = max(s.ranks, s.Mark[row]>>1, -(s.Mark[row] >> 1))
	})
	for _, list := range s.lists {
		slices.SortFunc(list, func(a, b int32) int {
			return cmp.Or(s.by.compare(s.Cols, int(a), s.Cols, int(b)), cmp.Compare(s.Mark[a]>>1, s.Mark[b]>>1))
		})
	}
	return err
}
