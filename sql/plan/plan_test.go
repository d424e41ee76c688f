package plan_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"millrace/catalog"
	"millrace/connector"
	"millrace/format"
	"millrace/option"
	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/parse"
	"millrace/sql/plan"
)

var rewrite = flag.Bool("rewrite", false, "write the expectations of testdata/*.sql")

// newPlanner returns a planner with connectors and formats that have options but do nothing.
func newPlanner() *plan.Planner {
	source := func(connector.Table) (connector.Source, error) { return nil, errors.ErrUnsupported }
	sink := func(connector.Table) (connector.Sink, error) { return nil, errors.ErrUnsupported }
	ltz := schema.Of(schema.TimestampLTZ).WithPrecision(3).Required()
	return plan.NewPlanner(catalog.New(),
		[]connector.Spec{
			{Name: "kafka", SQL: true, Format: true, Periodic: true, Writable: []string{"timestamp"}, Source: source, Sink: sink, Options: []option.Option{
				{Name: "topic", Required: true, Doc: "The topic."},
				{Name: "properties.*"},
				{Name: "scan.startup.mode", OneOf: []string{"earliest-offset", "latest-offset", "group-offsets"}, Default: "group-offsets"},
				{Name: "sink.delivery-guarantee", OneOf: []string{"none", "at-least-once", "exactly-once"}, Default: "at-least-once"},
				{Name: "sink.partitioner"},
				{Name: "sink.transactional-id-prefix"},
			}, Metadata: map[string]schema.Type{
				"timestamp": ltz, "partition": schema.Of(schema.Int).Required(), "offset": schema.Of(schema.BigInt).Required(),
			}},
			{Name: "print", SQL: true, Takes: func(option.Values) format.Changes { return format.All }, Sink: sink},
			{Name: "datagen", SQL: true, Source: source, Options: []option.Option{{Name: "number-of-rows", Kind: option.Int}}},
			{Name: "mqtt", Source: source},
		},
		[]format.Spec{{Name: "json", Options: []option.Option{
			{Name: "ignore-parse-errors", Kind: option.Bool, Default: "false"},
		}}},
	)
}

// TestGolden runs testdata/*.sql. After a run of statements stands what they give, in comments: the
// plan of the last one, its rows, or the error; go test -rewrite writes them.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".sql"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := run(newPlanner(), string(text))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// run returns the script with the expectations that its statements meet.
func run(p *plan.Planner, script string) string {
	var out, sql strings.Builder
	flush := func() {
		if strings.TrimSpace(sql.String()) != "" {
			for line := range strings.Lines(answer(p, sql.String())) {
				out.WriteString("--  " + line)
			}
		}
		sql.Reset()
	}
	inAnswer := false
	for line := range strings.Lines(script) {
		switch {
		case strings.HasPrefix(line, "--->"):
			out.WriteString(line)
			flush()
			inAnswer = true
		case inAnswer && strings.HasPrefix(line, "--"):
		default:
			inAnswer = false
			sql.WriteString(line)
			out.WriteString(line)
		}
	}
	return out.String()
}

// answer returns the text of the last result, or of the error.
func answer(p *plan.Planner, sql string) string {
	last := ""
	err := p.Script(sql, func(_ ast.Statement, r *plan.Result) error {
		switch {
		case r.Job != nil:
			last = r.Job.Text
		case r.Columns != nil:
			rows := []string{strings.Join(r.Columns, " | ")}
			for _, row := range r.Rows {
				rows = append(rows, strings.Join(row, " | "))
			}
			last = strings.Join(rows, "\n") + "\n"
		default:
			last = "ok\n"
		}
		return nil
	})
	var e *parse.Error
	if !errors.As(err, &e) {
		return last
	}
	text := "error: " + e.Message + "\n" + e.Snippet() + "\n"
	if e.Hint != "" {
		text += "hint: " + e.Hint + "\n"
	}
	return text
}
