package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
