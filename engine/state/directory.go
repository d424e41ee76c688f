package state

import "millrace/schema"

// directory says where in a file things are. It stands at the end of the file.
type directory struct {
	older []link // the files that hold what this one does not, the oldest first
	parts []part
	index map[tableOf]*table
}

// link names a file and says which bytes it has.
type link struct {
	name string
	size int64
	sum  uint32 // of its directory, which has those of all else
}

// part is the state of one task.
type part struct {
	name   string
	ints   []int64
	tables []table
}

// table is what a file has of a table.
type table struct {
	name   string
	whole  bool // nothing in older files counts
	blocks []blockAt
	size   int64 // of the blocks

	types []schema.Type // of its columns; known to the process that wrote it
}

// blockAt is where a block is.
type blockAt struct {
	offset int64
	length int
	sum    uint32
}

// tableOf names a table within a snapshot.
type tableOf struct{ part, name string }

// seal makes the index, once everything is in.
func (d *directory) seal() {
	d.index = map[tableOf]*table{}
	for p := range d.parts {
		for t := range d.parts[p].tables {
			d.index[tableOf{d.parts[p].name, d.parts[p].tables[t].name}] = &d.parts[p].tables[t]
		}
	}
}

// table returns what the file has of a table, nil for nothing.
func (d *directory) table(part, name string) *table { return d.index[tableOf{part, name}] }

func (d *directory) encode(e *encoder) {
	e.uvarint(uint64(len(d.older)))
	for _, l := range d.older {
		e.text(l.name)
		e.uvarint(uint64(l.size))
		e.uvarint(uint64(l.sum))
	}
	e.uvarint(uint64(len(d.parts)))
	for _, p := range d.parts {
		e.text(p.name)
		e.uvarint(uint64(len(p.ints)))
		for _, v := range p.ints {
			e.varint(v)
		}
		e.uvarint(uint64(len(p.tables)))
		for _, t := range p.tables {
			e.text(t.name)
			whole := byte(0)
			if t.whole {
				whole = 1
			}
			e.buf = append(e.buf, whole)
			e.uvarint(uint64(len(t.blocks)))
			for _, b := range t.blocks {
				e.uvarint(uint64(b.offset))
				e.uvarint(uint64(b.length))
				e.uvarint(uint64(b.sum))
			}
		}
	}
}

func decodeDirectory(d *decoder) *directory {
	dir := &directory{}
	for range d.count() {
		dir.older = append(dir.older, link{string(d.bytes()), int64(d.uvarint()), uint32(d.uvarint())})
	}
	for range d.count() {
		p := part{name: string(d.bytes())}
		for range d.count() {
			p.ints = append(p.ints, d.varint())
		}
		for range d.count() {
			t := table{name: string(d.bytes()), whole: d.byte() == 1}
			for range d.count() {
				b := blockAt{int64(d.uvarint()), int(d.uvarint()), uint32(d.uvarint())}
				t.blocks, t.size = append(t.blocks, b), t.size+int64(b.length)
			}
			p.tables = append(p.tables, t)
		}
		dir.parts = append(dir.parts, p)
	}
	dir.seal()
	return dir
}
