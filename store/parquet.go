package store

import (
	"bufio"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	pqschema "github.com/apache/arrow-go/v18/parquet/schema"

	"millrace/internal/failpoint"
)

// groupRows is how many rows a row group has: the unit that readers skip by time.
const groupRows = 65_536

// partWriter writes one part under a temporary name. finish gives it its own.
type partWriter struct {
	cols   []Column
	path   string
	file   *os.File
	buf    *bufio.Writer
	sum    hash.Hash32
	size   int64
	out    *file.Writer
	rows   int64
	from   int64
	upto   int64
	levels []int16
}

// newPartWriter starts a part of the given columns that will stand at path.
func newPartWriter(path string, cols []Column) (*partWriter, error) {
	f, err := os.OpenFile(path+temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create part: %w", err)
	}
	w := &partWriter{cols: cols, path: path, file: f, buf: bufio.NewWriterSize(f, 1<<16), sum: crc32.New(castagnoli)}
	root, err := parquetSchema(cols)
	if err == nil {
		w.out, err = file.NewParquetWriterWithError(w, root, file.WithWriterProps(writerProperties(cols)))
	}
	if err != nil {
		w.abandon()
		return nil, fmt.Errorf("create part: %w", err)
	}
	return w, nil
}

// Write passes what the Parquet writer makes on to the file, and counts and sums it.
func (w *partWriter) Write(p []byte) (int, error) {
	n, err := w.buf.Write(p)
	w.sum.Write(p[:n]) // never fails
	w.size += int64(n)
	return n, err
}

func parquetSchema(cols []Column) (*pqschema.GroupNode, error) {
	fields := make(pqschema.FieldList, len(cols))
	for i, c := range cols {
		var err error
		rep := parquet.Repetitions.Optional
		if c.ID == timeID {
			rep = parquet.Repetitions.Required
		}
		id := int32(c.ID)
		switch c.Type {
		case Double:
			fields[i], err = pqschema.NewPrimitiveNode(c.Name, rep, parquet.Types.Double, id, -1)
		case BigInt:
			fields[i], err = pqschema.NewPrimitiveNode(c.Name, rep, parquet.Types.Int64, id, -1)
		case Boolean:
			fields[i], err = pqschema.NewPrimitiveNode(c.Name, rep, parquet.Types.Boolean, id, -1)
		case VarChar:
			fields[i], err = pqschema.NewPrimitiveNodeLogical(c.Name, rep, pqschema.StringLogicalType{}, parquet.Types.ByteArray, -1, id)
		case Timestamp:
			// Not "adjusted to UTC": DuckDB then reads TIMESTAMP, which is not shown in a session's zone.
			micros := pqschema.NewTimestampLogicalType(false, pqschema.TimeUnitMicros)
			fields[i], err = pqschema.NewPrimitiveNodeLogical(c.Name, rep, micros, parquet.Types.Int64, -1, id)
		}
		if err != nil {
			return nil, err
		}
	}
	return pqschema.NewGroupNode("row", parquet.Repetitions.Required, fields, -1)
}

func writerProperties(cols []Column) *parquet.WriterProperties {
	props := []parquet.WriterProperty{
		parquet.WithVersion(parquet.V2_LATEST),
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithCompressionLevel(1), // parts are merged later: fast now, and small enough
		parquet.WithCreatedBy("millrace"),
		parquet.WithStats(true),
		parquet.WithMaxRowGroupLength(groupRows),
	}
	for _, c := range cols {
		if c.Type == Timestamp || c.Type == BigInt {
			props = append(props, parquet.WithDictionaryFor(c.Name, false),
				parquet.WithEncodingFor(c.Name, parquet.Encodings.DeltaBinaryPacked))
		}
	}
	return parquet.NewWriterProperties(props...)
}

// write appends rows [from, upto) of b, which are in order of time and not before those written.
func (w *partWriter) write(b *block, from, upto int) error {
	for at := from; at < upto; at += groupRows {
		if err := w.writeGroup(b, at, min(at+groupRows, upto)); err != nil {
			return fmt.Errorf("write part: %w", err)
		}
	}
	return nil
}

func (w *partWriter) writeGroup(b *block, from, upto int) error {
	group, err := w.out.AppendRowGroupChecked()
	if err != nil {
		return err
	}
	for i := range w.cols {
		out, err := group.NextColumn()
		if err == nil {
			err = w.writeColumn(out, b.column(w.cols[i].ID), from, upto)
		}
		if err == nil {
			err = out.Close()
		}
		if err != nil {
			return fmt.Errorf("column %q: %w", w.cols[i].Name, err)
		}
	}
	if w.rows == 0 {
		w.from = b.times()[from]
	}
	w.upto = b.times()[upto-1]
	w.rows += int64(upto - from)
	return group.Close()
}

func (w *partWriter) writeColumn(out file.ColumnChunkWriter, v *values, from, upto int) error {
	levels := w.definition(v, from, upto)
	var err error
	switch out := out.(type) {
	case *file.Int64ColumnChunkWriter:
		if v.id == timeID {
			levels = nil
		}
		_, err = out.WriteBatch(dense(v.i64[from:upto], v, from), levels, nil)
	case *file.Float64ColumnChunkWriter:
		_, err = out.WriteBatch(dense(v.f64[from:upto], v, from), levels, nil)
	case *file.BooleanColumnChunkWriter:
		_, err = out.WriteBatch(dense(v.bits[from:upto], v, from), levels, nil)
	case *file.ByteArrayColumnChunkWriter:
		_, err = out.WriteBatch(dense(v.texts(from, upto), v, from), levels, nil)
	default:
		err = fmt.Errorf("no writer for it: %T", out)
	}
	return err
}

// definition returns for each row 1 if it has a value, else 0.
func (w *partWriter) definition(v *values, from, upto int) []int16 {
	w.levels = w.levels[:0]
	for i := from; i < upto; i++ {
		level := int16(1)
		if v.isNull(i) {
			level = 0
		}
		w.levels = append(w.levels, level)
	}
	return w.levels
}

// dense returns those of xs, the values of v from row from on, that are not NULL.
func dense[T any](xs []T, v *values, from int) []T {
	if v.null == nil {
		return xs
	}
	out := make([]T, 0, len(xs))
	for i, x := range xs {
		if !v.null[from+i] {
			out = append(out, x)
		}
	}
	return out
}

// texts returns the strings of rows [from, upto); they alias the column.
func (v *values) texts(from, upto int) []parquet.ByteArray {
	out := make([]parquet.ByteArray, upto-from)
	if v.tag {
		words := make([]parquet.ByteArray, len(v.dict))
		for i, s := range v.dict {
			words[i] = parquet.ByteArray(s)
		}
		for i := range out {
			out[i] = words[v.code[from+i]]
		}
		return out
	}
	for i := range out {
		out[i] = v.bytes(from + i)
	}
	return out
}

// finish makes the part durable under its own name and returns what the manifest needs.
func (w *partWriter) finish(id uint64, measurement, span string) (partRecord, error) {
	err := w.out.Close()
	if err == nil {
		err = w.buf.Flush()
	}
	if err == nil {
		failpoint.Hit("store.part.sync.before")
		err = w.file.Sync()
	}
	err = errors.Join(err, w.file.Close())
	if err == nil {
		failpoint.Hit("store.part.rename.before")
		err = os.Rename(w.path+temporary, w.path)
		failpoint.Hit("store.part.rename.after")
	}
	if err != nil {
		_ = os.Remove(w.path + temporary) // else the next start removes it
		return partRecord{}, fmt.Errorf("write part: %w", err)
	}
	return partRecord{
		ID: id, Measurement: measurement, Span: span, From: w.from, Upto: w.upto,
		fileRecord: fileRecord{File: filepath.Base(w.path), Rows: w.rows, Bytes: w.size, CRC: w.sum.Sum32()},
	}, nil
}

// abandon removes what was written.
func (w *partWriter) abandon() {
	_ = w.file.Close() // nobody will read it
	_ = os.Remove(w.path + temporary)
}

var _ io.Writer = (*partWriter)(nil)
