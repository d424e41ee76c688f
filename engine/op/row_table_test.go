package op

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"millrace/engine/state"
	"millrace/schema"
	"millrace/vec"
)

// TestRowTableIsAMapOfLists compares it with a map of slices over random additions and removals, with
// compactions and a restore in between.
func TestRowTableIsAMapOfLists(t *testing.T) {
	tr := newTrail(t)
	s := schema.New(schema.Field{Name: "k", Type: schema.Of(schema.VarChar)}, schema.Field{Name: "v", Type: schema.Of(schema.BigInt)})
	rng := rand.New(rand.NewPCG(1, 2))
	h := vec.NewHasher()
	table := NewRowTable(h, typesOf(s), []int{0})
	model, notes := map[string][]int64{}, map[string]int64{}
	one := vec.NewBuilder(s)
	for step := range 60000 {
		key, v := fmt.Sprint("key", rng.IntN(300)), int64(rng.IntN(9))
		one.Reset()
		one.SetString(0, key)
		one.SetI64(1, v)
		one.EndRow(vec.Insert)
		b := one.Batch()
		hash := table.Hash(b, []int{0}, b.Rows())[0]
		g := table.Find(hash, b, []int{0}, 0)
		if remove := rng.IntN(100) < 30+40*(step/10000%2); !remove {
			_, g = table.Add(g, hash, b, 0, v)
			model[key] = append(model[key], v)
			notes[key] = v
			table.SetNote(g, v)
		} else if at := slices.Index(model[key], v); at >= 0 {
			table.Remove(table.FindRow(g, b, 0))
			if model[key] = slices.Delete(model[key], at, at+1); len(model[key]) == 0 {
				delete(model, key)
			}
		} else if g >= 0 && table.FindRow(g, b, 0) >= 0 {
			t.Fatal("a row is there that should not be")
		}
		table.Compact(nil)
		if step%500 == 0 {
			save(t, tr, tableState{table})
		}
		if step%20000 == 10000 {
			table = again(t, tr, h, table, s)
			check(t, table, model, notes)
		}
	}
	check(t, table, model, notes)
}

// tableState is a table as an operator that has nothing else.
type tableState struct{ *RowTable }

func (s tableState) Snapshot(w *state.Writer) error {
	s.RowTable.Snapshot(w, "rows")
	return nil
}

func (s tableState) Restore(r *state.Reader, share Share) error {
	return s.RowTable.Restore(r, "rows", share, nil)
}

// again restores a table from its snapshot, in three shares brought together.
func again(t *testing.T, tr *trail, h vec.Hasher, table *RowTable, s *schema.Schema) *RowTable {
	t.Helper()
	save(t, tr, tableState{table})
	out := NewRowTable(h, typesOf(s), []int{0})
	tr.restore(t, tableState{out}, Share{0, 3}, Share{1, 3}, Share{2, 3})
	return out
}

func check(t *testing.T, table *RowTable, model map[string][]int64, notes map[string]int64) {
	t.Helper()
	groups, rows := 0, 0
	for g := range table.Groups() {
		groups++
		var got []int64
		key := ""
		for r := table.First(g); r >= 0; r = table.Next(r) {
			got = append(got, table.Cols[1].I64[r])
			key = string(table.Cols[0].Bytes(int(r)))
			if table.Mark[r] != table.Cols[1].I64[r] {
				t.Errorf("row %d has mark %d", r, table.Mark[r])
			}
		}
		rows += len(got)
		if table.Note[g] != notes[key] {
			t.Errorf("%s has note %d", key, table.Note[g])
		}
		if !slices.Equal(got, model[key]) {
			t.Errorf("%s: %v, want %v", key, got, model[key])
		}
	}
	if groups != len(model) || rows != table.Len() {
		t.Errorf("%d groups and %d rows, want %d and %d", groups, rows, len(model), table.Len())
	}
}
