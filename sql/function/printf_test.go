package function

import (
	"os"
	"strings"
	"testing"

	"millrace/schema"
	"millrace/vec"
)

// TestPrintfIsJavas holds PRINTF against java.util.Formatter: type, format, value, text or NULL.
func TestPrintfIsJavas(t *testing.T) {
	table, err := os.ReadFile("testdata/printf.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		typ := map[string]schema.Type{"I": integer32, "D": double, "S": varchar}[cells[0]]
		o, err := bindPrintf([]Arg{{Type: varchar}, {Type: typ}})
		if err != nil {
			t.Fatal(err)
		}
		var dst vec.Column
		if err := apply(o, &Call{}, []*vec.Column{columnOf(varchar, cells[1]), columnOf(typ, cells[2])}, vec.Rows{N: 1}, &dst); err != nil {
			t.Fatal(err)
		}
		got := "NULL"
		if !dst.IsNull(0) {
			got = strings.ReplaceAll(string(dst.Bytes(0)), "\n", `\n`)
		}
		if got != cells[3] {
			t.Errorf("%s of %s: got %q, want %q", cells[1], cells[2], got, cells[3])
		}
	}
}

// FuzzPrintf takes any format: it may give NULL, but must not panic.
func FuzzPrintf(f *testing.F) {
	f.Add("%1$-8.3s|%<S %,(+.2f %08x%%%n", 12.5, int64(-7), "x")
	f.Fuzz(func(t *testing.T, format string, number float64, whole int64, text string) {
		cols := make([]*vec.Column, 4)
		for i, v := range []vec.Value{{S: format}, {F: number}, {I: whole}, {S: text}} {
			cols[i] = &vec.Column{}
			cols[i].Fill([]schema.Type{varchar, double, bigint, varchar}[i], v, 1)
		}
		p := printer{pattern: []byte(format), args: cols[1:]}
		p.append(nil)
	})
}
