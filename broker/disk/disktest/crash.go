package disktest

import (
	"fmt"
	"iter"
	"math/rand/v2"
)

// Fate says how much of a change that was not forced to disk is there after a crash: of a write the first bytes, up to len(op.Data); any other change is there
// if it is not 0. It is asked in the order of changes. After a change of a folder's names was dropped, the later ones of that folder are, too.
type Fate func(op Op) int

// Lost drops all that was not forced to disk.
func Lost(Op) int { return 0 }

// Kept keeps all: only the process was killed.
func Kept(op Op) int { return max(1, len(op.Data)) }

// Torn keeps all but one change, a write of which only the first bytes are there.
func Torn(index, bytes int) Fate {
	return func(op Op) int {
		if op.Index == index {
			return bytes
		}
		return Kept(op)
	}
}

// Some keeps, drops and tears by chance.
func Some(seed uint64) Fate {
	rnd := rand.New(rand.NewPCG(seed, seed))
	return func(op Op) int {
		if rnd.IntN(3) == 0 {
			return rnd.IntN(len(op.Data) + 1)
		}
		return Kept(op) * rnd.IntN(2)
	}
}

// Crash returns the disk that is found after a loss of power right after the first n changes. The disk it is called of is as before, and may be in use.
func (d *Disk) Crash(n int, fate Fate) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.base.clone()
	ops := d.ops[:n]
	forced := forcedOf(ops)
	dropped := map[int]bool{} // folders
	for i, op := range ops {
		if op.Kind == Create || op.Kind == Mkdir {
			t.add(op)
		}
		switch {
		case forced[i]:
			t.apply(op, len(op.Data))
		case op.Kind == Sync || op.Kind == SyncDir:
		case op.Kind == Write:
			t.apply(op, min(fate(op), len(op.Data)))
		default:
			names := op.Kind != Truncate
			if fate(op) == 0 || names && (dropped[op.dir] || op.Kind == Rename && dropped[op.fromDir]) {
				dropped[op.dir] = dropped[op.dir] || names
				continue
			}
			t.apply(op, 0)
		}
	}
	return newDisk(t)
}

// forcedOf says which changes a later sync has forced to disk: the next sync of the same file or folder decides.
func forcedOf(ops []Op) []bool {
	forced := make([]bool, len(ops))
	synced := map[int]bool{}
	for i := len(ops) - 1; i >= 0; i-- {
		switch op := ops[i]; op.Kind {
		case Sync, SyncDir:
			synced[op.node] = !op.Failed
		case Write, Truncate:
			forced[i] = synced[op.node]
		case Rename:
			forced[i] = synced[op.dir] && synced[op.fromDir]
		case Create, Mkdir, Remove:
			forced[i] = synced[op.dir]
		}
	}
	return forced
}

// add makes the node that an op creates, without a name.
func (t *tree) add(op Op) {
	n := &node{dir: op.Kind == Mkdir}
	if n.dir {
		n.names = map[string]int{}
	}
	t.nodes[op.node] = n
}

// Point is where a crash happened.
type Point struct {
	Changes int    // the number of changes before it
	What    string // the last change and the fate
}

// Crashes yields the disk after a crash at every stride-th change, and after the last: with what was not forced lost, kept, by chance, and, where the last change is
// a write, torn at its first, its middle and its last byte.
func (d *Disk) Crashes(stride int) iter.Seq2[Point, *Disk] {
	return func(yield func(Point, *Disk) bool) {
		ops := d.Ops()
		for n := 0; n <= len(ops); n++ {
			if n%stride != 0 && n < len(ops) {
				continue
			}
			last := "nothing"
			fates := map[string]Fate{"lost": Lost, "kept": Kept, "some": Some(uint64(n)), "others": Some(uint64(n) + 1<<32)}
			if n > 0 {
				last = ops[n-1].String()
				if size := len(ops[n-1].Data); size > 1 {
					for _, at := range []int{1, size / 2, size - 1} {
						fates[fmt.Sprintf("torn at %d", at)] = Torn(n-1, at)
					}
				}
			}
			for what, fate := range fates {
				if !yield(Point{n, last + ", " + what}, d.Crash(n, fate)) {
					return
				}
			}
		}
	}
}

// SectorBytes is what a disk writes whole or not at all.
const SectorBytes = 512

// Sectors is Some as disks do it: they tear writes between sectors, and do not write the end of a sector without its beginning.
func Sectors(seed uint64) Fate {
	rnd := rand.New(rand.NewPCG(seed, 2))
	missing := map[string]int64{} // of each file, the sector in which the last write was cut
	return func(op Op) int {
		if op.Kind != Write {
			return Kept(op) * rnd.IntN(2)
		}
		kept := len(op.Data)
		switch cut, ok := missing[op.Path]; rnd.IntN(3) {
		case 0:
			kept = 0
		case 1:
			at := op.Offset + rnd.Int64N(int64(len(op.Data))+1)
			kept = int(max(at-at%SectorBytes-op.Offset, 0))
			if ok && cut == op.Offset/SectorBytes {
				kept = 0
			}
		}
		delete(missing, op.Path)
		if kept < len(op.Data) {
			missing[op.Path] = (op.Offset + int64(kept)) / SectorBytes
		}
		return kept
	}
}
