package state

import (
	"bufio"
	"encoding/binary"
	"fmt"

	"millrace/schema"
	"millrace/vec"
)

// blockRows bounds the rows of a block, of which one at a time is in memory.
const blockRows = vec.MaxRows

// Writer writes a file of a snapshot, part by part. Its first error stays, and Chain.Save returns it. One goroutine
// uses it.
type Writer struct {
	name  string
	to    File
	out   *bufio.Writer
	at    int64
	dir   directory
	whole bool // all tables are to be whole
	enc   encoder
	sum   uint32 // of the directory
	err   error

	puts, gone []int32
}

// fileBuffer is how much of a file waits in memory for being written.
const fileBuffer = 256 << 10

func newWriter(name string, to File, older []link, whole bool) *Writer {
	w := &Writer{name: name, to: to, out: bufio.NewWriterSize(to, fileBuffer), whole: whole, dir: directory{older: older}}
	w.write(append([]byte(magic), version))
	return w
}

func (w *Writer) write(b []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(b)
		w.at += int64(len(b))
	}
}

// Part begins the state of a task, under a name that no other has; what is written next belongs to it.
func (w *Writer) Part(name string) { w.dir.parts = append(w.dir.parts, part{name: name}) }

func (w *Writer) part() *part { return &w.dir.parts[len(w.dir.parts)-1] }

// Int writes an integer. Every snapshot has all of them.
func (w *Writer) Int(v int64) {
	p := w.part()
	p.ints = append(p.ints, v)
}

// Rows writes a table: what has changed since the snapshot before, as t says, or all of it. Row numbers are below n;
// live says which of them are rows, nil that all are. columns returns columns of the named rows, of the same types
// each time, valid until it is called again.
//
// A table that a snapshot does not mention is no more; what comes later under its name must have a new Track.
func (w *Writer) Rows(name string, t *Track, n int, live func(row int32) bool, columns func(rows []int32) []vec.Column) {
	p := w.part()
	p.tables = append(p.tables, table{name: name, whole: w.whole || !t.on})
	to := &p.tables[len(p.tables)-1]
	w.puts, w.gone = w.puts[:0], w.gone[:0]
	if to.whole {
		for row := range int32(n) {
			w.row(to, row, live == nil || live(row), columns)
		}
	} else {
		for word, bits := range t.dirty {
			if bits == 0 {
				continue
			}
			for at := word << 6; bits != 0; at, bits = at+1, bits>>1 {
				if row := int32(at); bits&1 != 0 {
					alive := at < n && (live == nil || live(row))
					if !alive && at < t.known {
						w.gone = append(w.gone, row)
					}
					w.row(to, row, alive, columns)
				}
			}
		}
	}
	w.flush(to, columns)
	t.written(n)
}

// row adds a row that is alive to the block at hand.
func (w *Writer) row(to *table, row int32, alive bool, columns func([]int32) []vec.Column) {
	if alive {
		w.puts = append(w.puts, row)
	}
	if len(w.puts) == blockRows || len(w.gone) == blockRows {
		w.flush(to, columns)
	}
}

func (w *Writer) flush(to *table, columns func([]int32) []vec.Column) {
	if len(w.puts)+len(w.gone) == 0 {
		return
	}
	var cols []vec.Column
	if len(w.puts) > 0 {
		cols = columns(w.puts)
	}
	w.block(to, w.puts, w.gone, cols)
	w.puts, w.gone = w.puts[:0], w.gone[:0]
}

// block writes rows that were put, and the numbers of those that are gone.
func (w *Writer) block(to *table, puts, gone []int32, cols []vec.Column) {
	w.enc.buf = w.enc.buf[:0]
	w.enc.rows(puts)
	w.enc.rows(gone)
	if len(puts) == 0 {
		cols = nil
	}
	w.enc.uvarint(uint64(len(cols)))
	for c := range cols {
		w.enc.column(&cols[c], len(puts))
	}
	if to.types == nil && len(cols) > 0 {
		to.types = make([]schema.Type, len(cols))
		for c := range cols {
			to.types[c] = cols[c].Type
		}
	}
	to.blocks = append(to.blocks, blockAt{w.at, len(w.enc.buf), checksum(w.enc.buf)})
	to.size += int64(len(w.enc.buf))
	w.write(w.enc.buf)
}

// footerSize is what stands behind the directory: where it is, its length, its CRC, that of these three, and tail.
const footerSize = 8 + 4 + 4 + 4 + len(tail)

// save ends the file and makes it durable.
func (w *Writer) save() error {
	w.enc.buf = w.enc.buf[:0]
	w.dir.encode(&w.enc)
	w.dir.seal()
	at, length := w.at, len(w.enc.buf)
	w.sum = checksum(w.enc.buf)
	w.write(w.enc.buf)
	foot := binary.LittleEndian.AppendUint64(nil, uint64(at))
	foot = binary.LittleEndian.AppendUint32(foot, uint32(length))
	foot = binary.LittleEndian.AppendUint32(foot, w.sum)
	foot = binary.LittleEndian.AppendUint32(foot, checksum(foot))
	w.write(append(foot, tail...))
	if w.err == nil {
		w.err = w.out.Flush()
	}
	if w.err == nil {
		w.err = w.to.Commit()
	}
	if w.err != nil {
		w.to.Discard()
		return fmt.Errorf("save snapshot %s: %w", w.name, w.err)
	}
	return nil
}

func (w *Writer) link() link { return link{w.name, w.at, w.sum} }

// Discard ends a file that is not to be saved.
func (w *Writer) Discard() { w.to.Discard() }
