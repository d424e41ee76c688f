package op

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// TestClockWindow moves the clock by hand: rows count where the clock stands when they arrive.
func TestClockWindow(t *testing.T) {
	n := windowNode(plan.Window{Kind: plan.Hop, Size: 10000, Slide: 5000})
	n.Input.Out().Fields[0].Time = schema.ProcTime
	var late atomic.Int64
	call := &function.Call{Zone: time.UTC}
	local, global := NewPaneAggregate(n, vec.NewHasher(), time.UTC), NewClockWindow(n, vec.NewHasher(), call, &late)
	var out gathered
	b := vec.NewBuilder(n.Input.Out())
	at := func(ms int64, rows ...int64) {
		t.Helper()
		call.Now = time.UnixMilli(ms)
		if err := global.Tick(call.Now, &out); err != nil {
			t.Fatal(err)
		}
		if len(rows) == 0 {
			return
		}
		b.Reset()
		for _, v := range rows {
			b.SetI64(0, 0) // what the row itself says does not matter
			b.SetString(1, "a")
			b.SetI64(2, v)
			b.EndRow(vec.Insert)
		}
		if err := local.Process(b.Batch(), toClock{global}); err != nil {
			t.Fatal(err)
		}
	}
	at(1000, 1, 2)
	at(4999, 4)
	at(5000, 8)
	at(9000)
	at(3000, 16) // the clock is put back: what has ended stays so
	at(20000)
	if err := global.Advance(1<<60, &out); err != nil {
		t.Fatal(err)
	}
	want := []string{"[-5,5) a 7", "[0,10) a 31", "[5,15) a 24"}
	if !slices.Equal(out, want) || late.Load() != 0 {
		t.Errorf("%d rows late, got %s\nwant %s", late.Load(), strings.Join(out, " · "), strings.Join(want, " · "))
	}
}

type toClock struct{ w *ClockWindow }

func (m toClock) Emit(b *vec.Batch) error { return m.w.Process(b, nil) }
