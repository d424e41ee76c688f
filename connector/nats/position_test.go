package nats

import (
	"math/rand/v2"
	"testing"
)

func TestDone(t *testing.T) {
	d := &done{floor: 10}
	f := func(seq uint64, want bool) {
		t.Helper()
		if got := d.add(seq); got != want {
			t.Errorf("add(%d) = %v behind %d, %v", seq, got, d.floor, d.seqs)
		}
	}
	f(10, false)
	f(12, true)
	f(20, true)
	f(11, true)
	f(12, false)
	d.raise(15)
	f(12, false)
	f(16, true)
	d.raise(3)
	f(20, false)
	if len(d.seqs) != 2 {
		t.Errorf("%v", d.seqs)
	}
	d.raise(20)
	if len(d.seqs) != 0 {
		t.Errorf("%v", d.seqs)
	}
}

// TestDoneInPosition writes sets and reads them back.
func TestDoneInPosition(t *testing.T) {
	for range 100 {
		d := &done{floor: rand.Uint64N(1 << 40)}
		for range rand.IntN(50) {
			d.add(d.floor + 1 + rand.Uint64N(1000))
		}
		var p position
		d.note(&p)
		p, err := parsePosition(p.bytes())
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseDone(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, seq := range d.seqs {
			if back.add(seq) {
				t.Fatalf("%d is not in %v", seq, back.seqs)
			}
		}
		if back.floor != d.floor || len(back.seqs) != len(d.seqs) {
			t.Fatalf("%+v, want %+v", back, d)
		}
	}
}

func TestCovers(t *testing.T) {
	f := func(filter, subject string, want bool) {
		t.Helper()
		if got := covers(filter, subject); got != want {
			t.Errorf("covers(%q, %q) = %v", filter, subject, got)
		}
	}
	f("a.b", "a.b", true)
	f("a.b", "a.b.c", false)
	f("a.b.c", "a.b", false)
	f("a.*", "a.b", true)
	f("a.*", "a.b.c", false)
	f("a.>", "a.b.c", true)
	f("a.>", "a", false)
	f(">", "a", true)
}

// FuzzPosition holds that a position is read or refused, and a list in it, too.
func FuzzPosition(f *testing.F) {
	f.Add([]byte(`{"stream":"A","created":"2026-01-01T00:00:00Z","seq":3,"done":"AQID"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := parsePosition(text)
		if err != nil {
			return
		}
		d, err := parseDone(p)
		if err != nil {
			return
		}
		d.note(&p)
		if again, err := parseDone(p); err != nil || len(again.seqs) != len(d.seqs) {
			t.Errorf("%v, %v, %v", d, again, err)
		}
	})
}
