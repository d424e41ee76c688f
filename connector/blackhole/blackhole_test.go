package blackhole

import (
	"testing"

	"millrace/connector"
	"millrace/schema"
	"millrace/vec"
)

func TestTakesEverything(t *testing.T) {
	spec := Spec()
	s, err := spec.Sink(connector.Table{})
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Open(t.Context(), connector.Task{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := vec.NewBuilder(schema.New())
	b.EndRow(vec.Delete)
	if err := w.Write(t.Context(), b.Batch()); err != nil {
		t.Error(err)
	}
	if err := w.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}
