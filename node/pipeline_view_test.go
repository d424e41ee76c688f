package node

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"millrace/api"
	"millrace/bus"
	"millrace/fault"
)

// TestPlanOfAPipeline: its steps with their figures, the splits, the checkpoints, and why nothing came at first.
func TestPlanOfAPipeline(t *testing.T) {
	b, ctx := openTestBus(t), t.Context()
	p, stop := newPipelines(t, b, t.TempDir())
	defer stop()
	if _, err := p.Plan(ctx, "copy"); !errors.Is(err, fault.NotFound) {
		t.Errorf("a pipeline that is none: %v", err)
	}
	if err := p.Apply(ctx, api.PipelineRequest{Name: "copy", SQL: copyScript}); err != nil {
		t.Fatal(err)
	}
	plan := func() api.JobPlan {
		t.Helper()
		all, err := p.Plan(ctx, "copy")
		if err != nil || len(all.Jobs) != 1 {
			t.Fatalf("%+v, %v", all, err)
		}
		return all.Jobs[0]
	}
	why := func(code string) func() bool {
		return func() bool {
			return slices.ContainsFunc(plan().Why, func(r api.PlanReason) bool { return r.Code == code && r.Text != "" })
		}
	}
	until(t, "nothing was sent", why("no_records"))
	if err := b.Append(ctx, []bus.Record{{Topic: "numbers", Value: []byte(`{"n":"one"}`)}}); err != nil {
		t.Fatal(err)
	}
	until(t, "all was refused", why("refused"))
	if err := b.Append(ctx, []bus.Record{{Topic: "numbers", Value: []byte(`{"n":1}`)}, {Topic: "numbers", Value: []byte(`{"n":2}`)}}); err != nil {
		t.Fatal(err)
	}
	until(t, "two rows and a checkpoint", func() bool { j := plan(); return j.Nodes[0].RecordsOut == 2 && len(j.Checkpoints) > 0 })
	j := plan()
	lines := strings.Split(strings.TrimSpace(j.Text), "\n")
	if len(lines) != len(j.Nodes) || !strings.HasPrefix(j.Nodes[0].Text, "Sink target") || j.Nodes[len(j.Nodes)-1].RecordsIn != 2 || !j.Measured {
		t.Errorf("the plan is %+v", j)
	}
	refused := int64(0)
	for _, s := range j.Splits {
		refused += s.Refused
	}
	if len(j.Splits) != 2 || refused != 1 {
		t.Errorf("the splits are %+v", j.Splits)
	}
}
