package op_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"millrace/engine/op"
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// call builds a call of a function over expressions.
func call(t testing.TB, name string, args ...plan.Expr) plan.Expr {
	t.Helper()
	f, ok := function.NewSet().Scalar(name)
	if !ok {
		t.Fatalf("no function %s", name)
	}
	given := make([]function.Arg, len(args))
	for i, a := range args {
		given[i].Type = a.Type()
		if lit, ok := a.(*plan.Literal); ok {
			given[i].Const = &lit.Value
		}
	}
	o, err := f.Bind(given)
	if err != nil {
		t.Fatal(err)
	}
	for i := range o.Args {
		if schema.Same(o.Args[i], args[i].Type()) {
			continue
		}
		cast, err := function.Cast(args[i].Type(), o.Args[i])
		if err != nil {
			t.Fatal(err)
		}
		c, _ := function.NewSet().Scalar("CAST")
		args[i] = &plan.Call{Func: c, Overload: cast, Args: []plan.Expr{args[i]}}
	}
	return &plan.Call{Func: f, Overload: o, Args: args}
}

func column(i int, t schema.Type) plan.Expr { return &plan.Column{Index: i, Name: "c", Of: t} }

func double(v float64) plan.Expr {
	return &plan.Literal{Value: vec.Value{F: v}, Of: schema.Of(schema.Double).Required()}
}

func integer(v int64) plan.Expr {
	return &plan.Literal{Value: vec.Value{I: v}, Of: schema.Of(schema.Int).Required()}
}

func text(s string) plan.Expr {
	return &plan.Literal{Value: vec.Value{S: s}, Of: schema.Of(schema.Char).WithPrecision(int32(len(s))).Required()}
}

// sensors returns n rows of (id STRING, temperature DOUBLE, n INT), every 20th temperature NULL.
func sensors(n int) *vec.Batch {
	s := schema.New(
		schema.Field{Name: "id", Type: schema.Of(schema.VarChar)},
		schema.Field{Name: "temperature", Type: schema.Of(schema.Double)},
		schema.Field{Name: "n", Type: schema.Of(schema.Int)},
	)
	b := vec.NewBuilder(s)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		b.SetString(0, "s"+string(rune('a'+i%26)))
		if i%20 != 0 {
			b.SetF64(1, math.Round(r.Float64()*1000)/10)
		}
		b.SetInt(2, int64(i%7))
		b.EndRow(vec.Insert)
	}
	return b.Batch()
}

// drain takes what an operator emits and forgets it.
type drain struct{ rows int }

func (d *drain) Emit(b *vec.Batch) error { d.rows += b.Rows().Len(); return nil }

func utc() *function.Call { return &function.Call{Zone: time.UTC, Now: time.Unix(1, 0)} }

func celsius(t testing.TB) plan.Expr {
	x := call(t, "-", column(1, schema.Of(schema.Double)), double(32))
	return call(t, "/", call(t, "*", x, double(5)), double(9))
}

func BenchmarkCelsius(b *testing.B) {
	eval, err := op.Compile(celsius(b))
	if err != nil {
		b.Fatal(err)
	}
	benchmarkEval(b, eval)
}

func BenchmarkCompare(b *testing.B) {
	eval, err := op.Compile(call(b, ">", column(1, schema.Of(schema.Double)), double(50)))
	if err != nil {
		b.Fatal(err)
	}
	benchmarkEval(b, eval)
}

func BenchmarkLike(b *testing.B) {
	eval, err := op.Compile(call(b, "LIKE", column(0, schema.Of(schema.VarChar)), text("s%b")))
	if err != nil {
		b.Fatal(err)
	}
	benchmarkEval(b, eval)
}

func BenchmarkToText(b *testing.B) {
	cast, err := function.Cast(schema.Of(schema.Double), schema.Of(schema.VarChar))
	if err != nil {
		b.Fatal(err)
	}
	f, _ := function.NewSet().Scalar("CAST")
	eval, err := op.Compile(&plan.Call{Func: f, Overload: cast, Args: []plan.Expr{column(1, schema.Of(schema.Double))}})
	if err != nil {
		b.Fatal(err)
	}
	benchmarkEval(b, eval)
}

func benchmarkEval(b *testing.B, eval op.Eval) {
	batch, c := sensors(vec.MaxRows), utc()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := eval.Eval(c, batch, batch.Rows()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/vec.MaxRows, "ns/row")
}

func BenchmarkFilterAndProject(b *testing.B) {
	c := utc()
	cond := &plan.Logic{Args: []plan.Expr{
		call(b, ">", column(1, schema.Of(schema.Double)), double(10)),
		call(b, "<", column(1, schema.Of(schema.Double)), double(90)),
	}}
	f, err := op.NewFilter(cond, c)
	if err != nil {
		b.Fatal(err)
	}
	out := schema.New(schema.Field{Name: "id", Type: schema.Of(schema.VarChar)}, schema.Field{Name: "celsius", Type: schema.Of(schema.Double)})
	p, err := op.NewProject([]plan.Expr{column(0, schema.Of(schema.VarChar)), celsius(b)}, out, c)
	if err != nil {
		b.Fatal(err)
	}
	batch := sensors(vec.MaxRows)
	var d drain
	chain := &next{p, &d}
	b.ReportAllocs()
	for b.Loop() {
		if err := f.Process(batch, chain); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/vec.MaxRows, "ns/row")
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	c := utc()
	id, temperature, n := column(0, schema.Of(schema.VarChar)), column(1, schema.Of(schema.Double)), column(2, schema.Of(schema.Int))
	exprs := []plan.Expr{
		id, celsius(t), call(t, "||", id, text("!")), call(t, "UPPER", id), call(t, "IN", n, integer(1), integer(2)),
		call(t, "LIKE", id, text("s_")), call(t, "+", n, call(t, "%", n, integer(5))), call(t, "CURRENT_TIMESTAMP"), call(t, "IS NULL", temperature),
		&plan.Case{When: []plan.Expr{call(t, ">", n, integer(3))}, Then: []plan.Expr{id}, Else: text("?"), Of: schema.Of(schema.VarChar)},
		&plan.Logic{Or: true, Args: []plan.Expr{call(t, ">", n, integer(3)), call(t, "<", temperature, double(50))}},
	}
	fields := make([]schema.Field, len(exprs))
	for i, e := range exprs {
		fields[i] = schema.Field{Name: string(rune('a' + i)), Type: e.Type()}
	}
	f, err := op.NewFilter(&plan.Logic{Args: []plan.Expr{
		call(t, ">", temperature, double(20)), call(t, "<>", id, text("sb")),
	}}, c)
	if err != nil {
		t.Fatal(err)
	}
	p, err := op.NewProject(exprs, schema.New(fields...), c)
	if err != nil {
		t.Fatal(err)
	}
	batch := sensors(vec.MaxRows)
	var d drain
	chain := &next{p, &d}
	once := func() {
		if err := f.Process(batch, chain); err != nil {
			t.Fatal(err)
		}
	}
	once()
	if n := testing.AllocsPerRun(20, once); n != 0 {
		t.Errorf("%v allocations a batch", n)
	}
	if d.rows == 0 {
		t.Error("no rows came")
	}
}

// TestProjectPassesColumnsOn shows that a plain column is not copied.
func TestProjectPassesColumnsOn(t *testing.T) {
	batch := sensors(10)
	batch.Sel = []int32{1, 4}
	p, err := op.NewProject([]plan.Expr{column(1, schema.Of(schema.Double))}, schema.New(schema.Field{Name: "x", Type: schema.Of(schema.Double)}), utc())
	if err != nil {
		t.Fatal(err)
	}
	err = p.Process(batch, emit(func(b *vec.Batch) {
		if &b.Cols[0].F64[0] != &batch.Cols[1].F64[0] || len(b.Sel) != 2 || b.N != 10 {
			t.Errorf("the column was copied, or the selection lost: %d rows of %v", b.N, b.Sel)
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
}

type emit func(*vec.Batch)

func (f emit) Emit(b *vec.Batch) error { f(b); return nil }
