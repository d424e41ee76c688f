// Package datagen makes rows up, as Flink's connector of that name does: random values within bounds, or
// sequences, at a given rate.
//
// There is one split. Its offset is the number of the next row and the seed of the table, from which
// every value follows: a job that restarts from a checkpoint sees the rows that it would have seen. Only
// times, which are relative to the clock, differ.
package datagen

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"millrace/connector"
	"millrace/fault"
	"millrace/format"
	"millrace/option"
	"millrace/vec"
)

// Spec returns the connector as SQL sees it.
func Spec() connector.Spec {
	return connector.Spec{
		Name:    "datagen",
		Doc:     "Random or counted rows at a given rate.",
		SQL:     true,
		Options: options(),
		Source:  newSource,
	}
}

func options() []option.Option {
	return []option.Option{
		{Name: "rows-per-second", Kind: option.Int, Default: "10000", Doc: "How many rows are made in a second."},
		{Name: "number-of-rows", Kind: option.Int, Doc: "How many rows there are; unset, the table never ends, or with the first sequence that does."},
		{Name: "scan.parallelism", Kind: option.Int, Doc: "How many tasks read; there is one split, so it makes no difference."},
		{Name: "fields.*", Doc: "Settings of a column: fields.x.kind (random, sequence), min, max, length, var-len, max-past, null-rate, start, end; of what is inside: fields.x.element.min, fields.x.key.length, fields.x.value.max, and the names of a ROW's fields."},
	}
}

type source struct {
	columns []column
	rate    float64
	rows    int64 // math.MaxInt64: no end
}

func newSource(t connector.Table) (connector.Source, error) {
	s := &source{rate: t.Options.Float("rows-per-second"), rows: math.MaxInt64}
	if t.Options.Has("number-of-rows") {
		s.rows = t.Options.Int("number-of-rows")
	}
	if s.rate <= 0 || s.rows < 0 {
		return nil, fault.New(fault.Invalid, "connector datagen: rows-per-second must be above 0 and number-of-rows not below")
	}
	for name := range t.Options {
		// Also a sequence in a column that the query does not read ends the table.
		field, ok := strings.CutSuffix(strings.TrimPrefix(name, "fields."), ".kind")
		if !ok || t.Options[name] != "sequence" {
			continue
		}
		v := t.Options.Under("fields." + field + ".")
		start, end, err := bounds(field, v)
		if err != nil {
			return nil, err
		}
		if length := uint64(end) - uint64(start); length < uint64(s.rows) {
			s.rows = int64(length) + 1
		}
	}
	for i, f := range t.Schema.Fields {
		if _, meta := t.Meta[i]; meta {
			continue
		}
		c, err := newColumn(i, f, t.Options.Under("fields."+f.Name+"."))
		if err != nil {
			return nil, err
		}
		s.columns = append(s.columns, c)
	}
	return s, nil
}

func bounds(field string, v option.Values) (start, end int64, err error) {
	start, err1 := strconv.ParseInt(v["start"], 10, 64)
	end, err2 := strconv.ParseInt(v["end"], 10, 64)
	if err1 != nil || err2 != nil || end < start {
		return 0, 0, fault.New(fault.Invalid, "connector datagen: the sequence of column %q has start %q and end %q", field, v["start"], v["end"]).
			WithHint("set fields.%s.start and fields.%s.end to integers", field, field)
	}
	return start, end, nil
}

// Splits implements connector.Source.
func (s *source) Splits(context.Context) ([]connector.Split, error) {
	return []connector.Split{"rows"}, nil
}

// Open implements connector.Source.
func (s *source) Open(_ context.Context, _ connector.Split, from connector.Offset, _ format.Decoder) (connector.Reader, error) {
	r := &reader{source: s, began: time.Now()}
	if from == "" {
		var seed [8]byte
		rand.Read(seed[:])
		r.seed = binary.LittleEndian.Uint64(seed[:])
		return r, nil
	}
	if _, err := fmt.Sscanf(string(from), "%d:%x", &r.row, &r.seed); err != nil || r.row < 0 {
		return nil, fault.New(fault.Corrupt, "open datagen: offset %q is no row and seed", from)
	}
	return r, nil
}

// Close implements connector.Source.
func (s *source) Close() error { return nil }

type reader struct {
	*source
	seed  uint64
	row   int64 // the next one
	began time.Time
	made  int64 // since began
}

// Read implements connector.Reader.
func (r *reader) Read(ctx context.Context, dst *connector.Rows) error {
	if r.row >= r.rows {
		return io.EOF
	}
	began := time.Now()
	due, err := r.due(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	dst.Waited = now.Sub(began)
	for n := min(due, r.rows-r.row, int64(dst.Free())); n > 0; n-- {
		for i := range r.columns {
			c := &r.columns[i]
			c.set(dst.Builder, r.row, draw(r.seed, r.row, c.index), now)
		}
		dst.EndRow(vec.Insert)
		r.row++
		r.made++
	}
	dst.Newest = now
	if r.row >= r.rows {
		return io.EOF
	}
	return nil
}

// due is how many rows the rate allows, after waiting for the first of them, though not for long.
func (r *reader) due(ctx context.Context) (int64, error) {
	// 1e18 keeps what a rate and a long time give within an int64.
	allowed := func() int64 { return int64(min(time.Since(r.began).Seconds()*r.rate, 1e18)) + 1 - r.made }
	if n := allowed(); n > 0 {
		return n, ctx.Err()
	}
	wait := r.began.Add(time.Duration(float64(r.made)/r.rate*float64(time.Second)) + time.Microsecond)
	timer := time.NewTimer(min(time.Until(wait), connector.MaxWait))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-timer.C:
		return allowed(), nil
	}
}

// Offset implements connector.Reader.
func (r *reader) Offset() connector.Offset {
	return connector.Offset(fmt.Sprintf("%d:%x", r.row, r.seed))
}

// Lag implements connector.Reader: rows are made when they are due.
func (r *reader) Lag() int64 { return 0 }

// Close implements connector.Reader.
func (r *reader) Close() error { return nil }

// draw returns the random bits of a value (splitmix64, https://prng.di.unimi.it/splitmix64.c).
func draw(seed uint64, row int64, column int) uint64 {
	return mix(mix(seed^uint64(row)) + uint64(column))
}

func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
