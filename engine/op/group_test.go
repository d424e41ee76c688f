package op

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// groupInput is the rows of the tests: a key, a number and a text, that may be NULL, and a condition.
func groupInput(changes bool) plan.Node {
	n := &plan.Scan{Schema: schema.New(
		schema.Field{Name: "k", Type: schema.Of(schema.VarChar)}, schema.Field{Name: "v", Type: schema.Of(schema.Int)},
		schema.Field{Name: "s", Type: schema.Of(schema.VarChar)}, schema.Field{Name: "c", Type: schema.Of(schema.Boolean)},
	)}
	if changes {
		n.Changes = 2
	}
	return n
}

// aggOf binds an aggregate over a column; -1: over none.
func aggOf(t testing.TB, in *schema.Schema, name string, arg, filter int, distinct bool) plan.Agg {
	t.Helper()
	f, ok := function.NewSet().Aggregate(name)
	if !ok {
		t.Fatalf("no aggregate %s", name)
	}
	a := plan.Agg{Func: f, Filter: filter, Distinct: distinct, Name: name}
	var args []function.Arg
	if arg >= 0 {
		a.Args, args = []int{arg}, []function.Arg{{Type: in.Fields[arg].Type}}
	}
	var err error
	if a.Overload, err = f.Bind(args); err != nil {
		t.Fatal(err)
	}
	return a
}

func groupNode(t testing.TB, changes bool, keys ...int) *plan.GroupAggregate {
	in := groupInput(changes)
	s := in.Out()
	n := &plan.GroupAggregate{Input: in, Keys: keys, Schema: s.Select(keys)}
	n.Aggs = []plan.Agg{
		aggOf(t, s, "COUNT", -1, -1, false), aggOf(t, s, "SUM", 1, -1, false), aggOf(t, s, "MIN", 1, -1, false), aggOf(t, s, "MAX", 2, -1, false),
		aggOf(t, s, "FIRST_VALUE", 2, -1, false), aggOf(t, s, "LAST_VALUE", 1, 3, false), aggOf(t, s, "SUM", 1, -1, true), aggOf(t, s, "COUNT", 2, 3, true),
	}
	for i, a := range n.Aggs {
		n.Schema.Fields = append(n.Schema.Fields, schema.Field{Name: a.Name + strconv.Itoa(i), Type: a.Overload.Result})
	}
	return n
}

// groupRow is a row of groupInput.
type groupRow struct {
	k string
	v int
	s string
	c bool
}

func (r groupRow) put(b *vec.Builder, kind vec.RowKind) {
	b.SetString(0, r.k)
	if r.v != 0 {
		b.SetInt(1, int64(r.v))
	}
	if r.s != "" {
		b.SetString(2, r.s)
	}
	b.SetBool(3, r.c)
	b.EndRow(kind)
}

// groupModel is the rows of a group, in the order they came, and the values that FIRST_VALUE and LAST_VALUE go by: of
// equal ones the first is what is taken back, whichever row it came with.
type groupModel struct {
	rows   []groupRow
	firsts []string
	lasts  []int
}

func (m *groupModel) add(r groupRow) {
	m.rows = append(m.rows, r)
	if r.s != "" {
		m.firsts = append(m.firsts, r.s)
	}
	if r.v != 0 && r.c {
		m.lasts = append(m.lasts, r.v)
	}
}

func (m *groupModel) take(r groupRow) {
	m.rows = lessOne(m.rows, r)
	if r.s != "" {
		m.firsts = lessOne(m.firsts, r.s)
	}
	if r.v != 0 && r.c {
		m.lasts = lessOne(m.lasts, r.v)
	}
}

func lessOne[T comparable](s []T, v T) []T {
	at := slices.Index(s, v)
	return slices.Delete(s, at, at+1)
}

// answer is the answer of groupNode.
func (m *groupModel) answer() string {
	rows := m.rows
	null := func(ok bool, text string) string {
		if ok {
			return text
		}
		return "NULL"
	}
	var sum, least, distinct int
	var most string
	seen, texts := map[int]bool{}, map[string]bool{}
	some := false
	for _, r := range rows {
		if r.v != 0 {
			sum += r.v
			if !some || r.v < least {
				least = r.v
			}
			some = true
			if !seen[r.v] {
				seen[r.v] = true
				distinct += r.v
			}
		}
		if r.s != "" {
			most = max(most, r.s)
			if r.c {
				texts[r.s] = true
			}
		}
	}
	var last int
	var first string
	if len(m.lasts) > 0 {
		last = m.lasts[len(m.lasts)-1]
	}
	if len(m.firsts) > 0 {
		first = m.firsts[0]
	}
	return strings.Join([]string{
		strconv.Itoa(len(rows)), null(some, strconv.Itoa(sum)), null(some, strconv.Itoa(least)), null(most != "", most), null(first != "", first),
		null(last != 0, strconv.Itoa(last)), null(some, strconv.Itoa(distinct)), strconv.Itoa(len(texts)),
	}, " ")
}

// folded is the table that a changelog stands for, checked row by row.
type folded struct {
	t    *testing.T
	keys int
	rows map[string]string
}

func (f *folded) Emit(b *vec.Batch) error {
	rows := b.Rows()
	for k := range rows.Len() {
		i := rows.At(k)
		var cells []string
		for c := range b.Cols {
			cells = append(cells, string(function.AppendText(nil, &b.Cols[c], i, time.UTC)))
		}
		key, row := strings.Join(cells[:f.keys], " "), strings.Join(cells[f.keys:], " ")
		was, there := f.rows[key]
		switch kind := b.Kind(i); kind {
		case vec.Insert:
			if there {
				f.t.Fatalf("%s inserted twice", key)
			}
			f.rows[key] = row
		case vec.UpdateBefore, vec.Delete:
			if was != row {
				f.t.Fatalf("%s %s of %s, which was %s", kind, row, key, was)
			}
			delete(f.rows, key)
		case vec.UpdateAfter:
			f.rows[key] = row
		}
	}
	return nil
}

// TestGroupAggregate applies random changelogs, with restores at other parallelisms in the middle, and compares what
// the emitted changelog stands for with what the rows give.
func TestGroupAggregate(t *testing.T) {
	tr := newTrail(t)
	for seed := range uint64(9) {
		r := rand.New(rand.NewPCG(7, seed))
		changes := seed%3 != 0
		keys := []int{0}
		if seed%5 == 4 {
			keys = nil
		}
		n := groupNode(t, changes, keys...)
		h := vec.NewHasher()
		call := &function.Call{Now: time.UnixMilli(1), Zone: time.UTC}
		fresh := func() *GroupAggregate { return NewGroupAggregate(n, h, call, 0) }
		tasks := []*GroupAggregate{fresh()}
		out := &folded{t: t, keys: len(keys), rows: map[string]string{}}
		there := map[string]*groupModel{}
		b := vec.NewBuilder(n.Input.Out())
		spread := []int{3, 60, 5000}[seed%3] // many keys make groups that are compacted away
		for range 60 {
			b.Reset()
			for range 1 + r.IntN(400) {
				row := groupRow{k: "k" + strconv.Itoa(r.IntN(spread)), v: r.IntN(7) - 3, s: strings.Repeat("x", r.IntN(3)) + strconv.Itoa(r.IntN(4)), c: r.IntN(2) == 0}
				if r.IntN(5) == 0 {
					row.s = ""
				}
				key := row.k
				if keys == nil {
					key = ""
				}
				m := there[key]
				if m == nil {
					m = &groupModel{}
					there[key] = m
				}
				if changes && r.IntN(2) == 0 {
					if len(m.rows) == 0 {
						row.put(b, vec.Delete) // of a group that is not there
						continue
					}
					gone := m.rows[r.IntN(len(m.rows))]
					m.take(gone)
					gone.put(b, []vec.RowKind{vec.UpdateBefore, vec.Delete}[r.IntN(2)])
					continue
				}
				m.add(row)
				row.put(b, []vec.RowKind{vec.Insert, vec.UpdateAfter}[r.IntN(2)])
			}
			deal(t, h, b.Batch(), keys, len(tasks), func(i int, part *vec.Batch) error { return tasks[i].Process(part, out) })
			save(t, tr, tasks...)
			if r.IntN(6) == 0 {
				parallel := 1
				if keys != nil {
					parallel += r.IntN(3)
				}
				tasks = restored(t, tr, tasks, fresh, parallel)
			}
		}
		for key, m := range there {
			if want := m.answer(); len(m.rows) > 0 && out.rows[key] != want {
				t.Fatalf("seed %d: %q is %s, want %s", seed, key, out.rows[key], want)
			}
			if len(m.rows) == 0 && out.rows[key] != "" {
				t.Fatalf("seed %d: %q is left", seed, key)
			}
		}
	}
}

// deal shares the rows of a batch out over tasks by their keys, as an exchange does.
func deal(t *testing.T, h vec.Hasher, b *vec.Batch, keys []int, tasks int, process func(int, *vec.Batch) error) {
	t.Helper()
	var by []vec.Column
	for _, k := range keys {
		by = append(by, b.Cols[k])
	}
	for i := range tasks {
		part := *b
		part.Sel = Share{Index: i, Of: tasks}.Select(h, by, b.N)
		if part.Rows().Len() == 0 {
			continue
		}
		if err := process(i, &part); err != nil {
			t.Fatal(err)
		}
	}
}

// TestGroupExpires shows that a group that nothing changes is forgotten, and that with a time to live answers that do not
// differ are emitted.
func TestGroupExpires(t *testing.T) {
	in := groupInput(false)
	n := &plan.GroupAggregate{Input: in, Keys: []int{0}, Aggs: []plan.Agg{aggOf(t, in.Out(), "MAX", 1, -1, false)}}
	n.Schema = schema.New(in.Out().Fields[0], schema.Field{Name: "m", Type: schema.Of(schema.Int)})
	call := &function.Call{Zone: time.UTC}
	g := NewGroupAggregate(n, vec.NewHasher(), call, time.Second)
	var out gatheredRows
	b := vec.NewBuilder(in.Out())
	at := func(ms int64, k string, v int) {
		t.Helper()
		call.Now = time.UnixMilli(ms)
		b.Reset()
		groupRow{k: k, v: v}.put(b, vec.Insert)
		if err := g.Process(b.Batch(), &out); err != nil {
			t.Fatal(err)
		}
	}
	at(1000, "a", 5)
	at(1500, "a", 3)
	at(2600, "a", 2) // after its time, though nobody has looked
	at(2700, "b", 1)
	if err := g.Tick(time.UnixMilli(3650), nil); err != nil {
		t.Fatal(err)
	}
	if g.Groups() != 1 {
		t.Errorf("%d groups are left", g.Groups())
	}
	want := []string{"+I a 5", "-U a 5", "+U a 5", "+I a 2", "+I b 1"}
	if !slices.Equal(out, want) {
		t.Errorf("got %v, want %v", out, want)
	}
}

// gatheredRows are the rows emitted, as text.
type gatheredRows []string

func (g *gatheredRows) Emit(b *vec.Batch) error {
	rows := b.Rows()
	for k := range rows.Len() {
		i := rows.At(k)
		text := b.Kind(i).String()
		for c := range b.Cols {
			text += " " + string(function.AppendText(nil, &b.Cols[c], i, time.UTC))
		}
		*g = append(*g, text)
	}
	return nil
}

// TestGroupReusesMemory pushes batches whose keys are known: what is left are the values kept for MIN and MAX, whose
// memory is compacted now and then.
func TestGroupReusesMemory(t *testing.T) {
	n := groupNode(t, true, 0)
	g := NewGroupAggregate(n, vec.NewHasher(), &function.Call{Zone: time.UTC}, 0)
	b := vec.NewBuilder(n.Input.Out())
	for i := range vec.MaxRows {
		kind := vec.Insert
		if i%2 == 1 {
			kind = vec.Delete
		}
		groupRow{k: fmt.Sprint("k", i/2%50), v: i/2%9 + 1, s: fmt.Sprint("s", i/2%3), c: true}.put(b, kind)
	}
	push := func() {
		if err := g.Process(b.Batch(), nowhere{}); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		push()
	}
	if got := testing.AllocsPerRun(100, push); got > vec.MaxRows/8 {
		t.Errorf("%v allocations a batch of %d rows", got, vec.MaxRows)
	}
}

type nowhere struct{}

func (nowhere) Emit(*vec.Batch) error { return nil }

// BenchmarkGroupAggregate measures rows that each change the answer of their group.
func BenchmarkGroupAggregate(b *testing.B) {
	in := groupInput(false)
	n := &plan.GroupAggregate{Input: in, Keys: []int{0}, Schema: schema.New(in.Out().Fields[0])}
	n.Aggs = []plan.Agg{aggOf(b, in.Out(), "COUNT", -1, -1, false), aggOf(b, in.Out(), "SUM", 1, -1, false), aggOf(b, in.Out(), "MAX", 2, -1, false)}
	for i, a := range n.Aggs {
		n.Schema.Fields = append(n.Schema.Fields, schema.Field{Name: strconv.Itoa(i), Type: a.Overload.Result})
	}
	g := NewGroupAggregate(n, vec.NewHasher(), &function.Call{Zone: time.UTC}, 0)
	rows := vec.NewBuilder(in.Out())
	for i := range vec.MaxRows {
		groupRow{k: fmt.Sprint("k", i%500), v: i%9 + 1, s: fmt.Sprint("s", i%300)}.put(rows, vec.Insert)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := g.Process(rows.Batch(), nowhere{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(vec.MaxRows)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
