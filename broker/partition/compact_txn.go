package partition

import (
	"math"
	"slices"
)

// outcomes are the transactions of a log as compaction needs them: which were aborted, and which it has met records of.
type outcomes struct {
	aborted map[int64][]aborted // by producer, ascending
	met     map[int64]bool      // producers of whose transaction a batch has come since the last marker
}

// outcomes returns the transactions that were aborted. Every transaction of which records stand before the last stable offset has ended, perhaps behind it, in the
// active segment.
func (l *Log) outcomes() (*outcomes, error) {
	o := &outcomes{map[int64][]aborted{}, map[int64]bool{}}
	l.writer.Lock()
	active, size := l.active, l.size
	var tail []aborted
	if l.tail != nil {
		tail = slices.Clone(l.tail.aborted)
		active = nil
	}
	l.writer.Unlock()
	for _, s := range l.closedSegments() {
		if s.minAborted == math.MaxInt64 {
			continue
		}
		x, err := l.indexOf(s)
		if err != nil {
			return nil, err
		}
		o.add(x.aborted)
	}
	if active != nil && size > 0 {
		x, err := l.loadIndex(active, size)
		if err != nil {
			return nil, err
		}
		tail = x.aborted
	}
	o.add(tail)
	for _, list := range o.aborted {
		slices.SortFunc(list, func(a, b aborted) int { return int(min(max(a.first-b.first, -1), 1)) })
	}
	return o, nil
}

func (o *outcomes) add(list []aborted) {
	for _, a := range list {
		o.aborted[a.producer] = append(o.aborted[a.producer], a)
	}
}

// wasAborted says whether the records of a batch are those of an aborted transaction.
func (o *outcomes) wasAborted(h *header) bool {
	if !h.transactional() || h.control() {
		return false
	}
	for _, a := range o.aborted[h.producer] {
		if a.first <= h.base && h.base < a.last {
			return true
		}
	}
	return false
}

// endedBy returns the aborted transaction whose marker stands at an offset.
func (o *outcomes) endedBy(h *header) (aborted, bool) {
	for _, a := range o.aborted[h.producer] {
		if a.last == h.base {
			return a, true
		}
	}
	return aborted{}, false
}

// meet tells of a batch, in the order of the log. It says of a marker that no batch of its transaction is left.
func (o *outcomes) meet(h *header) (alone bool) {
	switch {
	case h.control():
		alone = !o.met[h.producer]
		delete(o.met, h.producer)
	case h.transactional():
		o.met[h.producer] = true
	}
	return alone
}
