package engine

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"millrace/schema"
	"millrace/sql/plan"
	"millrace/vec"
)

// nestedSink takes rows of one ROW<c CHAR(2), v VARCHAR(2)>, of one BINARY(2) and of one BIGINT NOT NULL array.
func nestedSink() *plan.Sink {
	in := []schema.Field{
		{Name: "c", Type: schema.Of(schema.Char).WithPrecision(2)},
		{Name: "v", Type: schema.Of(schema.VarChar).WithPrecision(2).Required()},
	}
	return &plan.Sink{Schema: schema.New(
		schema.Field{Name: "r", Type: schema.Type{ID: schema.Row, Fields: in}},
		schema.Field{Name: "b", Type: schema.Of(schema.Binary).WithPrecision(2)},
		schema.Field{Name: "a", Type: schema.Type{ID: schema.Array, Fields: []schema.Field{{Type: schema.Of(schema.BigInt).Required()}}}},
	)}
}

// nestedRows has a row too short, one too long, one of NULLs within.
func nestedRows(s *schema.Schema) *vec.Batch {
	text := func(values ...string) vec.Column {
		c := vec.Column{Type: schema.Of(schema.VarChar), Off: []int32{0}}
		for i, v := range values {
			c.Data = append(c.Data, v...)
			c.Off = append(c.Off, int32(len(c.Data)))
			if v == "" {
				c.SetNull(i, len(values))
			}
		}
		return c
	}
	bytes := text("1", "123", "12")
	bytes.Type = s.Fields[1].Type
	row := vec.Column{Type: s.Fields[0].Type, Kids: []vec.Column{text("é", "éèà", "ab"), text("é", "éèà", "")}}
	list := vec.Column{Type: s.Fields[2].Type, Off: []int32{0, 1, 1, 2}, Kids: []vec.Column{{Type: schema.Of(schema.BigInt), I64: []int64{1, 2}}}}
	list.Kids[0].SetNull(0, 2)
	return &vec.Batch{Schema: s, N: 3, Cols: []vec.Column{row, bytes, list}}
}

func TestConstraintsFit(t *testing.T) {
	s := nestedSink()
	c := newConstraints(s, &Settings{Length: plan.LengthFitted, Nested: plan.NestedRows, DropNulls: true})
	got, dropped, err := c.apply(nestedRows(s.Schema))
	if err != nil {
		t.Fatal(err)
	}
	texts := func(c *vec.Column) (all []string) {
		for k := range got.Rows().Len() {
			all = append(all, string(c.Bytes(got.Rows().At(k))))
		}
		return all
	}
	have := [][]string{texts(&got.Cols[0].Kids[0]), texts(&got.Cols[0].Kids[1]), texts(&got.Cols[1])}
	want := [][]string{{"é ", "éè"}, {"é", "éè"}, {"1\x00", "12"}}
	if diff := cmp.Diff(want, have); diff != "" || dropped != 1 {
		t.Errorf("%d dropped (-want +got):\n%s", dropped, diff)
	}
}

func TestConstraintsCheck(t *testing.T) {
	for _, c := range []struct {
		name     string
		settings Settings
		rows     []int32 // of the batch
		kept     int
		fault    string
	}{
		{"nothing", Settings{}, []int32{0, 1, 2}, 3, ""},
		{"rows, drop", Settings{Nested: plan.NestedRows, DropNulls: true}, []int32{0, 1, 2}, 2, ""},
		{"all, drop", Settings{Nested: plan.NestedAll, DropNulls: true}, []int32{0, 1, 2}, 1, ""},
		{"all, error", Settings{Nested: plan.NestedAll}, []int32{0}, 0, `column "a.element" of the sink is NOT NULL`},
		{"rows, error", Settings{Nested: plan.NestedRows}, []int32{2}, 0, `column "r.v" of the sink is NOT NULL`},
		{"too short", Settings{Length: plan.LengthChecked}, []int32{0}, 0, `column "b" of the sink has the length 2, but a row has 1 bytes there`},
		{"too long", Settings{Length: plan.LengthChecked, Nested: plan.NestedRows}, []int32{1}, 0, `column "r.c" of the sink has the length 2, but a row has 3 characters there`},
		{"VARCHAR may be short", Settings{Length: plan.LengthChecked}, []int32{2}, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := nestedSink()
			b := nestedRows(s.Schema)
			b.Sel = c.rows
			hold, kept := newConstraints(s, &c.settings), len(c.rows)
			var err error
			if hold != nil {
				var out vec.Batch
				out, _, err = hold.apply(b)
				kept = out.Rows().Len()
			}
			switch {
			case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)):
				t.Errorf("the error is %v, want %q", err, c.fault)
			case c.fault == "" && (err != nil || kept != c.kept):
				t.Errorf("%d rows are kept, want %d (%v)", kept, c.kept, err)
			}
		})
	}
}
