package node

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/store/hot"
)

// valuePoints are records of DataPoints with a value, as pushes and the host's metrics have them.
func valuePoints(n int) [][]byte {
	var out [][]byte
	for i := range n {
		out = append(out, fmt.Appendf(nil, `{"timestamp":"2026-11-20T10:00:%02d.123Z","metric":"room_temperature","value":%d.25,"tags":{"building":"north","floor":"2","room":"r%d"}}`, i%60, i%100, i%50))
	}
	return out
}

func BenchmarkPointRows(b *testing.B) {
	f := func(name string, records [][]byte) {
		b.Run(name, func(b *testing.B) {
			rows := newPointRows()
			at := time.Now()
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				for i, r := range records {
					if err := rows.add(int64(i), at, nil, r); err != nil {
						b.Fatal(err)
					}
				}
				rows.groups()
				rows.reset()
				n += len(records)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "points/s")
		})
	}
	f("value", valuePoints(1000))
	f("fields", fieldPoints(1000))
}

// fieldPoints are records of DataPoints with named fields, as Telegraf's cpu input has them.
func fieldPoints(n int) [][]byte {
	var out [][]byte
	for i := range n {
		out = append(out, fmt.Appendf(nil, `{"timestamp":"2026-11-20T10:00:%02d.123Z","metric":"cpu","fields":{"state":"ok","up":true,"usage_idle":%d.25,"usage_system":1.5,"usage_user":2.75},"tags":{"cpu":"cpu%d","host":"north"}}`, i%60, i%100, i%50))
	}
	return out
}

func TestPointRowsOfFields(t *testing.T) {
	rows := newPointRows()
	now := time.Now()
	for i, r := range []string{
		`{"metric":"cpu","fields":{"up":true,"idle":97.5,"state":"ok"},"tags":{"host":"a"}}`,
		`{"metric":"cpu","fields":{"idle":90,"value":7,"state":"odd"},"tags":{"host":"a"}}`,
		`{"metric":"cpu","value":8,"tags":{"host":"a"}}`,
		`{"metric":"cpu","fields":{"state":"ok"},"tags":{"host":"a"}}`,
	} {
		if err := rows.add(int64(i), now, nil, []byte(r)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for g, group := range rows.groups() {
		line := group.Measurement
		for c, f := range group.Batch.Schema.Fields {
			if c > 0 { // the time
				line += fmt.Sprintf(" %s %s", f.Name, f.Type)
			}
		}
		offset, raw := rows.origin(g, 0)
		got = append(got, fmt.Sprintf("%s %v: %d %d", line, group.Tags, offset, len(raw)))
	}
	want := []string{
		"cpu idle DOUBLE state STRING up BOOLEAN host STRING [host]: 0 82",
		"cpu idle DOUBLE state STRING value DOUBLE host STRING [host]: 1 81",
		"cpu value DOUBLE host STRING [host]: 2 46",
		"cpu state STRING host STRING [host]: 3 60",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	h := hot.New(hot.Options{})
	rows.hot(h)
	var latest []string
	for _, p := range h.Latest() {
		latest = append(latest, fmt.Sprint(p.Metric, p.Tags, p.Value))
	}
	if diff := cmp.Diff([]string{"cpumap[host:a] 8", "cpu.idlemap[host:a] 90"}, latest); diff != "" {
		t.Error(diff)
	}
}

func TestPointRowsAllocateNothing(t *testing.T) {
	for _, records := range [][][]byte{valuePoints(100), fieldPoints(100)} {
		rows := newPointRows()
		at := time.Now()
		round := func() {
			for i, r := range records {
				if err := rows.add(int64(i), at, nil, r); err != nil {
					t.Fatal(err)
				}
			}
			rows.groups()
			rows.reset()
		}
		round()
		if n := testing.AllocsPerRun(20, round); n > 0 {
			t.Errorf("%s: %v allocations in 100 points", records[0], n)
		}
	}
}
