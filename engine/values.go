package engine

import (
	"context"
	"io"
	"strconv"
	"time"

	"millrace/connector"
	"millrace/engine/op"
	"millrace/format"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// valuesSource reads the rows of a VALUES list, or the one row of a SELECT without FROM.
type valuesSource struct {
	plan *plan.Values
	zone *time.Location
}

func (s valuesSource) Splits(context.Context) ([]connector.Split, error) {
	return []connector.Split{"values"}, nil
}

func (s valuesSource) Open(_ context.Context, _ connector.Split, from connector.Offset, _ format.Decoder) (connector.Reader, error) {
	at, err := strconv.Atoi("0" + string(from))
	if err != nil {
		return nil, err
	}
	return &valuesReader{plan: s.plan, at: at, call: function.Call{Zone: s.zone, Now: time.Now()}}, nil
}

func (s valuesSource) Close() error { return nil }

type valuesReader struct {
	plan *plan.Values
	at   int
	call function.Call
}

func (r *valuesReader) Read(_ context.Context, dst *connector.Rows) error {
	one := &vec.Batch{N: 1}
	for r.at < len(r.plan.Rows) && !dst.Full() {
		for c, e := range r.plan.Rows[r.at] {
			eval, err := op.Compile(e)
			if err != nil {
				return err
			}
			r.call.Rows = one.Rows()
			col, err := eval.Eval(&r.call, one, one.Rows())
			if err != nil {
				return err
			}
			dst.CopyValue(c, col, 0)
		}
		dst.EndRow(vec.Insert)
		r.at++
	}
	if r.at == len(r.plan.Rows) {
		return io.EOF
	}
	return nil
}

func (r *valuesReader) Offset() connector.Offset { return connector.Offset(strconv.Itoa(r.at)) }
func (r *valuesReader) Lag() int64               { return int64(len(r.plan.Rows) - r.at) }
func (r *valuesReader) Close() error             { return nil }
