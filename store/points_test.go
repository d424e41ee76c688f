package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"millrace/fault"
)

func TestPointsOfManyMeasurements(t *testing.T) {
	s := open(t, t.TempDir())
	var p PointBuffer
	add := func(name string, offset int64, value float64, tags ...Tag) {
		t.Helper()
		if err := p.Add(name, noon.Add(time.Duration(offset)*time.Second), value, tags, offset); err != nil {
			t.Fatal(err)
		}
	}
	for round := range int64(2) {
		at := round * 100
		add("cpu", at, 1, Tag{"host", "a"})
		add("cpu", at+1, 2, Tag{"host", "a"}, Tag{"core", "0"})
		add("load", at+2, 3)
		for i := range int64(90) {
			add("disk", at+3+i, float64(i), Tag{"device", "sda"})
		}
		mustAppend(t, s, at, at+93, p.Groups()...)
		p.Reset()
	}
	// Replayed from the middle, with one point more.
	add("cpu", 101, 2, Tag{"core", "0"}, Tag{"host", "a"})
	add("cpu", 193, 7, Tag{"core", "0"}, Tag{"host", "a"})
	mustAppend(t, s, 101, 194, p.Groups()...)
	got := mustQuery(t, s, `SELECT host, core, list(value ORDER BY time) FROM cpu GROUP BY ALL ORDER BY core NULLS FIRST`)
	if diff := cmp.Diff([][]any{{"a", nil, []any{1.0, 1.0}}, {"a", "0", []any{2.0, 2.0, 7.0}}}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]any{{int64(180)}}, mustQuery(t, s, "SELECT count(*) FROM disk")); diff != "" {
		t.Error(diff)
	}
	p.Reset()
	add("cpu", 194, 1, Tag{"host", "a"})
	p.Groups()[0].Batch.Sel = []int32{}
	mustAppend(t, s, 194, 195, p.Groups()...)
	if diff := cmp.Diff([][]any{{int64(5)}}, mustQuery(t, s, "SELECT count(*) FROM cpu")); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"value", "Time", ""} {
		if err := p.Add("cpu", noon, 1, []Tag{{bad, "x"}}, 0); !errors.Is(err, fault.Invalid) {
			t.Errorf("tag %q: %v", bad, err)
		}
	}
}

// TestPointsWithFields keeps rows of several fields, whichever of them a point has, and says which rows
// do not fit.
func TestPointsWithFields(t *testing.T) {
	s := open(t, t.TempDir())
	var p PointBuffer
	number := func(name string, v float64) PointField { return PointField{Name: name, Number: v} }
	text := func(name, v string) PointField { return PointField{Name: name, Kind: TextField, Text: []byte(v)} }
	truth := func(name string, v bool) PointField { return PointField{Name: name, Kind: TruthField, Truth: v} }
	add := func(offset int64, fields ...PointField) {
		t.Helper()
		if err := p.AddFields("cpu", noon.Add(time.Duration(offset)*time.Second), fields, []Tag{{"host", "a"}}, offset); err != nil {
			t.Fatal(err)
		}
	}
	for i := range int64(40) { // more than the first batch of a set holds
		add(3*i, number("idle", float64(i)), truth("up", i%2 == 0), text("state", "ok"))
		add(3*i+1, text("state", "odd"), number("idle", 1)) // in another order, without one
		if err := p.Add("cpu", noon, 7, []Tag{{"host", "a"}}, 3*i+2); err != nil {
			t.Fatal(err)
		}
	}
	mustAppend(t, s, 0, 120, p.Groups()...)
	got := mustQuery(t, s, `SELECT state, up, count(*), sum(idle), sum(value) FROM cpu GROUP BY ALL ORDER BY ALL`)
	want := [][]any{
		{"odd", nil, int64(40), 40.0, nil},
		{"ok", false, int64(20), 400.0, nil},
		{"ok", true, int64(20), 380.0, nil},
		{nil, nil, int64(40), nil, 280.0},
	}
	less := func(a, b []any) bool { return fmt.Sprint(a) < fmt.Sprint(b) }
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(less)); diff != "" {
		t.Error(diff)
	}
	p.Reset()
	if err := p.Add("cpu", noon, 1, []Tag{{"host", "a"}}, 120); err != nil {
		t.Fatal(err)
	}
	if err := p.Add("cpu\x00host", noon, 1, nil, 0); !errors.Is(err, fault.Invalid) {
		t.Errorf("names that look like a measurement and its tag: %v", err)
	}
	p.Reset()
	add(120, text("idle", "none"))
	err := s.Append(t.Context(), Range{"t", 0, 120, 121}, p.Groups())
	var refused *Refused
	if !errors.As(err, &refused) || refused.Column != "idle" {
		t.Errorf("text in a column of numbers: %v", err)
	}
	for _, bad := range []string{"Time", "", "HOST"} {
		if err := p.AddFields("cpu", noon, []PointField{number(bad, 1)}, []Tag{{"host", "a"}}, 0); !errors.Is(err, fault.Invalid) {
			t.Errorf("field %q: %v", bad, err)
		}
	}
	if err := p.AddFields("cpu", noon, []PointField{number("a", 1), number("A", 1)}, nil, 0); !errors.Is(err, fault.Invalid) {
		t.Errorf("two fields of one name: %v", err)
	}
	if err := p.AddFields("cpu", noon, nil, nil, 0); !errors.Is(err, fault.Invalid) {
		t.Errorf("no fields: %v", err)
	}
}
