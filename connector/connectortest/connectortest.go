// Package connectortest holds the tests that every source and sink passes: reading on from any offset
// loses and repeats nothing, reading can be stopped, and what a committer has staged appears once.
package connectortest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"millrace/connector"
	"millrace/format"
	"millrace/vec"
)

// patience is how long anything may take. Only a broken connector waits for it.
const patience = 20 * time.Second

// Source is a bounded source to be tested.
type Source struct {
	Source connector.Source
	Table  connector.Table
	// Decoder makes a decoder for each reader; nil if the source has rows already.
	Decoder func() format.Decoder
	// Rows is how many rows all splits have together, and Refused how many records are not read.
	Rows, Refused int
}

// RunSource runs the tests of a source and closes it.
func RunSource(t *testing.T, s Source) {
	t.Helper()
	splits, err := s.Source.Splits(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Run("every row", func(t *testing.T) { s.everyRow(t, splits) })
	t.Run("restart from any offset", func(t *testing.T) {
		for _, split := range splits {
			s.restart(t, split)
		}
	})
	t.Run("cancel", func(t *testing.T) { s.cancel(t, splits[0]) })
	if err := s.Source.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// step is what one Read gave: rows or refused records as text, and where the next one begins.
type step struct {
	texts []string
	next  connector.Offset
}

// read reads a split from an offset to its end, up to size rows at a time.
func (s *Source) read(t *testing.T, split connector.Split, from connector.Offset, size int) []step {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var decode format.Decoder
	if s.Decoder != nil {
		decode = s.Decoder()
	}
	r, err := s.Source.Open(ctx, split, from, decode)
	if err != nil {
		t.Fatalf("open %s at %q: %v", split, from, err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}()
	rows := Rows(s.Table, size)
	var steps []step
	for {
		rows.Reset()
		rows.Refused = rows.Refused[:0]
		err := r.Read(ctx, rows)
		st := step{next: r.Offset()}
		b := rows.Batch()
		for i := range b.N {
			st.texts = append(st.texts, Text(b, i))
		}
		for _, refused := range rows.Refused {
			if refused.Reason == nil {
				t.Errorf("a refused record at %s has no reason", refused.Offset)
			}
			st.texts = append(st.texts, fmt.Sprintf("refused %q at %s", refused.Value, refused.Offset))
		}
		if len(st.texts) > 0 {
			steps = append(steps, st)
		}
		if errors.Is(err, io.EOF) {
			return steps
		}
		if err != nil {
			t.Fatalf("read %s: %v", split, err)
		}
	}
}

// Rows returns rows of a table to read into, at most size at a time.
func Rows(table connector.Table, size int) *connector.Rows {
	rows := &connector.Rows{Builder: vec.NewBuilderSize(table.Schema, size)}
	for i, key := range table.Meta {
		if rows.Meta == nil {
			rows.Meta = map[string]int{}
		}
		rows.Meta[key] = i
	}
	return rows
}

// Text is row i with its kind, as a comparable text.
func Text(b *vec.Batch, i int) string {
	var out []string
	for c := range b.Cols {
		out = append(out, fmt.Sprintf("%+v", vec.At(&b.Cols[c], i)))
	}
	return b.Kind(i).String() + strings.Join(out, " ")
}

func texts(steps []step) []string {
	var out []string
	for _, s := range steps {
		out = append(out, s.texts...)
	}
	slices.Sort(out) // refused records stand behind the rows of their Read, wherever it ends
	return out
}

func (s *Source) everyRow(t *testing.T, splits []connector.Split) {
	for _, size := range []int{1, 7, vec.MaxRows} {
		rows, refused := 0, 0
		for _, split := range splits {
			for _, text := range texts(s.read(t, split, "", size)) {
				if strings.HasPrefix(text, "refused") {
					refused++
				} else {
					rows++
				}
			}
		}
		if rows != s.Rows || refused != s.Refused {
			t.Errorf("%d rows at a time: read %d and refused %d, want %d and %d", size, rows, refused, s.Rows, s.Refused)
		}
	}
}

// restart opens the split anew behind every step that one row at a time gives.
func (s *Source) restart(t *testing.T, split connector.Split) {
	steps := s.read(t, split, "", 1)
	for i := 0; i < len(steps); i += 1 + len(steps)/50 {
		want := texts(steps[i+1:])
		if got := texts(s.read(t, split, steps[i].next, 5)); !slices.Equal(got, want) {
			t.Errorf("%s from %q: %d records, want the %d behind it:\n%.200q\n%.200q", split, steps[i].next, len(got), len(want), got, want)
		}
	}
}

// cancel stops a reader while it reads.
func (s *Source) cancel(t *testing.T, split connector.Split) {
	ctx, stop := context.WithCancel(t.Context())
	var decode format.Decoder
	if s.Decoder != nil {
		decode = s.Decoder()
	}
	r, err := s.Source.Open(ctx, split, "", decode)
	if err != nil {
		t.Fatal(err)
	}
	started, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		rows := Rows(s.Table, 1)
		for i := 0; ctx.Err() == nil; i++ {
			rows.Reset()
			if err := r.Read(ctx, rows); err != nil {
				break
			}
			if i == 0 {
				close(started)
			}
		}
	}()
	select {
	case <-started:
	case <-done:
	}
	stop()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("Read goes on after its context has ended")
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}
