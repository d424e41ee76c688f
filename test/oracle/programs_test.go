//go:build oracle

package oracle

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"millrace/catalog"
	"millrace/engine"
	"millrace/sql/ast"
	"millrace/sql/parse"
	"millrace/sql/plan"
)

// program is a line of programs.jsonl: one of Flink's TableTestPrograms.
type program struct {
	Class, ID string
	Setup     []step
	Run       []runStep

	tables map[string]*programTable
	batch  bool // run in batch mode, over all rows
}

// runStep is a statement that a program runs.
type runStep struct {
	Kind, SQL  string
	Statements []string
}

// fails says whether the statement must give an error.
func (r *runStep) fails() bool { return strings.Contains(r.Kind, "FAIL") }

func (r *runStep) statement() string {
	if r.Kind == "STATEMENT_SET" {
		return "EXECUTE STATEMENT SET BEGIN\n" + strings.Join(r.Statements, ";\n") + ";\nEND"
	}
	return strings.TrimRight(strings.TrimSpace(r.SQL), ";")
}

// step is a source, a sink, or a setting of a program.
type step struct {
	Kind, Name, SQL  string
	Option           string
	Value            any
	SchemaComponents []string
	Distribution     string // the clause
	PartitionKeys    []string
	Options          map[string]string

	DataBeforeRestore, DataAfterRestore                       []programRow
	ExpectedBeforeRestore, ExpectedAfterRestore               []programRow
	ExpectedBeforeRestoreStrings, ExpectedAfterRestoreStrings []string
	ExpectedMaterializedRows                                  []programRow
	ExpectedMaterializedStrings                               []string
	TestChangelogData                                         bool
}

// programRow is a row with its kind.
type programRow struct {
	Kind   string
	Fields []json.RawMessage
}

// programTable is a source or a sink of a program.
type programTable struct {
	*step
	ddl   string
	names []string    // the physical columns, then those of metadata
	types []string    // of names
	key   []int       // PRIMARY KEY, in names
	meta  []string    // keys of metadata columns
	rows  *valuesRows // of a source
	split int         // the how manieth source it is
}

// TestPrograms runs Flink's own programs as its tests do: they read their first rows, stop with a
// checkpoint, are restored from it, read the others, and end. A sub-test is a program, by its id.
func TestPrograms(t *testing.T) {
	folder := casesFolder(t)
	tally := map[string][]string{}
	for _, p := range programs(t, filepath.Join(folder, "programs.jsonl")) {
		t.Run(p.ID, func(t *testing.T) {
			if reason := p.leftOut(); reason != "" {
				tally["left out"] = append(tally["left out"], p.ID+": "+reason)
				t.Logf("left out: %s", reason)
				return
			}
			how, complaint := p.try(t)
			tally[how] = append(tally[how], p.ID)
			if complaint != "" {
				t.Errorf("%s: %s", how, complaint)
				return
			}
			t.Logf("right: %s", how)
		})
	}
	for how, ids := range tally {
		slices.Sort(ids)
		t.Logf("%d %s:\n\t%s", len(ids), how, strings.Join(ids, "\n\t"))
	}
}

func programs(t *testing.T, path string) []*program {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []*program
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var p program
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		all = append(all, &p)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// The ways in which a program can end.
const (
	notPlanned  = "does not plan"
	notRun      = "breaks"
	wrongAnswer = "wrong answer"
)

// try runs a program and returns which check it has passed, or what is wrong. In Flink's tests the rows
// of several sources meet as it happens: they come one source after the other here, and if that does
// not give the answer, one row of each in turn.
func (p *program) try(t *testing.T) (how, complaint string) {
	if err := p.declare(t); err != nil {
		return notPlanned, err.Error()
	}
	how, complaint = p.tryOnce(t, false)
	if how == notPlanned && strings.Contains(complaint, "on streaming table is not supported") {
		// Flink says the same: it is a program of its batch tests.
		p.batch = true
		how, complaint = p.tryOnce(t, false)
		how += ", in batch mode"
	}
	if how != wrongAnswer || p.sources() < 2 {
		return how, complaint
	}
	if inTurn, worse := p.tryOnce(t, true); worse == "" {
		return inTurn + ", the sources in turn", ""
	}
	return how, complaint
}

func (p *program) tryOnce(t *testing.T, inTurn bool) (how, complaint string) {
	planner, err := p.planner()
	if err != nil {
		return notPlanned, err.Error()
	}
	l := &lives{program: p, folder: t.TempDir(), inTurn: inTurn, first: map[string][]string{}, second: map[string][]string{}, open: map[string][]string{}}
	for i := range p.Run {
		if how, err := l.step(t, planner, &p.Run[i]); err != nil {
			return how, err.Error()
		}
	}
	worst := ""
	for _, s := range p.sinks() {
		how, complaint := l.check(s)
		if complaint != "" {
			return wrongAnswer, complaint
		}
		worst = max(worst, how)
	}
	return worst, ""
}

// step runs one statement of a program.
func (l *lives) step(t *testing.T, planner *plan.Planner, r *runStep) (how string, err error) {
	how = notPlanned
	err = planner.Script(r.statement(), func(_ ast.Statement, r *plan.Result) (err error) {
		how = notRun
		if r.Job != nil {
			// The clock of a bubble moves only while nothing else does: there is no waiting, and no race.
			synctest.Test(t, func(t *testing.T) { err = l.run(t.Context(), r.Job) })
		}
		return err
	})
	switch {
	case r.fails() && err == nil:
		return wrongAnswer, fmt.Errorf("it runs, but an error is wanted: %s", r.SQL)
	case r.fails():
		return how, nil
	}
	return how, err
}

// sources is how many sources a program has.
func (p *program) sources() int {
	n := 0
	for _, t := range p.tables {
		if t.rows != nil {
			n++
		}
	}
	return n
}

// restores says whether a program has a second life.
func (p *program) restores() bool {
	return !p.batch && slices.ContainsFunc(p.Setup, func(s step) bool { return strings.HasSuffix(s.Kind, "_WITH_RESTORE_DATA") })
}

func (p *program) sinks() []*programTable {
	var all []*programTable
	for i := range p.Setup {
		if strings.HasPrefix(p.Setup[i].Kind, "SINK") {
			all = append(all, p.tables[p.Setup[i].Name])
		}
	}
	return all
}

// declare makes the tables of a program and the rows of its sources.
func (p *program) declare(t *testing.T) error {
	p.tables = map[string]*programTable{}
	for i := range p.Setup {
		s := &p.Setup[i]
		switch s.Kind {
		case "SOURCE_WITH_RESTORE_DATA", "SOURCE_WITH_DATA", "SINK_WITH_RESTORE_DATA", "SINK_WITH_DATA":
		case "CONFIG", "SQL":
			continue
		default:
			return fmt.Errorf("the setup has a step of kind %s", s.Kind)
		}
		table := &programTable{step: s, split: len(p.tables)}
		if err := table.define(); err != nil {
			return err
		}
		if strings.HasPrefix(s.Kind, "SOURCE") {
			var err error
			if table.rows, err = makeRows(t.Context(), table); err != nil {
				return fmt.Errorf("rows of %s: %w", s.Name, err)
			}
		}
		p.tables[s.Name] = table
	}
	return nil
}

// define writes the CREATE TABLE and learns the columns from it.
func (t *programTable) define() error {
	var s strings.Builder
	fmt.Fprintf(&s, "CREATE TABLE `%s` (\n  %s\n)", t.Name, strings.Join(t.SchemaComponents, ",\n  "))
	if t.Distribution != "" {
		s.WriteString("\n" + strings.TrimSpace(t.Distribution))
	}
	if len(t.PartitionKeys) > 0 {
		fmt.Fprintf(&s, "\nPARTITIONED BY (%s)", strings.Join(t.PartitionKeys, ", "))
	}
	bare := s.String()
	st, err := parse.Statement(bare)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, bare)
	}
	t.learn(st.(*ast.CreateTable))
	options := []string{"'connector' = 'values'"}
	if len(t.key) > 0 {
		options = append(options, "'has-key' = 'true'")
	}
	if t.Kind == "SOURCE_WITH_DATA" {
		options = append(options, "'scan.watermark.emit.strategy' = 'on-event'")
	}
	for _, key := range slices.Sorted(keysOf(t.Options)) {
		options = append(options, fmt.Sprintf("'%s' = '%s'", key, strings.ReplaceAll(t.Options[key], "'", "''")))
	}
	fmt.Fprintf(&s, "\nWITH (%s)", strings.Join(options, ", "))
	t.ddl = s.String()
	return nil
}

func (t *programTable) learn(st *ast.CreateTable) {
	for _, metadata := range []bool{false, true} {
		for _, c := range st.Columns {
			if c.Computed != nil || (c.Metadata != nil) != metadata {
				continue
			}
			t.names = append(t.names, c.Name.Name)
			t.types = append(t.types, ast.Format(c.Type))
			if metadata {
				key := c.Metadata.From
				if key == "" {
					key = c.Name.Name
				}
				t.meta = append(t.meta, key)
			}
			if c.PrimaryKey {
				t.key = append(t.key, len(t.names)-1)
			}
		}
	}
	if st.PrimaryKey != nil {
		for _, c := range st.PrimaryKey.Columns {
			t.key = append(t.key, slices.Index(t.names, c.Name))
		}
	}
}

// planner returns a planner that has the settings and the tables of a program.
func (p *program) planner() (*plan.Planner, error) {
	planner := plan.NewPlanner(catalog.New(), p.connectors(nil), nil)
	values := map[string]string{"table.local-time-zone": "UTC"}
	if p.batch {
		values["execution.runtime-mode"] = "batch"
	}
	for _, s := range p.Setup {
		if s.Kind == "CONFIG" {
			// "Key: 'table.exec.mini-batch.size' , default: -1 (fallback keys: [])"
			_, rest, _ := strings.Cut(s.Option, "'")
			key, _, _ := strings.Cut(rest, "'")
			values[key] = configText(s.Value)
		}
	}
	var err error
	if planner.Settings, err = plan.NewSettings(values); err != nil {
		return nil, err
	}
	for _, s := range p.Setup {
		ddl := s.SQL
		if t := p.tables[s.Name]; t != nil {
			ddl = t.ddl
		}
		if ddl == "" {
			continue
		}
		if err := planner.Script(ddl, func(ast.Statement, *plan.Result) error { return nil }); err != nil {
			return nil, fmt.Errorf("%w\n%s", err, ddl)
		}
	}
	return planner, nil
}

// configText is a setting as SET has it: PT10S is 10000 ms.
func configText(v any) string {
	text := fmt.Sprint(v)
	if ms, ok := intervalOf(javaValue{T: "Duration", V: json.RawMessage(`"` + text + `"`)}); ok && strings.HasPrefix(text, "PT") {
		return ms + " ms"
	}
	switch text {
	case "True", "true":
		return "true"
	case "False", "false":
		return "false"
	}
	return text
}

var _ engine.Ledger = (*programLedger)(nil)
