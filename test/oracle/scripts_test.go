//go:build oracle

package oracle

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"millrace/sql/ast"
	"millrace/sql/parse"
	"millrace/test/sql"
)

var rewrite = flag.Bool("rewrite", false, "write Flink's answers into the scripts, but for those that say why they differ")

// TestScripts runs the golden scripts on a real Flink, but for those that say why it answers otherwise
// and those that are not for it.
func TestScripts(t *testing.T) {
	scripts, err := sql.All("../sql")
	if err != nil {
		t.Fatal(err)
	}
	f := start(t)
	for _, s := range scripts {
		if !s.Runs(sql.OnlyMillrace) {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			outs, err := answers(t, f, s)
			if *rewrite && s.Differs == "" && (err != nil) == s.Fails {
				if err := os.WriteFile("../sql/"+s.Name+".sql", []byte(s.Rewritten(outs)), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			complaint := compare(s, outs, err)
			switch {
			case s.Differs != "" && complaint == "":
				t.Errorf("Flink does not differ: the line %q can go", s.Differs)
			case s.Differs == "" && complaint != "":
				t.Error(complaint)
			}
		})
	}
}

// answers runs a script and returns what stands for each of its --out directives.
func answers(t *testing.T, f *flink, s *sql.Script) ([][]string, error) {
	t.Helper()
	text, err := s.In(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	session := f.open(t, map[string]string{"table.dml-sync": "true", "table.local-time-zone": "UTC", "parallelism.default": "1"})
	outs := make([][]string, len(s.Outs))
	for _, st := range split(text) {
		a, err := session.run(st.text)
		if err != nil {
			return outs, err
		}
		for i, o := range s.Outs {
			if o.Line > st.lastLine {
				if outs[i] = a.rows; st.inserts {
					outs[i] = a.printed
				}
			}
		}
	}
	return outs, nil
}

type statement struct {
	text     string
	lastLine int
	inserts  bool
}

// split cuts a script into statements; one that millrace cannot parse stays whole.
func split(text string) []statement {
	parsed, err := parse.Script(text)
	if err != nil {
		return pieces(text)
	}
	var all []statement
	for _, st := range parsed {
		at := st.Extent()
		one := statement{text: text[at.Pos.Offset:at.End.Offset], lastLine: at.End.Line}
		switch st := st.(type) {
		case *ast.Insert, *ast.StatementSet:
			one.inserts = true
		case *ast.CreateTable:
			one.inserts = st.As != nil
		}
		all = append(all, one)
	}
	return all
}

// pieces cuts at semicolons at the end of a line, which is enough for scripts that fail.
func pieces(text string) []statement {
	var all []statement
	for _, piece := range strings.Split(text, ";\n") {
		code := strings.TrimSpace(strings.Join(slices.DeleteFunc(strings.Split(piece, "\n"), func(line string) bool { return strings.HasPrefix(line, "--") }), "\n"))
		if code != "" {
			all = append(all, statement{text: strings.TrimSuffix(code, ";")})
		}
	}
	return all
}

// compare returns what differs, or nothing.
func compare(s *sql.Script, outs [][]string, err error) string {
	switch {
	case err != nil && !s.Fails:
		return "Flink refuses it: " + err.Error()
	case err == nil && s.Fails:
		return "Flink runs it, an error is wanted"
	}
	var all strings.Builder
	for i, o := range s.Outs {
		if diff := cmp.Diff(o.Order.Of(o.Rows), o.Order.Of(outs[i]), cmpopts.EquateEmpty()); diff != "" {
			all.WriteString(diff)
		}
	}
	if all.Len() > 0 {
		return "rows differ (-expectation +Flink):\n" + all.String()
	}
	return ""
}
