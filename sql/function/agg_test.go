package function

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"millrace/format"
	"millrace/schema"
	"millrace/vec"
)

// states makes the accumulators of an aggregate, as an operator does.
func states(o *AggregateOverload) []vec.Column {
	state := make([]vec.Column, len(o.State))
	for i, t := range o.State {
		state[i] = vec.NewColumn(t)
	}
	return state
}

func refs(cols []vec.Column) []*vec.Column {
	out := make([]*vec.Column, len(cols))
	for i := range cols {
		out[i] = &cols[i]
	}
	return out
}

// columnOf makes a column of type t from the texts of its values.
func columnOf(t schema.Type, texts ...string) *vec.Column {
	b := vec.NewBuilderSize(schema.New(schema.Field{Name: "x", Type: t}), max(len(texts), 1))
	for _, s := range texts {
		if s != "NULL" {
			v, err := Convert(vec.Value{S: s}, schema.Of(schema.VarChar), t)
			if err != nil {
				panic(err)
			}
			b.SetValue(0, v)
		}
		b.EndRow(vec.Insert)
	}
	c := b.Batch().Cols[0]
	return &c
}

func finish(t *testing.T, o *AggregateOverload, state []vec.Column, groups int) []string {
	t.Helper()
	var dst vec.Column
	dst.Reset(o.Result, groups)
	if err := o.Finish(state, vec.Rows{N: groups}, &dst); err != nil {
		t.Fatal(err)
	}
	out := make([]string, groups)
	for g := range out {
		out[g] = string(AppendText(nil, &dst, g, time.UTC))
	}
	return out
}

func bindAggregate(t *testing.T, name string, arg schema.Type) *AggregateOverload {
	t.Helper()
	a, ok := NewSet().Aggregate(name)
	if !ok {
		t.Fatalf("no aggregate %s", name)
	}
	o, err := a.Bind([]Arg{{Type: arg}})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestAggregates(t *testing.T) {
	f := func(name string, arg schema.Type, want string, values ...string) {
		t.Helper()
		o := bindAggregate(t, name, arg)
		col := columnOf(arg, values...)
		if !schema.Same(o.Args[0], arg) {
			col = columnOf(o.Args[0], values...)
		}
		state := states(o)
		o.Grow(state, 0, 2)
		groups := make([]int32, len(values))
		for i := range groups {
			groups[i] = 1
		}
		if err := o.Add(state, groups, []*vec.Column{col}, vec.Rows{N: len(values)}); err != nil {
			t.Fatal(err)
		}
		empty := "NULL"
		if name == "COUNT" {
			empty = "0"
		}
		if got := finish(t, o, state, 2); got[1] != want || got[0] != empty {
			t.Errorf("%s over %v is %v, want %s", name, values, got, want)
		}
	}
	f("COUNT", integer32, "2", "1", "NULL", "3")
	f("SUM", integer32, "6", "1", "NULL", "5")
	f("SUM", integer32, "-2", "2147483647", "2147483647")
	f("AVG", integer32, "2147483647", "2147483647", "2147483647")
	f("AVG", integer32, "1431655765", "2147483647", "2147483647", "1")
	f("SUM", tinyint, "-128", "127", "1")
	f("SUM", double, "1.5", "0.5", "1")
	f("SUM", float32s, "0.75", "0.5", "0.25")
	f("SUM", decimalType(5, 2), "1000.00", "999.99", "0.01")
	f("AVG", decimalType(5, 2), "0.333333", "1", "0", "0")
	f("AVG", double, "2.0", "1", "3", "NULL")
	f("AVG", integer32, "1", "1", "2")
	f("MIN", integer32, "-3", "5", "-3", "NULL", "4")
	f("MAX", integer32, "5", "5", "-3", "NULL", "4")
	f("MAX", double, "NaN", "1", "NaN", "2")
	f("MIN", double, "1.0", "NaN", "1", "2")
	f("MAX", varchar, "bb", "a", "bb", "b", "NULL")
	f("MIN", varchar, "a", "bb", "b", "a", "ab")
	f("MIN", timestamp3, "2023-01-01 00:00:00.000", "2024-01-01 00:00:00", "2023-01-01 00:00:00")
	f("MAX", decimalType(5, 2), "2.50", "-3", "2.5")
	f("MAX", schema.Of(schema.Boolean), "TRUE", "FALSE", "TRUE")
	f("FIRST_VALUE", varchar, "x", "NULL", "x", "yy")
	f("LAST_VALUE", varchar, "yy", "x", "yy", "NULL")
	f("LAST_VALUE", integer32, "2", "1", "2", "NULL")
	f("VAR_POP", double, "1.0", "1", "3")
	f("VAR_SAMP", double, "2.0", "1", "3")
	f("VAR_SAMP", double, "NULL", "1")
	f("STDDEV_SAMP", integer32, "4", "1", "5", "9")
	f("STDDEV_POP", decimalType(3, 1), "1.000000", "1", "3")
}

// TestAggregateExamples runs the examples: "SUM(x) over (1), (NULL) = 1".
func TestAggregateExamples(t *testing.T) {
	for _, a := range Aggregates() {
		at := strings.LastIndex(a.Example, " = ")
		list := strings.Split(a.Example[:at], " over ")
		if len(list) != 2 || a.Doc == "" {
			t.Errorf("%s: example %q", a.Name, a.Example)
			continue
		}
		var values [][]string // by argument
		for _, row := range strings.Split(strings.Trim(list[1], "()"), "), (") {
			for i, v := range strings.Split(row, ", ") {
				if i == len(values) {
					values = append(values, nil)
				}
				values[i] = append(values[i], strings.Trim(v, "'"))
			}
		}
		args := make([]Arg, len(values))
		for i, column := range values {
			first := column[0]
			switch _, err := strconv.ParseFloat(first, 64); {
			case err != nil:
				args[i].Type = varchar
			case strings.Contains(first+a.Example[at+3:], ".") && a.Name != "LISTAGG":
				args[i].Type = double
			default:
				args[i].Type = integer32
			}
		}
		if got, err := evaluate(a, args, values); err != nil || got != a.Example[at+3:] {
			t.Errorf("%s: got %s, %v", a.Example, got, err)
		}
	}
}

// evaluate returns the text of an aggregate over columns of texts.
func evaluate(a Aggregate, args []Arg, values [][]string) (string, error) {
	bind := a.Bind
	if a.BindJSON != nil {
		bind = func(args []Arg) (*AggregateOverload, error) { return a.BindJSON(args, JSONClauses{}) }
	}
	o, err := bind(args)
	if err != nil {
		return "", err
	}
	cols := make([]*vec.Column, len(o.Args))
	for i := range cols {
		cols[i] = columnOf(o.Args[i], values[i]...)
	}
	rows := len(values[0])
	if o.Add == nil {
		v := Kept{Counts: make([]int64, rows)}
		for _, c := range cols {
			v.Cols = append(v.Cols, *c)
		}
	rows:
		for i := range rows {
			if cols[0].IsNull(i) && !o.Keep.Nulls {
				continue
			}
			v.Counts[i] = 1
			for _, old := range v.Rows {
				if o.Keep.Bag && len(cols) == 1 && cols[0].Equal(int(old), cols[0], i) {
					v.Counts[old]++
					continue rows
				}
			}
			v.Rows = append(v.Rows, int32(i))
		}
		dst := vec.NewColumn(o.Result)
		if err := o.Keep.Make(v, &dst, 0); err != nil {
			return "", err
		}
		return string(AppendText(nil, &dst, 0, time.UTC)), nil
	}
	state := states(o)
	o.Grow(state, 0, 1)
	if err := o.Add(state, make([]int32, rows), cols, vec.Rows{N: rows}); err != nil {
		return "", err
	}
	var dst vec.Column
	dst.Reset(o.Result, 1)
	if err := o.Finish(state, vec.Rows{N: 1}, &dst); err != nil {
		return "", err
	}
	return string(AppendText(nil, &dst, 0, time.UTC)), nil
}

// TestRetract adds random rows and takes some of them back: the answer is that of the others.
func TestRetract(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const groups = 20
	for _, arg := range []schema.Type{integer32, bigint, double, decimalType(12, 3), smallint} {
		for _, a := range Aggregates() {
			if a.Bind == nil {
				continue
			}
			o, err := a.Bind([]Arg{{Type: arg}})
			if err != nil {
				continue
			}
			if o.Retracting != nil {
				o = o.Retracting
			}
			if o.Retract == nil {
				if o.Keep == nil {
					t.Errorf("%s(%s) can neither retract nor keep", a.Name, arg)
				}
				continue
			}
			both, rest := states(o), states(o)
			o.Grow(both, 0, groups)
			o.Grow(rest, 0, groups)
			for range 10 {
				stay, of, rows := randomRows(r, o.Args[0], groups)
				gone, goneOf, goneRows := randomRows(r, o.Args[0], groups)
				add := func(state []vec.Column, c *vec.Column, of []int32, rows vec.Rows) {
					t.Helper()
					if err := o.Add(state, of, []*vec.Column{c}, rows); err != nil {
						t.Fatal(err)
					}
				}
				add(both, gone, goneOf, goneRows)
				add(both, stay, of, rows)
				add(rest, stay, of, rows)
				if err := o.Retract(both, goneOf, []*vec.Column{gone}, goneRows); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := finish(t, o, both, groups), finish(t, o, rest, groups); !same(got, want) {
				t.Errorf("%s(%s): %v, want %v", a.Name, arg, got, want)
			}
		}
	}
}

// TestAggregatesMerge shares rows out over several states, merges them in views, and compares with one
// state that has seen all rows.
func TestAggregatesMerge(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const groups = 130
	for _, arg := range []schema.Type{integer32, bigint, double, float32s, varchar, timestamp3, decimalType(12, 3), smallint} {
		for _, a := range Aggregates() {
			if a.Bind == nil {
				continue
			}
			o, err := a.Bind([]Arg{{Type: arg}})
			if err != nil || o.Add == nil {
				continue
			}
			whole, parts, total := states(o), states(o), states(o)
			o.Grow(whole, 0, groups)
			o.Grow(total, 0, groups)
			for range 5 {
				for i := range parts {
					parts[i].Clear()
				}
				o.Grow(parts, 0, 50)
				o.Grow(parts, 50, groups)
				for range 3 {
					in, of, rows := randomRows(r, o.Args[0], groups)
					if err := o.Add(whole, of, []*vec.Column{in}, rows); err != nil {
						t.Fatal(err)
					}
					if err := o.Add(parts, of, []*vec.Column{in}, rows); err != nil {
						t.Fatal(err)
					}
				}
				mergeViews(t, o, total, parts, groups)
			}
			got, want := finish(t, o, total, groups), finish(t, o, whole, groups)
			if !same(got, want) && !(o.Result.IsInteger() && nearly(got, want)) {
				t.Errorf("%s(%s): merged %v, want %v", a.Name, arg, got, want)
			}
		}
	}
}

// same compares texts; floats may differ in their last digits, as sums are made in another order.
func same(a, b []string) bool {
	return slices.EqualFunc(a, b, func(x, y string) bool {
		fx, ok := format.ParseDouble([]byte(x), 64)
		fy, _ := format.ParseDouble([]byte(y), 64)
		return x == y || ok && (fx-fy)*(fx-fy) <= 1e-9*(fx*fx+1e-9)
	})
}

// nearly tells numbers that are one apart, at most: what is cut to a whole number may be cut to the next.
func nearly(a, b []string) bool {
	return slices.EqualFunc(a, b, func(x, y string) bool {
		fx, ok := format.ParseDouble([]byte(x), 64)
		fy, _ := format.ParseDouble([]byte(y), 64)
		return x == y || ok && max(fx-fy, fy-fx) <= 1
	})
}

func mergeViews(t *testing.T, o *AggregateOverload, total, parts []vec.Column, groups int) {
	t.Helper()
	for from := 0; from < groups; from += 64 {
		upto := min(from+64, groups)
		views := make([]vec.Column, len(parts))
		for i := range parts {
			views[i] = parts[i].View(from, upto)
		}
		of := make([]int32, upto-from)
		for i := range of {
			of[i] = int32(from + i)
		}
		if err := o.Merge(total, of, refs(views), vec.Rows{N: upto - from}); err != nil {
			t.Fatal(err)
		}
	}
}

func randomRows(r *rand.Rand, t schema.Type, groups int) (*vec.Column, []int32, vec.Rows) {
	values := make([]string, 40)
	for i := range values {
		n := r.IntN(2000) - 1000
		switch {
		case r.IntN(5) == 0:
			values[i] = "NULL"
		case t.IsString():
			values[i] = strings.Repeat("x", r.IntN(4)) + strconv.Itoa(n)
		case t.IsInstant():
			values[i] = fmt.Sprintf("2024-01-01 00:%02d:%02d", r.IntN(60), r.IntN(60))
		default:
			values[i] = strconv.Itoa(n)
		}
	}
	rows := vec.Rows{N: len(values)}
	if r.IntN(2) == 0 {
		rows.Sel = []int32{}
		for i := range values {
			if r.IntN(3) > 0 {
				rows.Sel = append(rows.Sel, int32(i))
			}
		}
	}
	of := make([]int32, rows.Len())
	for i := range of {
		of[i] = r.Int32N(int32(groups))
	}
	return columnOf(t, values...), of, rows
}

func TestAggregatesAllocateNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, arg := range []schema.Type{integer32, double, varchar, decimalType(12, 3)} {
		for _, a := range Aggregates() {
			if a.Bind == nil {
				continue
			}
			o, err := a.Bind([]Arg{{Type: arg}})
			if err != nil || o.Add == nil {
				continue
			}
			state := states(o)
			in, of, rows := randomRows(r, o.Args[0], 16)
			args := []*vec.Column{in}
			once := func() {
				for i := range state {
					state[i].Clear()
				}
				o.Grow(state, 0, 16)
				if err := o.Add(state, of, args, rows); err != nil {
					t.Fatal(err)
				}
			}
			for range 20 {
				once()
			}
			if n := testing.AllocsPerRun(10, once); n != 0 {
				t.Errorf("%s(%s): %v allocations", a.Name, arg, n)
			}
		}
	}
}
