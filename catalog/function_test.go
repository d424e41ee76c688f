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

func TestFunctionsSurviveReopening(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "catalog.json")
	c := open(t, path)
	for _, f := range []catalog.Function{
		{Name: "f", Language: "WASM", SQL: "CREATE FUNCTION f …"},
		{Name: "gone", Language: "WASM", Temporary: true},
	} {
		if err := c.PutFunction(f, []byte("bytes of "+f.Name)); err != nil {
			t.Fatal(err)
		}
	}
	c = open(t, path)
	all := c.Functions()
	if len(all) != 1 || all[0].Name != "f" {
		t.Fatalf("functions %+v, want f", all)
	}
	module, err := c.Module(all[0].Module)
	if diff := cmp.Diff("bytes of f", string(module)); err != nil || diff != "" {
		t.Fatalf("module: %v (-want +got):\n%s", err, diff)
	}
	if err := os.WriteFile(filepath.Join(folder, "modules", all[0].Module+".wasm"), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Module(all[0].Module); !errors.Is(err, fault.Corrupt) {
		t.Errorf("reading a changed module: %v, want corrupt", err)
	}
	if err := c.DropFunction("f", false, false); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Module(all[0].Module); !errors.Is(err, fault.NotFound) {
		t.Errorf("reading a dropped module: %v, want not found", err)
	}
	if err := c.DropFunction("f", false, false); !errors.Is(err, fault.NotFound) {
		t.Errorf("dropping it again: %v, want not found", err)
	}
}

func TestFunctionsBelongToTheirDatabase(t *testing.T) {
	c := catalog.New()
	if err := c.PutDatabase(catalog.Database{Name: "d"}); err != nil {
		t.Fatal(err)
	}
	if err := c.PutFunction(catalog.Function{Name: "d.f", Database: "d", Language: "SQL"}, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.DropDatabase("d", false); !errors.Is(err, fault.Conflict) {
		t.Errorf("dropping a database with a function: %v, want a conflict", err)
	}
	if err := c.DropDatabase("d", true); err != nil {
		t.Fatal(err)
	}
	if got := c.Functions(); len(got) > 0 {
		t.Errorf("functions %+v, want none", got)
	}
}
