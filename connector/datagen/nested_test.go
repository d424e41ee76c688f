package datagen

import (
	"strings"
	"testing"

	"millrace/connector/connectortest"
	"millrace/fault"
	"millrace/option"
	"millrace/schema"
)

func nestedTypes() *schema.Schema {
	text, tiny := schema.Field{Name: "s", Type: schema.Of(schema.VarChar)}, schema.Field{Name: "n", Type: schema.Of(schema.TinyInt)}
	list := func(id schema.TypeID, parts ...schema.Field) schema.Type { return schema.Type{ID: id, Fields: parts} }
	return fields(list(schema.Array, tiny), list(schema.Map, tiny, text), list(schema.Multiset, text), list(schema.Row, text, schema.Field{Name: "l", Type: list(schema.Array, list2(text, tiny))}))
}

func list2(parts ...schema.Field) schema.Field {
	return schema.Field{Type: schema.Type{ID: schema.Row, Fields: parts}}
}

func TestNestedValues(t *testing.T) {
	tab := table(t, nestedTypes(), option.Values{
		"rows-per-second": "1000000000", "number-of-rows": "500", "fields.a.element.min": "1", "fields.a.element.max": "2", "fields.a.null-rate": "0.5", "fields.a.length": "5",
		"fields.b.key.min": "0", "fields.b.key.max": "3", "fields.b.value.length": "4", "fields.d.s.length": "2", "fields.d.l.element.n.null-rate": "1", "fields.c.length": "1",
	})
	src, err := newSource(tab)
	if err != nil {
		t.Fatal(err)
	}
	r, err := src.Open(t.Context(), "rows", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	rows := connectortest.Rows(tab, 500)
	for rows.Len() < 500 {
		if err := r.Read(t.Context(), rows); err != nil && rows.Len() < 500 {
			t.Fatal(err)
		}
	}
	b := rows.Batch()
	nulls, fewest := 0, 9
	for i := range b.N {
		a, m, bag, row := &b.Cols[0], &b.Cols[1], &b.Cols[2], &b.Cols[3]
		if a.IsNull(i) {
			nulls++
		} else if a.Off[i+1]-a.Off[i] != 5 {
			t.Fatalf("row %d: an array of %d", i, a.Off[i+1]-a.Off[i])
		}
		size := int(m.Off[i+1] - m.Off[i])
		fewest = min(fewest, size)
		for k := m.Off[i]; k < m.Off[i+1]; k++ {
			if m.Find(i, &m.Kids[0], int(k)) != int(k) || len(m.Kids[1].Bytes(int(k))) != 4 {
				t.Fatalf("row %d: entry %d is there twice, or has another length", i, k)
			}
		}
		if n := bag.Kids[1].I32[bag.Off[i]]; bag.Off[i+1]-bag.Off[i] != 1 || n < 0 || n > 10 {
			t.Fatalf("row %d: an element %d times", i, n)
		}
		l := &row.Kids[1]
		if row.IsNull(i) || len(row.Kids[0].Bytes(i)) != 2 || l.Off[i+1]-l.Off[i] != 3 || !l.Kids[0].Kids[1].IsNull(int(l.Off[i])) {
			t.Fatalf("row %d: the ROW is another", i)
		}
	}
	for _, v := range b.Cols[0].Kids[0].I8 {
		if v < 1 || v > 2 {
			t.Fatalf("an element %d", v)
		}
	}
	if nulls < 150 || nulls > 350 || fewest == 3 {
		t.Errorf("%d of 500 NULL, maps of at least %d", nulls, fewest)
	}
}

func TestNestedRowsAreMadeAgain(t *testing.T) {
	tab := table(t, nestedTypes(), option.Values{"rows-per-second": "10000000", "number-of-rows": "300"})
	src, err := newSource(tab)
	if err != nil {
		t.Fatal(err)
	}
	r, err := src.Open(t.Context(), "rows", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	connectortest.RunSource(t, connectortest.Source{Source: seeded{src, r.Offset()}, Table: tab, Rows: 300})
}

func TestNestedSettings(t *testing.T) {
	for setting, want := range map[string]string{
		"fields.a.element.kind=sequence": `fields.a.element.start`, "fields.a.min=1": `"fields.a.min" is not known`, "fields.d.z.min=1": `"fields.d.z.min" is not known`,
		"fields.a.length=-1": `length -1`, "fields.a.length=x": `"x"`, "fields.b.key.max=1000": `1000`, "fields.d.kind=sequence": `start`, "fields.d.length=1": `"fields.d.length" is not known`,
	} {
		key, value, _ := strings.Cut(setting, "=")
		_, err := newSource(table(t, nestedTypes(), option.Values{key: value}))
		if err == nil || !strings.Contains(err.Error()+fault.HintOf(err), want) {
			t.Errorf("%s: %v, want %s", setting, err, want)
		}
	}
	v := option.Values{"fields.a.element.kind": "sequence", "fields.a.element.start": "1", "fields.a.element.end": "2"}
	if _, err := newSource(table(t, nestedTypes(), v)); err == nil || !strings.Contains(err.Error(), "counts rows") {
		t.Error(err)
	}
}
