package op

import (
	"math"
	"slices"
)

// attempt is a match so far: the state that it is in, its last row, and its first as a number that grows with the
// order of the rows, and as a time. The one in the first state has no rows.
type attempt struct {
	state, last int32
	first       int64
	since       int64
}

// notBegun is the first row of a partial match without rows.
const notBegun = math.MaxInt64

// attempts is a heap of partial matches, those that began first on top. It is the heap of Java's library step by
// step: of matches that began at one row and end at one, the order in it says which is given.
type attempts []attempt

func (h *attempts) push(p attempt) {
	*h = append(*h, p)
	list := *h
	for i := len(list) - 1; i > 0; {
		up := (i - 1) / 2
		if list[i].first >= list[up].first {
			return
		}
		list[i], list[up] = list[up], list[i]
		i = up
	}
}

func (h *attempts) pop() attempt {
	list := *h
	top, last := list[0], len(list)-1
	list[0] = list[last]
	*h = list[:last]
	h.down(0)
	return top
}

func (h *attempts) down(i int) {
	list := *h
	for {
		child := 2*i + 1
		if child >= len(list) {
			return
		}
		if right := child + 1; right < len(list) && list[child].first > list[right].first {
			child = right
		}
		if list[i].first <= list[child].first {
			return
		}
		list[i], list[child] = list[child], list[i]
		i = child
	}
}

// remove takes out those that began before a row.
func (h *attempts) remove(before int64, gone func(attempt)) {
	list := slices.DeleteFunc(*h, func(p attempt) bool {
		if p.first < before {
			gone(p)
			return true
		}
		return false
	})
	if len(list) == len(*h) {
		return
	}
	*h = list
	for i := len(list)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
}
