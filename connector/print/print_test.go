package print

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"millrace/connector"
	"millrace/fault"
	"millrace/format/formattest"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

func printed(t *testing.T, opts option.Values, task connector.Task, b *vec.Batch) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	spec := Spec(&out, &errs)
	v, err := option.Check("connector print", spec.Options, opts)
	if err != nil {
		t.Fatal(err)
	}
	s, err := spec.Sink(connector.Table{Schema: b.Schema, Options: v})
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Open(t.Context(), task, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(t.Context(), b), w.Flush(t.Context()), w.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	return out.String(), errs.String()
}

func TestEveryType(t *testing.T) {
	got, _ := printed(t, nil, connector.Task{Of: 1}, formattest.Everything())
	lines := strings.Split(got, "\n")
	if want := "+I[ann, abc, true, 1, 2, 3, 4, 1.5, 25.0, 12.34, 1E-18, [98, 121, 116, 101, 115], 2026-11-20, 10:00:00.123, " +
		"2026-11-20T10:00:00.123, 2026-11-20T10:00:00.123456, 2026-11-20T10:00:00.123456789, 2026-11-20T10:00:00Z]"; lines[0] != want {
		t.Errorf("printed\n%s\nwant\n%s", lines[0], want)
	}
	if want := "+I[" + strings.Repeat("null, ", 17) + "null]"; lines[len(lines)-2] != want {
		t.Errorf("printed\n%s\nwant\n%s", lines[len(lines)-2], want)
	}
}

func TestNested(t *testing.T) {
	text, integer := schema.Field{Name: "s", Type: schema.Of(schema.VarChar)}, schema.Field{Name: "n", Type: schema.Of(schema.Int)}
	row := schema.Field{Name: "r", Type: schema.Type{ID: schema.Row, Fields: []schema.Field{text, integer}}}
	list := func(id schema.TypeID, parts ...schema.Field) schema.Type { return schema.Type{ID: id, Fields: parts} }
	s, n := vec.Value{S: "a"}, vec.Value{I: 7}
	b := formattest.Nested([]schema.Type{list(schema.Array, row), list(schema.Map, text, row), list(schema.Multiset, text), row.Type},
		[]any{[]any{[]any{s, nil}, nil}, []any{formattest.Pair{Key: s, Value: []any{s, n}}}, []any{formattest.Pair{Key: s, Value: n}}, []any{nil, n}},
		[]any{[]any{}, nil, []any{}, nil})
	got, _ := printed(t, nil, connector.Task{Of: 1}, b)
	if want := "+I[[+I[a, null], null], {a=+I[a, 7]}, {a=7}, +I[null, 7]]\n+I[[], null, {}, null]\n"; got != want {
		t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
}

func TestKindsPrefixesAndSelection(t *testing.T) {
	b := vec.NewBuilder(schema.New(schema.Field{Name: "n", Type: schema.Of(schema.Int)}, schema.Field{Name: "m", Type: schema.Of(schema.IntervalMonth)}, schema.Field{Name: "d", Type: schema.Of(schema.IntervalDay)}))
	for i, kind := range []vec.RowKind{vec.Insert, vec.UpdateBefore, vec.UpdateAfter, vec.Delete} {
		b.SetInt(0, int64(i))
		b.SetInt(1, int64(14*i))
		b.SetInt(2, int64(-93_784_500*i))
		b.EndRow(kind)
	}
	batch := b.Batch()
	batch.Sel = []int32{0, 1, 3}
	want := "+I[0, P0D, PT0S]\n-U[1, P1Y2M, PT-26H-3M-4.5S]\n-D[3, P3Y6M, PT-78H-9M-13.5S]\n"
	f := func(opts option.Values, of int, prefix string) {
		t.Helper()
		stdout, stderr := printed(t, opts, connector.Task{Index: 1, Of: of}, batch)
		lines := prefix + strings.ReplaceAll(strings.TrimSuffix(want, "\n"), "\n", "\n"+prefix) + "\n"
		got := stdout
		if opts.Bool("standard-error") {
			got = stderr
		}
		if got != lines || stdout+stderr != got {
			t.Errorf("printed\n%s\nwant\n%s", got, lines)
		}
	}
	f(nil, 1, "")
	f(nil, 2, "2> ")
	f(option.Values{"print-identifier": "stats"}, 1, "stats> ")
	f(option.Values{"print-identifier": "stats", "standard-error": "true"}, 3, "stats:2> ")
}

func TestBrokenOutputIsUnavailable(t *testing.T) {
	r, out := io.Pipe()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Spec(out, out).Sink(connector.Table{})
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Open(t.Context(), connector.Task{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(t.Context(), formattest.Everything()); !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}
