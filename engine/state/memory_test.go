package state

import (
	"os"
	"testing"

	"millrace/schema"
	"millrace/vec"
)

// grown is arrays as tables have them, with what they should be.
type grown struct {
	numbers []int64
	links   []int32
	cols    []vec.Column
	n       int
}

func (g *grown) show(s *Shelf) {
	s.Columns(g.cols)
	Array(s, &g.numbers)
	Array(s, &g.links)
}

func (g *grown) add(n int) {
	one := vec.NewColumn(schema.Of(schema.VarChar))
	for range n {
		one.Clear()
		one.GrowString(0, string(rune('a'+g.n%26)))
		g.cols[0].Append(g.n, &one, 0)
		g.numbers, g.links = append(g.numbers, int64(g.n)), append(g.links, int32(-g.n))
		g.n++
	}
}

func (g *grown) check(t *testing.T) {
	t.Helper()
	for i := range g.n {
		if g.numbers[i] != int64(i) || g.links[i] != int32(-i) || string(g.cols[0].Bytes(i)) != string(rune('a'+i%26)) {
			t.Fatalf("value %d of %d is %d, %d, %q", i, g.n, g.numbers[i], g.links[i], g.cols[0].Bytes(i))
		}
	}
}

// TestArraysGoToDisk lets arrays grow above the bound, in steps that stay in the file, leave it, and give it up.
func TestArraysGoToDisk(t *testing.T) {
	dir := t.TempDir()
	for _, limit := range []int64{0, 4 << 20} {
		m := NewMemory(limit, dir)
		s := m.Task()
		visit := func(g *grown) {
			t.Helper()
			must(t, s.Visit(g.show))
			g.check(t)
		}
		g := &grown{cols: []vec.Column{vec.NewColumn(schema.Of(schema.VarChar))}}
		for _, n := range []int{1, 100, 30_000, 300_000, 20_000, 900_000, 10} {
			g.add(n)
			visit(g)
		}
		if m.InMemory() > limit || m.OnDisk() < 12*int64(g.n) {
			t.Errorf("%d bytes in memory, %d on disk", m.InMemory(), m.OnDisk())
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("files with names are there: %v, %v", entries, err)
		}
		// A table that was emptied uses its memory again; one that is dropped gives its files back.
		g.numbers, g.links, g.n = g.numbers[:0], g.links[:0], 0
		g.cols[0].Clear()
		g.add(1000)
		visit(g)
		if m.OnDisk() == 0 {
			t.Error("the files are gone although their arrays are in use")
		}
		must(t, s.Visit(func(*Shelf) {}))
		if m.OnDisk() != 0 || m.InMemory() != 0 {
			t.Errorf("%d bytes on disk and %d in memory are left", m.OnDisk(), m.InMemory())
		}
		must(t, s.Close())
	}
}

// TestSmallStateStaysInMemory is below the bound.
func TestSmallStateStaysInMemory(t *testing.T) {
	m := NewMemory(64<<20, t.TempDir())
	a, b := m.Task(), m.Task()
	for _, s := range []*Shelf{a, b} {
		g := &grown{cols: []vec.Column{vec.NewColumn(schema.Of(schema.VarChar))}}
		g.add(200_000)
		must(t, s.Visit(g.show))
		g.check(t)
	}
	if m.OnDisk() != 0 || m.InMemory() < 400_000*13 {
		t.Errorf("%d bytes on disk, %d in memory", m.OnDisk(), m.InMemory())
	}
	must(t, a.Close())
	must(t, b.Close())
	if m.InMemory() != 0 {
		t.Errorf("%d bytes are left", m.InMemory())
	}
}

// TestNoPlaceOnDisk has nowhere to put files.
func TestNoPlaceOnDisk(t *testing.T) {
	dir := t.TempDir() + "/file"
	must(t, os.WriteFile(dir, nil, 0o644))
	s := NewMemory(0, dir).Task()
	g := &grown{cols: []vec.Column{vec.NewColumn(schema.Of(schema.VarChar))}}
	g.add(100)
	if err := s.Visit(g.show); err == nil {
		t.Error("state goes to disk in a place that is not a folder")
	}
	g.check(t)
	must(t, s.Close())
}
