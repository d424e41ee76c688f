package broker_test

import (
	"fmt"
	"sync"

	"millrace/broker/disk/disktest"
)

// place is a partition.
type place struct {
	topic string
	index int32
}

// promises is what clients were told, and after how many changes of the disk. What was begun and not acknowledged may be there or not.
type promises struct {
	disk *disktest.Disk

	mu      sync.Mutex
	told    []promise
	values  map[place]map[int64]string // each offset that was ever given away
	cuts    []begun                    // where records may be gone
	gone    []begun                    // topics that may be gone
	txns    []*txnSent
	commits map[string][]begun // offsets that groups may have
}

// promise is checked on what is found of a crash after at least that many changes.
type promise struct {
	changes int
	what    string
	check   func(*found) error
}

// begun is something that may have happened from a change on: for an offset of a place, or a topic.
type begun struct {
	changes int
	place   place
	offset  int64
}

// txnSent is a transaction: its records, the offset that it commits, and when its end was begun and acknowledged (0: not).
type txnSent struct {
	id              string
	values          int
	offset          int64
	commit          bool
	ending, settled int
}

func newPromises(d *disktest.Disk) *promises {
	return &promises{disk: d, values: map[place]map[int64]string{}, commits: map[string][]begun{}}
}

// tell notes a promise as of now.
func (p *promises) tell(what string, check func(*found) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = append(p.told, promise{p.disk.Len(), what, check})
}

// wrote notes that a record was acknowledged with an offset.
func (p *promises) wrote(at place, offset int64, value string) {
	p.mu.Lock()
	if p.values[at] == nil {
		p.values[at] = map[int64]string{}
	}
	if was, ok := p.values[at][offset]; ok && was != value {
		panic(fmt.Sprintf("offset %d of %v was given to %q and to %q", offset, at, was, value))
	}
	p.values[at][offset] = value
	p.mu.Unlock()
	p.tell(fmt.Sprintf("%s at %d of %v", value, offset, at), func(f *found) error {
		if f.topicGone(at.topic) || offset < f.mayStart(at) {
			return nil
		}
		s, ok := f.logs[at]
		switch {
		case !ok:
			return fmt.Errorf("there is no such partition")
		case offset < s.start:
			return fmt.Errorf("the log begins at %d, and nobody has asked for that", s.start)
		case offset >= s.high:
			return fmt.Errorf("the log ends at %d", s.high)
		case s.values[offset] != value && !f.compacted[at.topic]:
			return fmt.Errorf("it reads %q", s.values[offset])
		}
		return nil
	})
}

// mayCut notes that records before an offset may be gone from now on.
func (p *promises) mayCut(at place, offset int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cuts = append(p.cuts, begun{p.disk.Len(), at, offset})
}

// mayRemove notes that a topic may be gone from now on.
func (p *promises) mayRemove(topic string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = append(p.gone, begun{changes: p.disk.Len(), place: place{topic: topic}})
}

// mayCommit notes that a group may have an offset from now on, and did that it has it, or a later one.
func (p *promises) mayCommit(group string, offset int64) (did func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commits[group] = append(p.commits[group], begun{changes: p.disk.Len(), offset: offset})
	return func() {
		p.tell(fmt.Sprintf("group %s at %d", group, offset), func(f *found) error {
			if got := f.groups[group]; got < offset {
				return fmt.Errorf("it is at %d", got)
			}
			return nil
		})
	}
}

// found is what a broker holds that was started after a crash.
type found struct {
	*promises
	changes   int // before the crash
	logs      map[place]*foundLog
	groups    map[string]int64
	seen      map[string]int // records of each transaction that readers of committed records see
	compacted map[string]bool
	keys      map[string]int64 // where the last record of each key is
	repeat    repeat           // what may be sent again
}

// goneOn is the value of what is written after a crash.
const goneOn = "gone on"

type foundLog struct {
	start, high int64
	values      map[int64]string
}

func (f *found) topicGone(topic string) bool {
	for _, g := range f.gone {
		if g.changes <= f.changes && g.place.topic == topic {
			return true
		}
	}
	return false
}

func (f *found) mayStart(at place) (offset int64) {
	for _, c := range f.cuts {
		if c.changes <= f.changes && c.place == at {
			offset = max(offset, c.offset)
		}
	}
	return offset
}

// check holds what was found against what was promised before the crash.
func (f *found) check() error {
	for _, p := range f.told {
		if p.changes > f.changes {
			continue
		}
		if err := p.check(f); err != nil {
			return fmt.Errorf("promised after %d changes: %s: %w", p.changes, p.what, err)
		}
	}
	for at, log := range f.logs {
		for offset, v := range log.values {
			if want, ok := f.values[at][offset]; v != goneOn && (!ok || want != v) {
				return fmt.Errorf("%v has %q at %d, where %q was written", at, v, offset, want)
			}
		}
		if log.start > 0 && log.start > f.mayStart(at) {
			return fmt.Errorf("%v begins at %d, and may at %d", at, log.start, f.mayStart(at))
		}
	}
	for group, offset := range f.groups {
		ok := offset == -1
		for _, c := range f.commits[group] {
			ok = ok || c.changes <= f.changes && c.offset == offset
		}
		if !ok {
			return fmt.Errorf("group %s is at %d, which nobody has committed before the crash", group, offset)
		}
	}
	return f.checkTxns()
}

// checkTxns: all of a transaction or nothing, its offset too.
func (f *found) checkTxns() error {
	offset := int64(-1)
	for _, t := range f.txns {
		n := f.seen[t.id]
		switch {
		case n != 0 && n != t.values:
			return fmt.Errorf("transaction %s is torn: %d of %d records are seen", t.id, n, t.values)
		case n > 0 && (!t.commit || t.ending == 0 || t.ending > f.changes):
			return fmt.Errorf("transaction %s is seen, and nobody has committed it", t.id)
		case n == 0 && t.commit && t.settled > 0 && t.settled <= f.changes:
			return fmt.Errorf("transaction %s was acknowledged and is not seen", t.id)
		case n > 0:
			offset = t.offset
		}
	}
	if got := f.groups["job"]; got != offset {
		return fmt.Errorf("the records that are seen belong to offset %d, and the group is at %d", offset, got)
	}
	return nil
}
