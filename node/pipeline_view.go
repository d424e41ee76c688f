package node

import (
	"context"
	"math"
	"time"

	"millrace/api"
	"millrace/engine"
)

// Plan implements api.Pipelines. What Flink runs has no plan here.
func (p *pipelines) Plan(_ context.Context, name string) (api.PipelinePlan, error) {
	if _, err := p.find(name); err != nil {
		return api.PipelinePlan{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.list[name]
	out := api.PipelinePlan{Name: name, Jobs: []api.JobPlan{}}
	if one == nil || one.flink != nil {
		return out, nil
	}
	for i := range one.specs {
		spec := &one.specs[i]
		status := engine.Explain(spec)
		here := i < len(one.jobs) && p.work.owns(jobPrefix+spec.Name)
		if here {
			status = one.jobs[i].Plan()
		} else if other, ok := p.elsewhere(spec.Name); ok {
			status.State = engine.State(other.State)
		} else {
			status.State = engine.Paused
		}
		out.Jobs = append(out.Jobs, planView(&status, here))
	}
	return out, nil
}

func planView(s *engine.PlanStatus, here bool) api.JobPlan {
	v := api.JobPlan{
		Name: s.Name, State: string(s.State), Measured: here, Text: s.Text, OverSeconds: round(s.Over), Bottleneck: s.Bottleneck,
		EveryMS: s.Every, ExactlyOnce: s.ExactlyOnce,
		Nodes: []api.PlanNode{}, Splits: []api.PlanSplit{}, Checkpoints: []api.PlanCheckpoint{}, Why: []api.PlanReason{},
	}
	for i := range s.Nodes {
		v.Nodes = append(v.Nodes, nodeView(&s.Nodes[i]))
	}
	for _, sp := range s.Splits {
		v.Splits = append(v.Splits, api.PlanSplit{
			Split: sp.Split, Node: sp.Node, Table: sp.Table, Records: sp.Records, Refused: sp.Refused, Lag: sp.Lag, LagSeconds: round(sp.LagSeconds),
			Watermark: timeView(sp.Watermark), Timed: sp.Timed, IdleTimeout: sp.IdleTimeout, Idle: sp.Idle, Waiting: sp.Waiting, Done: sp.Done,
			Holds: sp.Holds, Because: sp.Because,
		})
	}
	for _, c := range s.Checkpoints {
		v.Checkpoints = append(v.Checkpoints, api.PlanCheckpoint(c))
	}
	for _, r := range s.Why {
		v.Why = append(v.Why, api.PlanReason(r))
	}
	return v
}

func nodeView(n *engine.NodeStatus) api.PlanNode {
	return api.PlanNode{
		ID: n.ID, To: n.To, Port: n.Port, Depth: n.Depth, Kind: n.Kind, Text: n.Text, Table: n.Table, Measured: n.Measured, Tasks: n.Tasks,
		RecordsIn: n.RecordsIn, RecordsOut: n.RecordsOut, BytesIn: n.BytesIn, BytesOut: n.BytesOut,
		RecordsInPerSec: round(n.RecordsInPerSec), RecordsOutPerSec: round(n.RecordsOutPerSec),
		BytesInPerSec: round(n.BytesInPerSec), BytesOutPerSec: round(n.BytesOutPerSec),
		Busy: round(n.Busy), TaskBusy: round(n.TaskBusy), Backpressured: round(n.Backpressured),
		Exchange: n.Exchange, QueueFill: round(n.QueueFill), Keys: n.Keys, StateBytes: n.StateBytes,
		Watermark: timeView(n.Watermark), BehindSeconds: round(n.BehindSeconds), WaitsFor: timeView(n.WaitsFor), Late: n.Late, Dropped: n.Dropped,
	}
}

// round keeps three digits behind the point.
func round(v float64) float64 { return math.Round(v*1000) / 1000 }

func timeView(text string) *time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return nil
	}
	return &at
}
