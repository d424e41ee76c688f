package partition

// recentBatches is how many of the last batches a log knows the places of: readers at the end find theirs without reading a header.
const recentBatches = 64

// place is where a batch is in the active segment.
type place struct {
	base, end int64
	pos       int64
	size      int
}

// recent is a ring of the last batches of the active segment, without gaps.
type recent struct {
	ring [recentBatches]place
	n    int // ever added
}

func (r *recent) add(p place) {
	r.ring[r.n%recentBatches] = p
	r.n++
}

func (r *recent) clear() { r.n = 0 }

// find returns the batch that holds an offset.
func (r *recent) find(offset int64) (place, bool) {
	for i := r.n - 1; i >= 0 && i >= r.n-recentBatches; i-- {
		if p := r.ring[i%recentBatches]; p.base <= offset {
			return p, offset < p.end
		}
	}
	return place{}, false
}
