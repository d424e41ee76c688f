package wasm_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/wasm"
	"millrace/sql/wasm/wasmtest"
	"millrace/vec"
)

func limits() wasm.Limits {
	return wasm.Limits{Memory: 4 << 20, Call: 100 * time.Millisecond, Module: 1 << 20}
}

func big() schema.Type  { return schema.Of(schema.BigInt) }
func text() schema.Type { return schema.Of(schema.VarChar) }

func signature(export string, result schema.Type, args ...schema.Type) wasm.Signature {
	return wasm.Signature{Name: "f", Export: export, Args: args, Result: result}
}

func open(t *testing.T, s wasm.Signature) function.Kernel {
	t.Helper()
	f, err := wasm.NewHost(limits()).Function(wasmtest.Sample(), s)
	if err != nil {
		t.Fatal(err)
	}
	kernel, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	return kernel
}

// column returns a column of values; nil is NULL.
func column(of schema.Type, values ...any) *vec.Column {
	var c vec.Column
	c.Reset(of, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case nil:
			c.SetNull(i, len(values))
		case int:
			c.I64[i] = int64(v)
		case float64:
			c.F64[i] = v
		case string:
			c.AppendString(i, v)
		}
		if v == nil && c.Layout() == vec.LayoutBytes {
			c.AppendString(i, "")
		}
	}
	return &c
}

// answers calls a kernel as operators do and returns what they would read.
func answers(t *testing.T, kernel function.Kernel, s wasm.Signature, args ...*vec.Column) ([]vec.Value, error) {
	t.Helper()
	n := 0
	if len(args) > 0 {
		n = len(args[0].I64)
		if args[0].Layout() == vec.LayoutBytes {
			n = len(args[0].Off) - 1
		} else if args[0].Layout() == vec.LayoutF64 {
			n = len(args[0].F64)
		}
	}
	var dst vec.Column
	dst.Reset(s.Result, n)
	for i := range n {
		for _, a := range args {
			if !s.OnNull && a.IsNull(i) {
				dst.SetNull(i, n)
			}
		}
	}
	if err := kernel(&function.Call{Rows: vec.Rows{N: n}}, args, &dst); err != nil {
		return nil, err
	}
	var out []vec.Value
	for i := range n {
		out = append(out, vec.At(&dst, i))
	}
	return out, nil
}

func TestAnswers(t *testing.T) {
	null := vec.Value{Null: true}
	number := func(n int64) vec.Value { return vec.Value{I: n} }
	f := func(s wasm.Signature, want []vec.Value, args ...*vec.Column) {
		t.Helper()
		got, err := answers(t, open(t, s), s, args...)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s.Export, diff)
		}
	}
	f(signature("add", big(), big(), big()), []vec.Value{number(11), null, number(-1)}, column(big(), 1, nil, -3), column(big(), 10, 5, 2))
	double := schema.Of(schema.Double)
	f(signature("half", double, double), []vec.Value{{F: 1.25}, null}, column(double, 2.5, nil))
	long := strings.Repeat("ab", 50_000)
	f(signature("upper", text(), text()), []vec.Value{{S: "ABC-Ä"}, null, {}, {S: strings.ToUpper(long)}, {S: "X"}},
		column(text(), "abc-Ä", nil, "", long, "x"))
	f(signature("positive", big(), big()), []vec.Value{number(5), null, null}, column(big(), 5, -5, nil))
	orZero := signature("or_zero", big(), big())
	orZero.OnNull = true
	f(orZero, []vec.Value{number(7), number(0)}, column(big(), 7, nil))
}

func TestInstancesAreTheirOwn(t *testing.T) {
	s := signature("count", big(), big())
	fn, err := wasm.NewHost(limits()).Function(wasmtest.Sample(), s)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		kernel, err := fn.Open()
		if err != nil {
			t.Fatal(err)
		}
		for i := range int64(2) {
			got, err := answers(t, kernel, s, column(big(), 0))
			if want := []vec.Value{{I: i + 1}}; err != nil || !cmp.Equal(want, got) {
				t.Fatalf("call %d: %v, %v, want %v", i, got, err, want)
			}
		}
	}
}

func TestCallsThatGoWrong(t *testing.T) {
	f := func(s wasm.Signature, want string, args ...*vec.Column) {
		t.Helper()
		_, err := answers(t, open(t, s), s, args...)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "function f: ") {
			t.Errorf("%s: error %v, want %q", s.Export, err, want)
		}
	}
	one := column(big(), 1)
	f(signature("forever", big(), big()), "took longer than 100ms", one)
	f(signature("greedy", big(), big()), "unreachable", one)
	f(signature("fails", big(), big()), "no good", one)
	f(signature("broken", text(), text()), "outside of its memory", column(text(), "x"))
	f(signature("positive", big().Required(), big()), "declared NOT NULL", column(big(), -1))
	f(signature("upper", text(), text()), "no room", column(text(), strings.Repeat("x", 3<<20)))
	f(signature("upper", text(), text()), "more than its memory", column(text(), strings.Repeat("x", 5<<20)))
}

// TestTimeIsThatOfACall: a batch may take longer than a call.
func TestTimeIsThatOfACall(t *testing.T) {
	s := signature("add", big(), big(), big())
	kernel := open(t, s)
	n := 1 << 16
	for {
		in := &vec.Column{}
		in.Reset(big(), n)
		clear(in.I64)
		begin := time.Now()
		if _, err := answers(t, kernel, s, in, in); err != nil {
			t.Fatal(err)
		}
		if time.Since(begin) > 3*limits().Call {
			return
		}
		n *= 2
	}
}

func TestModulesThatAreRefused(t *testing.T) {
	add := signature("add", big(), big(), big())
	plain := wasmtest.Func{Name: "add", Params: []byte{wasmtest.I64, wasmtest.I64}, Results: []byte{wasmtest.I64}, Code: []byte{0x20, 0}}
	loop := wasmtest.Func{Name: "go", Code: []byte{0x03, 0x40, 0x0c, 0, 0x0b}}
	f := func(module []byte, s wasm.Signature, want string) {
		t.Helper()
		fn, err := wasm.NewHost(limits()).Function(module, s)
		if err == nil {
			_, err = fn.Open()
		}
		if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want invalid with %q", err, want)
		}
	}
	f(nil, add, "no WebAssembly module")
	f(wasmtest.Sample()[:100], add, "cut off")
	f([]byte("\x00asm\x01\x00\x00\x00\x63\x00"), add, "compile the module")
	f(make([]byte, 2<<20), add, "more than 1048576")
	f(wasmtest.Sample(), signature("nothing", big()), `does not export a function "nothing"`)
	f(wasmtest.Sample(), signature("add", big(), big()), "add is (i64, i64) -> (i64)")
	f(wasmtest.Sample(), signature("add", schema.Of(schema.Decimal), big()), "no form for")
	f(wasmtest.Module{Pages: 1, Funcs: []wasmtest.Func{{Name: "f", Params: []byte{wasmtest.I32, wasmtest.I32}, Results: []byte{wasmtest.I64}, Code: []byte{0x42, 0}}}}.Bytes(),
		signature("f", text(), text()), "does not export alloc")
	f(wasmtest.Module{Pages: 1000, Funcs: []wasmtest.Func{plain}}.Bytes(), add, "over limit")
	f(wasmtest.Module{Pages: 1, Table: []uint64{1 << 20, 1 << 20}, Funcs: []wasmtest.Func{plain}}.Bytes(), add, "a table of 1048576 entries")
	f(wasmtest.Module{Pages: 1, Table: []uint64{1}, Funcs: []wasmtest.Func{plain}}.Bytes(), add, "may grow without end")
	f(wasmtest.Module{Pages: 1, Funcs: []wasmtest.Func{{From: "wasi_snapshot_preview1", Name: "proc_exit", Params: []byte{wasmtest.I32}}, plain}}.Bytes(),
		add, "imports wasi_snapshot_preview1.proc_exit")
	f(wasmtest.Module{Pages: 1, Funcs: []wasmtest.Func{plain, loop}, Start: "go"}.Bytes(), add, "took longer")
}

func TestRead(t *testing.T) {
	module, err := wasm.Read(wasmtest.Inline(wasmtest.Sample()), nil)
	if err != nil || !cmp.Equal(module, wasmtest.Sample()) {
		t.Errorf("an inline module: %d bytes, %v", len(module), err)
	}
	for name, kind := range map[string]fault.Kind{"data:x": fault.Invalid, "data:application/wasm;base64,?": fault.Invalid, "/etc/passwd": fault.Denied} {
		if _, err := wasm.Read(name, nil); !errors.Is(err, kind) {
			t.Errorf("Read(%q): %v, want %s", name, err, kind)
		}
	}
}

// FuzzModule looks for modules that make more than an error.
func FuzzModule(f *testing.F) {
	f.Add(wasmtest.Sample())
	f.Add(wasmtest.Module{Pages: 1, Table: []uint64{1}}.Bytes())
	f.Fuzz(func(t *testing.T, module []byte) {
		s := signature("add", big(), big(), big())
		fn, err := wasm.NewHost(wasm.Limits{Memory: 1 << 20, Call: 10 * time.Millisecond, Module: 1 << 16}).Function(module, s)
		if err != nil {
			return
		}
		kernel, err := fn.Open()
		if err != nil {
			return
		}
		_, _ = answers(t, kernel, s, column(big(), 1), column(big(), 2))
	})
}

func BenchmarkAdd(b *testing.B) {
	s := signature("add", big(), big(), big())
	f, err := wasm.NewHost(limits()).Function(wasmtest.Sample(), s)
	if err != nil {
		b.Fatal(err)
	}
	kernel, err := f.Open()
	if err != nil {
		b.Fatal(err)
	}
	values := make([]any, vec.MaxRows)
	for i := range values {
		values[i] = i
	}
	in := column(big(), values...)
	var dst vec.Column
	b.ReportAllocs()
	for b.Loop() {
		dst.Reset(s.Result, vec.MaxRows)
		if err := kernel(&function.Call{Rows: vec.Rows{N: vec.MaxRows}}, []*vec.Column{in, in}, &dst); err != nil {
			b.Fatal(err)
		}
	}
}
