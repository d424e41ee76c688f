package function

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"millrace/schema"
	"millrace/vec"
)

// apply calls a kernel as the engine does.
func apply(o *Overload, c *Call, args []*vec.Column, rows vec.Rows, dst *vec.Column) error {
	dst.Reset(o.Result, rows.N)
	if !o.Lenient {
		for _, a := range args {
			if a.Valid != nil {
				valid := dst.NeedValid(rows.N)
				for i := range valid {
					valid[i] &= a.Valid[i]
				}
			}
		}
	}
	c.Rows = rows
	return o.Kernel(c, args, dst)
}

// sampleTypes are what the functions are tried with; texts of their values come from sampleText.
var sampleTypes = []schema.Type{
	schema.Of(schema.Boolean), tinyint, integer32, bigint, float32s, double, decimalType(9, 2), varchar, schema.Of(schema.VarBinary),
	schema.Of(schema.Date), timestamp3, schema.Of(schema.TimestampLTZ), schema.Of(schema.IntervalDay), schema.Of(schema.IntervalMonth),
}

func sampleText(r *rand.Rand, t schema.Type) string {
	switch {
	case r.IntN(6) == 0:
		return "NULL"
	case t.ID == schema.Boolean:
		return strconv.FormatBool(r.IntN(2) == 0)
	case t.IsNumeric() || t.IsInterval():
		return strconv.Itoa(r.IntN(7) - 2)
	case t.ID == schema.Date:
		return fmt.Sprintf("2024-%02d-%02d", 1+r.IntN(12), 1+r.IntN(28))
	case t.IsInstant():
		return fmt.Sprintf("2024-%02d-%02d 12:%02d:%02d.5", 1+r.IntN(12), 1+r.IntN(28), r.IntN(60), r.IntN(60))
	}
	return []string{"", "a", "abc", "h\u00e9llo", "12", "-1.5", "2024-05-01", "DAY", "%b_", "true"}[r.IntN(10)]
}

const sampleRows = 130

func sampleColumn(r *rand.Rand, t schema.Type) *vec.Column {
	texts := make([]string, sampleRows)
	for i := range texts {
		texts[i] = sampleText(r, t)
	}
	if t.IsInterval() { // there is no cast from text
		c := columnOf(bigint, texts...)
		out := &vec.Column{}
		o, err := Cast(bigint, t)
		if err != nil {
			panic(err)
		}
		if err := apply(o, &Call{}, []*vec.Column{c}, vec.Rows{N: sampleRows}, out); err != nil {
			panic(err)
		}
		return out
	}
	return columnOf(t, texts...)
}

// overloads binds every function for all combinations of up to three sample types, and all casts
// between them.
func overloads(yield func(name string, o *Overload)) {
	keywords := []string{"DAY", "BOTH", "MONTH"}
	for _, f := range All() {
		if f.Volatile || f.Name == "CAST" || f.Name == "TRY_CAST" {
			continue
		}
		for _, a := range sampleTypes {
			try(f, yield, Arg{Type: a})
			for _, b := range sampleTypes {
				try(f, yield, Arg{Type: a}, Arg{Type: b})
				if a.IsString() || b.IsString() || a.IsInteger() && b.IsInteger() {
					try(f, yield, Arg{Type: a}, Arg{Type: b}, Arg{Type: varchar})
					try(f, yield, Arg{Type: a}, Arg{Type: b}, Arg{Type: integer32})
				}
				for _, k := range keywords {
					word := Arg{Type: char(int32(len(k))).Required(), Const: &vec.Value{S: k}}
					try(f, yield, word, Arg{Type: a}, Arg{Type: b})
				}
			}
			for _, k := range keywords {
				word := Arg{Type: char(int32(len(k))).Required(), Const: &vec.Value{S: k}}
				try(f, yield, word, Arg{Type: a})
				try(f, yield, Arg{Type: a}, word)
			}
		}
	}
	for _, from := range sampleTypes {
		for _, to := range append([]schema.Type{char(2), schema.Of(schema.Time), decimalType(4, 1), schema.Of(schema.Timestamp).WithPrecision(9)}, sampleTypes...) {
			if o, err := Cast(from, to); err == nil {
				yield("CAST to "+to.String(), o)
			}
			if o, err := TryCast(from, to); err == nil {
				yield("TRY_CAST to "+to.String(), o)
			}
		}
	}
}

func try(f Scalar, yield func(string, *Overload), args ...Arg) {
	if o, err := f.Bind(args); err == nil {
		yield(f.Name, o)
	}
}

// TestKernelsTreatRowsAlike computes every overload row by row, all at once and for selections, and
// wants the same answers; and no error of a row that is not named.
func TestKernelsTreatRowsAlike(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	pool := map[string][]*vec.Column{}
	for _, ty := range sampleTypes {
		for range 3 {
			pool[ty.String()] = append(pool[ty.String()], sampleColumn(r, ty))
		}
	}
	tried := map[string]bool{}
	overloads(func(name string, o *Overload) {
		args := make([]*vec.Column, len(o.Args))
		for i, a := range o.Args {
			cols := pool[a.Nullable().String()]
			if cols == nil {
				pool[a.Nullable().String()] = []*vec.Column{castSample(r, a)}
				cols = pool[a.Nullable().String()]
			}
			args[i] = cols[i%len(cols)]
		}
		alike(t, fmt.Sprintf("%s%v", name, o.Args), o, args)
		tried[name] = true
	})
	if len(tried) < 120 {
		t.Errorf("only %d functions were tried", len(tried))
	}
}

// castSample makes a column of a type that is no sample type.
func castSample(r *rand.Rand, to schema.Type) *vec.Column {
	from := varchar
	if to.IsNumeric() {
		from = integer32
	}
	if to.IsInstant() {
		from = timestamp3
	}
	o, err := Cast(from, to)
	if err != nil {
		panic(err)
	}
	dst := &vec.Column{}
	if err := apply(o, &Call{}, []*vec.Column{sampleColumn(r, from)}, vec.Rows{N: sampleRows}, dst); err != nil {
		panic(err)
	}
	return dst
}

func alike(t *testing.T, name string, o *Overload, args []*vec.Column) {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	c := &Call{Zone: zone, Now: time.Unix(1, 0)}
	var one, all vec.Column
	want := make([]string, sampleRows)
	sound := []int32{}
	for i := range want {
		if err := apply(o, c, args, vec.Rows{N: sampleRows, Sel: []int32{int32(i)}}, &one); err == nil {
			want[i] = string(AppendText(nil, &one, i, zone))
			sound = append(sound, int32(i))
		} else if err.Error() == "" || strings.HasPrefix(err.Error(), "panic") {
			t.Fatalf("%s: %v", name, err)
		}
	}
	compare := func(rows vec.Rows) {
		t.Helper()
		if err := apply(o, c, args, rows, &all); err != nil {
			t.Fatalf("%s fails for a row that is not named: %v", name, err)
		}
		for k := range rows.Len() {
			i := rows.At(k)
			if got := string(AppendText(nil, &all, i, zone)); got != want[i] {
				t.Fatalf("%s in row %d of %d is %s, alone %s", name, i, rows.Len(), got, want[i])
			}
		}
	}
	if len(sound) == sampleRows {
		compare(vec.Rows{N: sampleRows})
	}
	compare(vec.Rows{N: sampleRows, Sel: sound})
	few := []int32{}
	for k := 0; k < len(sound); k += 11 {
		few = append(few, sound[k])
	}
	compare(vec.Rows{N: sampleRows, Sel: few})
}

// allocating are the functions whose library calls allocate, or that make an error or a text of
// their own in each row.
var allocating = map[string]bool{
	"REGEXP": true, "SIMILAR TO": true, "REGEXP_EXTRACT": true, "REGEXP_REPLACE": true, "REGEXP_COUNT": true, "REGEXP_INSTR": true, "REGEXP_SUBSTR": true,
	"URL_DECODE": true, "ENCODE": true, "DECODE": true, "UNHEX": true, "CONVERT_TZ": true, "TO_TIMESTAMP_LTZ": true, "LIKE": true, "DATE_FORMAT": true, "TO_TIMESTAMP": true,
	"TO_DATE": true, "FROM_UNIXTIME": true, "SPLIT_INDEX": true, "FROM_BASE64": true, "PRINTF": true, "ARRAY": true, "MAP": true, "REGEXP_EXTRACT_ALL": true, "SPLIT": true, "STR_TO_MAP": true,
	"JSON_EXISTS": true, "JSON_VALUE": true, "JSON_QUERY": true, "JSON_OBJECT": true, "JSON_ARRAY": true, "JSON_STRING": true, "JSON_UNQUOTE": true,
	"IS JSON": true, "IS JSON VALUE": true, "IS JSON SCALAR": true, "IS JSON ARRAY": true, "IS JSON OBJECT": true,
	"IS NOT JSON": true, "IS NOT JSON VALUE": true, "IS NOT JSON SCALAR": true, "IS NOT JSON ARRAY": true, "IS NOT JSON OBJECT": true,
}

func TestKernelsAllocateNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	pool := map[string]*vec.Column{}
	overloads(func(name string, o *Overload) {
		if allocating[name] || strings.Contains(name, "CAST to") && len(o.Args) > 0 && (o.Args[0].IsString() || strings.Contains(name, "(9)")) {
			return
		}
		args := make([]*vec.Column, len(o.Args))
		for i, a := range o.Args {
			key := a.Nullable().String()
			if pool[key] == nil {
				pool[key] = castOrSample(r, a)
			}
			args[i] = pool[key]
		}
		var dst vec.Column
		c := &Call{Zone: time.UTC}
		failed := false
		once := func() { failed = failed || apply(o, c, args, vec.Rows{N: sampleRows}, &dst) != nil }
		for range 3 {
			once()
		}
		if failed {
			return
		}
		if n := testing.AllocsPerRun(3, once); n != 0 {
			t.Errorf("%s%v: %v allocations a batch", name, o.Args, n)
		}
	})
}

func castOrSample(r *rand.Rand, a schema.Type) *vec.Column {
	for _, s := range sampleTypes {
		if schema.Same(s, a) {
			return sampleColumn(r, a)
		}
	}
	return castSample(r, a)
}

// TestReadingAllocatesNothing casts texts that are sound, by constant patterns too.
func TestReadingAllocatesNothing(t *testing.T) {
	f := func(o *Overload, texts ...string) {
		t.Helper()
		args := []*vec.Column{columnOf(varchar, texts...)}
		var dst vec.Column
		c := &Call{Zone: time.UTC}
		once := func() {
			if err := apply(o, c, args, vec.Rows{N: len(texts)}, &dst); err != nil {
				t.Fatal(err)
			}
		}
		once()
		if n := testing.AllocsPerRun(10, once); n != 0 {
			t.Errorf("%s of %v: %v allocations a batch", o.Result, texts, n)
		}
		for i := range texts {
			if dst.IsNull(i) {
				t.Errorf("%q as %s is NULL", texts[i], o.Result)
			}
		}
	}
	cast := func(to schema.Type, texts ...string) {
		t.Helper()
		o, err := Cast(varchar, to)
		if err != nil {
			t.Fatal(err)
		}
		f(o, texts...)
	}
	cast(integer32, " 12 ", "-7", "3.75")
	cast(double, "12.5", "-1e300", "NaN", "3d")
	cast(decimalType(20, 4), "12.5", "-1e10", "123456789.123456789")
	cast(schema.Of(schema.Boolean), "true", "F", "Yes", "0")
	cast(schema.Of(schema.Date), "2024-05-01", "2024-5-1 12:00:00")
	cast(schema.Of(schema.Time), "12:34:56", "1:2")
	cast(timestamp3, "2024-05-01 12:34:56.789", "2024-5-1 1:2:3")
	cast(schema.Of(schema.TimestampLTZ), "2024-05-01 12:34:56.789")
	cast(char(3), "abcd", "a", "h\u00e9llo")
	for name, texts := range map[string][]string{"TO_TIMESTAMP": {"01.05.2024 12:34"}, "TO_DATE": {"31.12.2024 00:00"}} {
		fn, _ := NewSet().Scalar(name)
		pattern := Arg{Type: varchar, Const: &vec.Value{S: "dd.MM.yyyy HH:mm"}}
		o, err := fn.Bind([]Arg{{Type: varchar}, pattern})
		if err != nil {
			t.Fatal(err)
		}
		f(o, texts...)
	}
}
