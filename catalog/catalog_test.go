package catalog_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"millrace/catalog"
	"millrace/fault"
)

func open(t *testing.T, path string) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestObjectsSurviveReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "catalog.json")
	c := open(t, path)
	clicks := catalog.Object{
		Name: "clicks", Kind: catalog.Table, SQL: "CREATE TABLE clicks (who STRING)",
		Columns: []catalog.Column{{Name: "who", Type: "STRING"}}, Options: map[string]string{"connector": "kafka"},
	}
	for _, o := range []catalog.Object{
		clicks,
		{Name: "a", Kind: catalog.View, SQL: "CREATE VIEW a AS SELECT 1"},
		{Name: "passing", Kind: catalog.View, Temporary: true},
	} {
		if err := c.Create(o); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Drop(catalog.View, "a", false); err != nil {
		t.Fatal(err)
	}
	again := open(t, path)
	clicks.Version = 1
	if diff := cmp.Diff([]catalog.Object{clicks}, again.List()); diff != "" {
		t.Errorf("reopened catalog (-want +got):\n%s", diff)
	}
	if again.Version() != c.Version() {
		t.Errorf("version %d, want %d", again.Version(), c.Version())
	}
}

func TestConflictsAndMissingObjects(t *testing.T) {
	c := catalog.New()
	table := catalog.Object{Name: "t", Kind: catalog.Table}
	if err := c.Create(table); err != nil {
		t.Fatal(err)
	}
	f := func(got error, want fault.Kind) {
		t.Helper()
		if !errors.Is(got, want) {
			t.Errorf("error %v, want %s", got, want)
		}
	}
	f(c.Create(catalog.Object{Name: "t", Kind: catalog.View}), fault.Conflict)
	f(c.Drop(catalog.View, "t", false), fault.Invalid)
	f(c.Drop(catalog.Table, "u", false), fault.NotFound)
	if err := c.Replace(catalog.Object{Name: "t", Kind: catalog.View}); err != nil {
		t.Fatal(err)
	}
	if o, ok := c.Lookup("t"); !ok || o.Kind != catalog.View || o.Version != 2 {
		t.Errorf("Lookup(t) = %+v, %v, want the view of version 2", o, ok)
	}
}

func TestFailedWriteChangesNothing(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "sub", "catalog.json")
	c := open(t, path)
	if err := c.Create(catalog.Object{Name: "kept", Kind: catalog.Table}); err != nil {
		t.Fatal(err)
	}
	// A file where the folder should be fails for root too, unlike permissions.
	if err := os.RemoveAll(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Dir(path), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := c.Create(catalog.Object{Name: "lost", Kind: catalog.Table}); err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff([]string{"kept"}, c.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if c.Version() != 1 {
		t.Errorf("version %d, want 1", c.Version())
	}
}

func TestBrokenFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.json")
	for _, text := range []string{"{", `{"format":9}`} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := catalog.Open(path); !errors.Is(err, fault.Corrupt) {
			t.Errorf("Open of %s: %v, want corrupt", text, err)
		}
	}
}

func TestTemporaryObjectsHideOthers(t *testing.T) {
	c := catalog.New()
	for _, o := range []catalog.Object{{Name: "t", Kind: catalog.Table}, {Name: "t", Kind: catalog.View, Temporary: true}} {
		if err := c.Create(o); err != nil {
			t.Fatal(err)
		}
	}
	if o, ok := c.Lookup("t"); !ok || !o.Temporary {
		t.Errorf("Lookup(t) = %+v, %v, want the temporary view", o, ok)
	}
	if got := c.List(); len(got) != 1 || !got[0].Temporary {
		t.Errorf("List() = %+v, want the temporary view alone", got)
	}
	if err := c.Drop(catalog.Table, "t", false); !errors.Is(err, fault.Conflict) {
		t.Errorf("dropping the hidden table: %v, want a conflict", err)
	}
	if err := c.Drop(catalog.View, "t", true); err != nil {
		t.Fatal(err)
	}
	if o, ok := c.Lookup("t"); !ok || o.Temporary {
		t.Errorf("Lookup(t) = %+v, %v, want the table", o, ok)
	}
	if err := c.Drop(catalog.Table, "t", true); !errors.Is(err, fault.NotFound) {
		t.Errorf("dropping a temporary table that is none: %v, want not found", err)
	}
}

func TestRename(t *testing.T) {
	c := catalog.New()
	for _, name := range []string{"a", "b"} {
		if err := c.Create(catalog.Object{Name: name, Kind: catalog.Table}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Rename("a", catalog.Object{Name: "b", Kind: catalog.Table}); !errors.Is(err, fault.Conflict) {
		t.Errorf("error %v, want a conflict", err)
	}
	if err := c.Rename("a", catalog.Object{Name: "c", Kind: catalog.Table}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b", "c"}, c.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestDatabases(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.json")
	c := open(t, path)
	if err := c.PutDatabase(catalog.Database{Name: "d", Comment: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Create(catalog.Object{Name: "d.t", Database: "d", Kind: catalog.Table}); err != nil {
		t.Fatal(err)
	}
	c = open(t, path)
	if diff := cmp.Diff([]catalog.Database{{Name: "d", Comment: "x"}}, c.Databases()); diff != "" {
		t.Errorf("databases (-want +got):\n%s", diff)
	}
	if err := c.DropDatabase("d", false); !errors.Is(err, fault.Conflict) {
		t.Errorf("dropping a database with a table: %v, want a conflict", err)
	}
	if err := c.DropDatabase("d", true); err != nil {
		t.Fatal(err)
	}
	if got := c.Names(); len(got) > 0 {
		t.Errorf("names %v, want none", got)
	}
	if err := c.DropDatabase("d", true); !errors.Is(err, fault.NotFound) {
		t.Errorf("dropping a database that is none: %v, want not found", err)
	}
}
