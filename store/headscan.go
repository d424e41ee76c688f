package store

import (
	"fmt"
	"sync/atomic"

	"github.com/duckdb/duckdb-go/v2"
)

// headFunction is the table function through which DuckDB reads the rows in memory.
const headFunction = "millrace_head"

// headScan gives the blocks of a snapshot to DuckDB, on as many threads as it likes.
type headScan struct {
	cols  []Column
	infos []duckdb.ColumnInfo
	rows  int
	// pieces are runs of at most a vector of rows; next is the first that no thread has taken.
	pieces []piece
	next   atomic.Int64
}

type piece struct {
	b          *block
	from, upto int
}

func (e *engine) registerHead() error {
	name, err := duckdb.NewTypeInfo(duckdb.TYPE_VARCHAR)
	if err != nil {
		return err
	}
	return duckdb.RegisterTableUDF(e.conn, headFunction, duckdb.ParallelChunkTableFunction{
		Config: duckdb.TableFunctionConfig{Arguments: []duckdb.TypeInfo{name}},
		BindArguments: func(_ map[string]any, args ...any) (duckdb.ParallelChunkTableSource, error) {
			name, _ := args[0].(string) // the config says that it is one
			snap := e.heads[name]
			if snap == nil {
				return nil, fmt.Errorf("measurement %q is not part of this query", name)
			}
			return newHeadScan(snap)
		},
	})
}

func newHeadScan(snap *snapshot) (*headScan, error) {
	h := &headScan{cols: snap.cols}
	for _, c := range snap.cols {
		info, err := duckdb.NewTypeInfo(duckType(c.Type))
		if err != nil {
			return nil, err
		}
		h.infos = append(h.infos, duckdb.ColumnInfo{Name: c.Name, T: info})
	}
	step := duckdb.GetDataChunkCapacity()
	for _, b := range snap.blocks {
		h.rows += b.rows
		for from := 0; from < b.rows; from += step {
			h.pieces = append(h.pieces, piece{b, from, min(from+step, b.rows)})
		}
	}
	return h, nil
}

func duckType(t Type) duckdb.Type {
	switch t {
	case Double:
		return duckdb.TYPE_DOUBLE
	case BigInt:
		return duckdb.TYPE_BIGINT
	case Boolean:
		return duckdb.TYPE_BOOLEAN
	case VarChar:
		return duckdb.TYPE_VARCHAR
	}
	return duckdb.TYPE_TIMESTAMP
}

// ColumnInfos implements duckdb.ParallelChunkTableSource.
func (h *headScan) ColumnInfos() []duckdb.ColumnInfo { return h.infos }

// Cardinality implements duckdb.ParallelChunkTableSource.
func (h *headScan) Cardinality() *duckdb.CardinalityInfo {
	return &duckdb.CardinalityInfo{Cardinality: uint(h.rows), Exact: true}
}

// Init implements duckdb.ParallelChunkTableSource. A source may be run again, by a prepared
// statement or a recursive query.
func (h *headScan) Init() duckdb.ParallelTableSourceInfo {
	h.next.Store(0)
	return duckdb.ParallelTableSourceInfo{MaxThreads: max(1, min(len(h.pieces), 4))}
}

// NewLocalState implements duckdb.ParallelChunkTableSource.
func (h *headScan) NewLocalState() any { return struct{}{} }

// FillChunk implements duckdb.ParallelChunkTableSource.
func (h *headScan) FillChunk(_ any, out duckdb.DataChunk) error {
	at := int(h.next.Add(1)) - 1
	if at >= len(h.pieces) {
		return out.SetSize(0)
	}
	p := h.pieces[at]
	for i, c := range h.cols {
		if err := fill(&out, i, c, p); err != nil {
			return fmt.Errorf("column %q: %w", c.Name, err)
		}
	}
	return out.SetSize(p.upto - p.from)
}

// fill writes one column of a piece, unless the query does not need it.
func fill(out *duckdb.DataChunk, i int, c Column, p piece) error {
	if _, err := out.GetVector(i); err != nil {
		return nil // not asked for
	}
	v := p.b.column(c.ID)
	for row := p.from; row < p.upto; row++ {
		var err error
		switch {
		case v.isNull(row):
			err = out.SetValue(i, row-p.from, nil)
		case c.Type == Double:
			err = duckdb.SetChunkValue(*out, i, row-p.from, v.float(row))
		case c.Type == BigInt:
			err = duckdb.SetChunkValue(*out, i, row-p.from, v.i64[row])
		case c.Type == Boolean:
			err = duckdb.SetChunkValue(*out, i, row-p.from, v.bits[row])
		case c.Type == VarChar:
			err = duckdb.SetChunkValue(*out, i, row-p.from, v.text(row))
		default:
			err = duckdb.SetChunkValue(*out, i, row-p.from, instant(v.i64[row]))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
