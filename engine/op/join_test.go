package op

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// joinRow is a row of either side; nil is NULL.
type joinRow struct{ k, v int64 }

// noValue stands for NULL in a joinRow.
const noValue = math.MinInt64

func (r joinRow) String() string { return text(r.k) + " " + text(r.v) }

func text(v int64) string {
	if v == noValue {
		return "-"
	}
	return fmt.Sprint(v)
}

// joinCase is a join and what it means, as a loop over all pairs would have it.
type joinCase struct {
	name string
	node *plan.Join
	// match says whether two rows match, test what is asked of them then: 1, 0, or noValue.
	match func(l, r joinRow) bool
	test  func(l, r joinRow) int64
}

func joinCases(t *testing.T) []joinCase {
	side := schema.New(schema.Field{Name: "k", Type: schema.Of(schema.BigInt)}, schema.Field{Name: "v", Type: schema.Of(schema.BigInt)})
	column := func(i int) plan.Expr {
		return &plan.Column{Index: i, Name: fmt.Sprint("c", i), Of: schema.Of(schema.BigInt)}
	}
	less := call(t, "<", column(1), column(3))
	equal := call(t, "=", column(1), column(3))
	var all []joinCase
	for kind := plan.InnerJoin; kind <= plan.MarkJoin; kind++ {
		for how := range 6 {
			n := &plan.Join{Kind: kind, Left: &plan.Values{Schema: side}, Right: &plan.Values{Schema: side}}
			c := joinCase{name: fmt.Sprintf("%s-%d", kind, how), node: n, test: func(_, _ joinRow) int64 { return 1 }}
			byKey, byValue := how%3, how >= 3
			if byKey > 0 {
				n.LeftKeys, n.RightKeys, n.NullSafe = []int{0}, []int{0}, []bool{byKey == 2}
			}
			if byValue {
				n.Cond = less
			}
			if kind == plan.MarkJoin && how != 1 {
				n.Test = equal
				c.test = func(l, r joinRow) int64 {
					switch {
					case l.v == noValue || r.v == noValue:
						return noValue
					case l.v == r.v:
						return 1
					}
					return 0
				}
				if byValue {
					n.Cond = call(t, "<=", column(1), column(3))
				}
			}
			c.match = func(l, r joinRow) bool {
				if byKey > 0 && (l.k != r.k || byKey == 1 && l.k == noValue) {
					return false
				}
				if !byValue {
					return true
				}
				return l.v != noValue && r.v != noValue && (l.v < r.v || n.Test != nil && l.v == r.v)
			}
			n.Schema = joinOut(kind, side)
			all = append(all, c)
		}
	}
	return all
}

func joinOut(kind plan.JoinKind, side *schema.Schema) *schema.Schema {
	s := schema.New(slices.Clone(side.Fields)...)
	switch kind {
	case plan.SemiJoin, plan.AntiJoin:
	case plan.MarkJoin:
		s.Fields = append(s.Fields, schema.Field{Name: "mark", Type: schema.Of(schema.Boolean)})
	default:
		s.Fields = append(s.Fields, side.Fields...)
	}
	return s
}

// want is the answer over all rows of both sides, each with how often it comes.
func (c joinCase) want(left, right []joinRow) map[string]int {
	out := map[string]int{}
	matched := make([]bool, len(right))
	for _, l := range left {
		n, mark := 0, int64(0)
		for i, r := range right {
			if !c.match(l, r) {
				continue
			}
			n++
			matched[i] = true
			switch c.test(l, r) {
			case 1:
				mark = 1
			case noValue:
				if mark == 0 {
					mark = noValue
				}
			}
			if c.node.Kind < plan.SemiJoin {
				out[l.String()+" "+r.String()]++
			}
		}
		switch kind := c.node.Kind; {
		case kind == plan.MarkJoin:
			out[l.String()+" "+text(mark)]++
		case kind == plan.SemiJoin && n > 0, kind == plan.AntiJoin && n == 0:
			out[l.String()]++
		case (kind == plan.LeftJoin || kind == plan.FullJoin) && n == 0:
			out[l.String()+" - -"]++
		}
	}
	for i, r := range right {
		if (c.node.Kind == plan.RightJoin || c.node.Kind == plan.FullJoin) && !matched[i] {
			out["- - "+r.String()]++
		}
	}
	return out
}

// remaining is an Out that keeps the rows that are left of a changelog. It fails if a row goes that is not there.
type remaining struct {
	t    *testing.T
	rows map[string]int
}

func (f remaining) Emit(b *vec.Batch) error {
	for k := range b.Rows().Len() {
		i := b.Rows().At(k)
		row := ""
		for c := range b.Cols {
			cell := "-"
			if col := &b.Cols[c]; !col.IsNull(i) {
				cell = fmt.Sprint(vec.At(col, i).I)
			}
			if row += cell; c < len(b.Cols)-1 {
				row += " "
			}
		}
		by := 1
		if kind := b.Kind(i); kind == vec.UpdateBefore || kind == vec.Delete {
			by = -1
		}
		if f.rows[row] += by; f.rows[row] == 0 {
			delete(f.rows, row)
		} else if f.rows[row] < 0 {
			f.t.Fatalf("%s goes without having come", row)
		}
	}
	return nil
}

// TestJoinIsALoopOverAllPairs holds every kind of join against the loop over random changelogs of both sides,
// with restores in between.
func TestJoinIsALoopOverAllPairs(t *testing.T) {
	for _, c := range joinCases(t) {
		for _, atEnd := range []bool{false, true} {
			c.node.AtEnd = atEnd
			t.Run(fmt.Sprintf("%s-%t", c.name, atEnd), func(t *testing.T) { c.run(t, rand.New(rand.NewPCG(uint64(c.node.Kind), 7))) })
		}
	}
}

func (c joinCase) run(t *testing.T, rng *rand.Rand) {
	tr := newTrail(t)
	h := vec.NewHasher()
	j := c.fresh(t, h)
	got := remaining{t, map[string]int{}}
	var sides [2][]joinRow
	in := vec.NewBuilder(c.node.Left.Out())
	const steps = 80
	for step := range steps {
		side := rng.IntN(2)
		in.Reset()
		for range rng.IntN(20) {
			rows := &sides[side]
			if len(*rows) > 0 && rng.IntN(100) < 20+60*(step/20%2) {
				at := rng.IntN(len(*rows))
				putJoinRow(in, (*rows)[at], []vec.RowKind{vec.UpdateBefore, vec.Delete}[rng.IntN(2)])
				*rows = slices.Delete(*rows, at, at+1)
				continue
			}
			r := joinRow{int64(rng.IntN(7)), int64(rng.IntN(5))}
			for _, v := range []*int64{&r.k, &r.v} {
				if rng.IntN(6) == 0 {
					*v = noValue
				}
			}
			putJoinRow(in, r, []vec.RowKind{vec.Insert, vec.UpdateAfter}[rng.IntN(2)])
			*rows = append(*rows, r)
		}
		process := j.ProcessLeft
		if side == 1 {
			process = j.ProcessRight
		}
		if err := process(in.Batch(), got); err != nil {
			t.Fatal(err)
		}
		if !c.node.AtEnd {
			if diff := cmp.Diff(c.want(sides[0], sides[1]), got.rows); diff != "" {
				t.Fatalf("step %d (-want +got):\n%s", step, diff)
			}
		}
		if step%3 == 0 {
			save(t, tr, j)
		}
		if step%30 == 29 {
			j = c.restored(t, tr, h, j)
		}
	}
	if err := j.Advance(math.MaxInt64, got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.want(sides[0], sides[1]), got.rows); diff != "" {
		t.Fatalf("at the end (-want +got):\n%s", diff)
	}
}

func putJoinRow(b *vec.Builder, r joinRow, kind vec.RowKind) {
	for c, v := range []int64{r.k, r.v} {
		if v != noValue {
			b.SetI64(c, v)
		}
	}
	b.EndRow(kind)
}

func (c joinCase) fresh(t *testing.T, h vec.Hasher) *Join {
	t.Helper()
	j, err := NewJoin(c.node, h, &function.Call{Zone: time.UTC, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// restored restores a join from its snapshot, as if one task took the parts of two in.
func (c joinCase) restored(t *testing.T, tr *trail, h vec.Hasher, j *Join) *Join {
	t.Helper()
	fresh := c.fresh(t, h)
	takeOver(t, tr, j, fresh, len(c.node.LeftKeys) > 0)
	return fresh
}

// TestJoinManyMatches has more matches of a row than a batch has rows, and rows enough to be compacted.
func TestJoinManyMatches(t *testing.T) {
	for _, c := range joinCases(t) {
		if len(c.node.LeftKeys) == 0 || c.node.NullSafe[0] {
			continue
		}
		j := c.fresh(t, vec.NewHasher())
		got := remaining{t, map[string]int{}}
		in := vec.NewBuilder(c.node.Left.Out())
		var right []joinRow
		send := func(rows []joinRow, kind vec.RowKind, process func(*vec.Batch, Out) error) {
			for chunk := range slices.Chunk(rows, vec.MaxRows) {
				in.Reset()
				for _, r := range chunk {
					putJoinRow(in, r, kind)
				}
				if err := process(in.Batch(), got); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i := range 10000 {
			right = append(right, joinRow{1, int64(i)})
		}
		left := []joinRow{{1, 4}, {2, 4}, {1, 9000}}
		send(right, vec.Insert, j.ProcessRight)
		send(left, vec.Insert, j.ProcessLeft)
		send(right[:9000], vec.Delete, j.ProcessRight)
		if diff := cmp.Diff(c.want(left, right[9000:]), got.rows); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if n := len(j.right.rows.of); n > 6000 {
			t.Errorf("%s: %d rows are held for %d", c.name, n, j.right.rows.Len())
		}
	}
}

// TestJoinForgets lets rows expire that have not been written for as long as they live.
func TestJoinForgets(t *testing.T) {
	c := joinCases(t)[1] // an inner join by key
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	task := &function.Call{Zone: time.UTC, Now: now}
	c.node.TTL = [2]time.Duration{time.Hour, time.Hour}
	j, err := NewJoin(c.node, vec.NewHasher(), task)
	if err != nil {
		t.Fatal(err)
	}
	got := remaining{t, map[string]int{}}
	in := vec.NewBuilder(c.node.Left.Out())
	send := func(r joinRow, process func(*vec.Batch, Out) error) {
		in.Reset()
		putJoinRow(in, r, vec.Insert)
		if err := process(in.Batch(), got); err != nil {
			t.Fatal(err)
		}
	}
	send(joinRow{1, 1}, j.ProcessLeft)
	task.Now = now.Add(40 * time.Minute)
	send(joinRow{1, 2}, j.ProcessLeft)
	task.Now = now.Add(70 * time.Minute)
	send(joinRow{1, 3}, j.ProcessRight)
	if diff := cmp.Diff(map[string]int{"1 2 1 3": 1}, maps.Clone(got.rows)); diff != "" {
		t.Errorf("with a row that has expired (-want +got):\n%s", diff)
	}
	if err := j.Tick(task.Now, got); err != nil {
		t.Fatal(err)
	}
	if n := j.left.rows.Len(); n != 1 {
		t.Errorf("%d rows are held, want 1", n)
	}
}

// TestJoinAllocatesLittle withdraws and replaces rows of a join that has seen its keys. What is left are the
// columns that are made anew when removed rows have become the most.
func TestJoinAllocatesLittle(t *testing.T) {
	for _, c := range joinCases(t) {
		if len(c.node.LeftKeys) == 0 || c.node.NullSafe[0] {
			continue
		}
		j := c.fresh(t, vec.NewHasher())
		in := vec.NewBuilder(c.node.Left.Out())
		push := func(kind vec.RowKind, process func(*vec.Batch, Out) error) {
			in.Reset()
			for i := range vec.MaxRows {
				putJoinRow(in, joinRow{int64(i), int64(i % 3)}, kind)
			}
			if err := process(in.Batch(), joinNowhere{}); err != nil {
				t.Fatal(err)
			}
		}
		push(vec.Insert, j.ProcessLeft)
		push(vec.Insert, j.ProcessRight)
		update := func() {
			push(vec.UpdateBefore, j.ProcessRight)
			push(vec.UpdateAfter, j.ProcessRight)
			push(vec.UpdateBefore, j.ProcessLeft)
			push(vec.UpdateAfter, j.ProcessLeft)
		}
		for range 20 {
			update()
		}
		if got := testing.AllocsPerRun(10, update); got > 80 {
			t.Errorf("%s: %v allocations for %d rows", c.name, got, 4*vec.MaxRows)
		}
	}
}

type joinNowhere struct{}

func (joinNowhere) Emit(*vec.Batch) error { return nil }
