package node

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"millrace/api"
	"millrace/bus"
	"millrace/fault"
)

// TestStatementPreviewLeavesNothing: rows of scripts, views and steps of a pipeline, and nothing on the bus that was not there.
func TestStatementPreviewLeavesNothing(t *testing.T) {
	b, ctx := openTestBus(t), t.Context()
	p, stop := newPipelines(t, b, t.TempDir())
	defer stop()
	if err := p.Apply(ctx, api.PipelineRequest{Name: "copy", SQL: copyScript}); err != nil {
		t.Fatal(err)
	}
	if err := p.Pause(ctx, "copy"); err != nil {
		t.Fatal(err)
	}
	if err := b.Append(ctx, []bus.Record{{Topic: "numbers", Value: []byte(`{"n":"one"}`)}, {Topic: "numbers", Value: []byte(`{"n":4}`)}}); err != nil {
		t.Fatal(err)
	}
	held := func() string {
		topics, err := b.Topics(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, topic := range topics {
			n := int64(0)
			for _, part := range topic.Partitions {
				n += part.End
			}
			all = append(all, topic.Name, string(rune('0'+n)))
		}
		groups, err := b.Groups(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range groups {
			all = append(all, g.Name)
		}
		return strings.Join(all, " ")
	}
	before := held()
	preview := func(q api.StatementPreview) (api.StatementRows, error) {
		q.From, q.Rows = "earliest", max(q.Rows, 1)
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		return p.Preview(ctx, q)
	}
	f := func(want string, q api.StatementPreview) {
		t.Helper()
		got, err := preview(q)
		if err != nil {
			t.Errorf("%+v: %v", q, err)
			return
		}
		var rows []string
		for _, r := range got.Rows {
			row := r.Op
			for _, v := range r.Values {
				if v == nil {
					row += " NULL"
					continue
				}
				row += " " + *v
			}
			rows = append(rows, row)
		}
		if strings.Join(rows, "; ") != want {
			t.Errorf("%+v: rows %q, want %q", q, rows, want)
		}
	}
	f("+I 8", api.StatementPreview{Pipeline: "copy"})
	f("+I 4", api.StatementPreview{Pipeline: "copy", View: "source"})
	plan, err := p.Plan(ctx, "copy")
	if err != nil {
		t.Fatal(err)
	}
	scan := slices.IndexFunc(plan.Jobs[0].Nodes, func(n api.PlanNode) bool { return n.Kind == "Scan" })
	f("+I 4", api.StatementPreview{Pipeline: "copy", Job: plan.Jobs[0].Name, Node: scan})
	script := copyScript[:strings.Index(copyScript, "SET")]
	f("+I 5", api.StatementPreview{SQL: script + "SELECT n + 1 FROM source"})
	f("+I 4; -U 4; +U 5", api.StatementPreview{SQL: "SELECT SUM(v) FROM (VALUES (4), (1)) AS t(v)", Rows: 3})

	if _, err := preview(api.StatementPreview{SQL: script + "SELECT m FROM source"}); !errors.Is(err, fault.Invalid) && err == nil {
		t.Errorf("a column that is none: %v", err)
	}
	if _, err := preview(api.StatementPreview{SQL: strings.Replace(script, "'numbers'", "'other'", 1) + "SELECT n FROM source"}); !errors.Is(err, fault.NotFound) {
		t.Errorf("a topic that is none: %v", err)
	}
	if _, err := preview(api.StatementPreview{Pipeline: "copy", Node: 99}); !errors.Is(err, fault.NotFound) {
		t.Errorf("a step that is none: %v", err)
	}
	if after := held(); after != before {
		t.Errorf("the bus holds %q, before it was %q", after, before)
	}

	// Nothing comes: it ends with its time, and says why.
	short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	got, err := p.Preview(short, api.StatementPreview{SQL: script + "SELECT n FROM source WHERE n > 100", From: "earliest", Rows: 1})
	if err != nil || len(got.Rows) != 0 || got.Refused != 1 || len(got.Why) != 1 || got.Why[0].Code != "filter" {
		t.Errorf("%+v, %v", got, err)
	}
}
