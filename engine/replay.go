package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"millrace/connector"
	"millrace/engine/op"
	"millrace/fault"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// Walk reads a part of a split, given as the offset of a bounded reader, and hands what is read to use, batch by batch,
// as rows of the scan. Records that cannot be decoded are passed over. A batch is valid only during the call.
func Walk(ctx context.Context, env *Env, scan *plan.Scan, zone *time.Location, split connector.Split, part connector.Offset, use func(*vec.Batch) error) (err error) {
	src, decoder, err := openSource(env, scan, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	dec, err := decoder()
	if err != nil {
		return fmt.Errorf("open table %q: %w", scan.Table, err)
	}
	reader, err := src.Open(ctx, split, part, dec)
	if err != nil {
		return fmt.Errorf("open split %s: %w", split, err)
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	call := &function.Call{Zone: zone, Now: time.Now()}
	var out stream = walked(use)
	if !identity(scan) {
		p, err := op.NewProject(scan.Exprs, scan.Schema, call)
		if err != nil {
			return err
		}
		out = newLink(p, out)
	}
	rows := connector.Rows{Builder: vec.NewBuilderSize(scan.Read, vec.MaxRows), Meta: metaColumns(scan)}
	for {
		rows.Builder.Reset()
		rows.Refused = rows.Refused[:0]
		err := reader.Read(ctx, &rows)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if rows.Len() > 0 {
			if err := out.Emit(rows.Batch()); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// walked is the end of a chain that hands batches to a function.
type walked func(*vec.Batch) error

func (w walked) Emit(b *vec.Batch) error { return w(b) }
func (w walked) Watermark(int64) error   { return nil }
func (w walked) Idle() error             { return nil }
func (w walked) Barrier() error          { return nil }

// The blocks in which Replay goes back: the first, and the largest.
const (
	firstBlock = 4096
	lastBlock  = 1 << 18
)

// Replay is from where to where a split may be searched, and for what. Offsets are those of Kafka's partitions.
type Replay struct {
	Scan  *plan.Scan
	Zone  *time.Location
	Split connector.Split
	// First is the oldest offset that there is, Upto where whoever had the job has read to.
	First, Upto int64
	// Since is the event time, in milliseconds, from which on all rows before Upto are wanted.
	Since int64
	// Part makes the offset of a reader that reads from one offset up to another.
	Part func(from, upto int64) connector.Offset
}

// From finds an offset from which on all rows come whose time is Since or later.
//
// It goes back from Upto, block by block, to one whose rows are all older than Since by more than the table's WATERMARK
// lets rows be out of order. No row before that block can be wanted: had there been one, its watermark would have been
// beyond all rows of the block, so that each of them would have been late. A partition from which records are gone and
// that has no such block may lack some that are wanted: that is a fault.Conflict.
func (r *Replay) From(ctx context.Context, env *Env) (int64, error) {
	at, size := r.Upto, int64(firstBlock)
	for at > r.First {
		from := max(r.First, at-size)
		calm, err := r.calm(ctx, env, from, at)
		if err != nil {
			return 0, err
		}
		if calm {
			return at, nil
		}
		at, size = from, min(2*size, lastBlock)
	}
	if r.First > 0 {
		return 0, fault.New(fault.Conflict, "split %s of table %q begins at offset %d: records that windows still open have had may be gone", r.Split, r.Scan.Table, r.First).
			WithHint("keep the topic's records for longer than the windows are, and try again when that much has come")
	}
	return at, nil
}

// calm reports whether all rows between two offsets, of which there is at least one, are so old that none before them
// can be wanted.
func (r *Replay) calm(ctx context.Context, env *Env, from, upto int64) (bool, error) {
	column, mark := r.Scan.Watermark.Column, r.Scan.Watermark.Expr
	eval, err := op.Compile(mark)
	if err != nil {
		return false, err
	}
	call := &function.Call{Zone: r.Zone, Now: time.Now()}
	toMs := max(1, r.Scan.Schema.Fields[column].Type.PerSecond()/1000)
	markToMs := max(1, mark.Type().PerSecond()/1000)
	seen, wanted := false, false
	err = Walk(ctx, env, r.Scan, r.Zone, r.Split, r.Part(from, upto), func(b *vec.Batch) error {
		rows := b.Rows()
		call.Rows = rows
		marks, err := eval.Eval(call, b, rows)
		if err != nil {
			return err
		}
		times := &b.Cols[column]
		for k := range rows.Len() {
			i := rows.At(k)
			if times.IsNull(i) || marks.IsNull(i) {
				continue
			}
			seen = true
			at := floorDiv(times.I64[i], toMs)
			// Rows may be out of order by as much as the watermark stays behind this one, at most.
			if behind := at - floorDiv(marks.I64[i], markToMs); at+max(0, behind) >= r.Since {
				wanted = true
			}
		}
		return nil
	})
	return seen && !wanted, err
}
