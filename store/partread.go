package store

import (
	"fmt"
	"os"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"millrace/fault"
)

// partReader reads a part row group by row group. One goroutine uses it.
type partReader struct {
	part  *stored
	in    *file.Reader
	at    map[int]int // Parquet column by ID
	level []int16
}

// openPart opens a file that has been checked, or is checked now.
func openPart(p *stored) (*partReader, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	f, err := os.Open(p.path)
	if err != nil {
		return nil, p.missing(err)
	}
	in, err := file.NewParquetReader(f)
	if err != nil {
		_ = f.Close() // only read
		return nil, p.unreadable(err)
	}
	r := &partReader{part: p, in: in, at: map[int]int{}}
	for i := range in.MetaData().Schema.NumColumns() {
		r.at[int(in.MetaData().Schema.Column(i).SchemaNode().FieldID())] = i
	}
	if _, ok := r.at[timeID]; !ok || in.NumRows() != p.Rows {
		_ = r.close()
		return nil, p.unreadable(fmt.Errorf("it has %d rows, the manifest has %d", in.NumRows(), p.Rows))
	}
	return r, nil
}

// unreadable is for a file that checks and still is not what it should be.
func (p *stored) unreadable(err error) error {
	return fault.New(fault.Corrupt, "part %q of measurement %q is not readable: %w", p.File, p.part.Measurement, err)
}

func (r *partReader) close() error { return r.in.Close() }

func (r *partReader) groups() int { return r.in.NumRowGroups() }

// span returns the lowest and highest time in row group g.
func (r *partReader) span(g int) (from, upto int64) {
	chunk, err := r.in.MetaData().RowGroup(g).ColumnChunk(r.at[timeID])
	if err != nil {
		return r.part.part.From, r.part.part.Upto
	}
	stats, err := chunk.Statistics()
	if s, ok := stats.(*metadata.Int64Statistics); err == nil && ok && s.HasMinMax() {
		return s.Min(), s.Max()
	}
	return r.part.part.From, r.part.part.Upto
}

// read returns row group g with those of cols that the part has. Arrow's decoder may panic on bytes
// that it does not expect; that is damage too.
func (r *partReader) read(g int, cols []Column) (b *block, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = r.part.unreadable(fmt.Errorf("row group %d: %v", g, p))
		}
	}()
	group := r.in.RowGroup(g)
	n := int(group.NumRows())
	b = &block{rows: n}
	for _, c := range cols {
		at, ok := r.at[c.ID]
		if !ok {
			continue
		}
		chunk, err := group.Column(at)
		if err != nil {
			return nil, r.part.unreadable(err)
		}
		v, err := r.column(chunk, c, n)
		if err != nil {
			return nil, r.part.unreadable(fmt.Errorf("column %q: %w", c.Name, err))
		}
		b.cols = append(b.cols, v)
	}
	b.from, b.upto = slices.Min(b.times()), slices.Max(b.times())
	return b, nil
}

func (r *partReader) column(chunk file.ColumnChunkReader, c Column, n int) (values, error) {
	v := values{id: c.ID, typ: c.Type, tag: c.Tag}
	if len(r.level) < max(n, textStep) {
		r.level = make([]int16, max(n, textStep))
	}
	var err error
	switch in := chunk.(type) {
	case *file.Int64ColumnChunkReader:
		if v.typ == Double {
			v.typ = BigInt // written before the column was widened
		}
		v.i64, err = readAll(in, &v, r.level[:n])
	case *file.Float64ColumnChunkReader:
		v.f64, err = readAll(in, &v, r.level[:n])
	case *file.BooleanColumnChunkReader:
		v.bits, err = readAll(in, &v, r.level[:n])
	case *file.ByteArrayColumnChunkReader:
		err = r.readTexts(in, &v, n)
	default:
		err = fmt.Errorf("it has the type %s", chunk.Type())
	}
	return v, err
}

// batchReader is what the column readers of arrow-go have in common.
type batchReader[T any] interface {
	ReadBatch(size int64, values []T, levels, repeats []int16) (total int64, read int, err error)
	HasNext() bool
}

// readAll reads all rows of a column, spreads the values over those that are not NULL, and sets v.null.
func readAll[T any](in batchReader[T], v *values, level []int16) ([]T, error) {
	n := len(level)
	out := make([]T, n)
	rows, got := 0, 0
	for rows < n && in.HasNext() {
		total, read, err := in.ReadBatch(int64(n-rows), out[got:], level[rows:], nil)
		if err != nil {
			return nil, err
		}
		if total == 0 {
			break
		}
		rows += int(total)
		got += read
	}
	if rows != n {
		return nil, fmt.Errorf("%d of %d rows", rows, n)
	}
	if got == n {
		return out, nil
	}
	v.null = make([]bool, n)
	for i := n - 1; i >= 0; i-- {
		if level[i] == 0 {
			v.null[i] = true
			continue
		}
		got--
		out[i] = out[got]
	}
	return out, nil
}

const textStep = 1024

// readTexts reads strings in small batches, as their bytes are valid only until the next.
func (r *partReader) readTexts(in *file.ByteArrayColumnChunkReader, v *values, n int) error {
	var words [textStep]parquet.ByteArray
	dict := map[string]uint32{}
	for rows := 0; rows < n; {
		if !in.HasNext() {
			return fmt.Errorf("%d of %d rows", rows, n)
		}
		total, read, err := in.ReadBatch(int64(min(textStep, n-rows)), words[:], r.level[:textStep], nil)
		if err != nil {
			return err
		}
		if total == 0 {
			return fmt.Errorf("%d of %d rows", rows, n)
		}
		v.takeTexts(words[:read], r.level[:total], rows, n, dict)
		rows += int(total)
	}
	return nil
}

// takeTexts appends rows at row on: the next of words where the level says so, else NULL.
func (v *values) takeTexts(words []parquet.ByteArray, level []int16, row, n int, dict map[string]uint32) {
	w := 0
	for i, l := range level {
		if l == 0 {
			if v.null == nil {
				v.null = make([]bool, n)
			}
			v.null[row+i] = true
			v.pad(1)
			continue
		}
		text := words[w]
		w++
		if !v.tag {
			v.data = append(v.data, text...)
			v.end = append(v.end, uint32(len(v.data)))
			continue
		}
		code, ok := dict[string(text)]
		if !ok {
			code = v.encode(dict, string(text))
		}
		v.code = append(v.code, code)
	}
}
