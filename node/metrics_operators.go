package node

import (
	"fmt"

	"millrace/engine"
	"millrace/telemetry"
)

// maxOperatorSeries bounds the label values of the figures of operators: the steps of all jobs that run here.
const maxOperatorSeries = 2000

// operatorMetrics are the figures of the steps of jobs that run here, labelled with the job and with the step as
// EXPLAIN counts it: "2 WindowAggregate".
func (n *Node) operatorMetrics(m *telemetry.Metrics) {
	add := func(name, help string, read func(*engine.NodeStatus) float64) {
		m.SampleFunc("engine", name, help, []string{"job", "operator"}, func() []telemetry.Sample {
			var out []telemetry.Sample
			for _, p := range n.pipelines.plans() {
				for i := range p.Nodes {
					if v := &p.Nodes[i]; v.Measured && len(out) < maxOperatorSeries {
						out = append(out, telemetry.Sample{Labels: []string{p.Name, fmt.Sprintf("%d %s", v.ID, v.Kind)}, Value: read(v)})
					}
				}
			}
			return out
		})
	}
	add("operator_records_in", "Rows that came to an operator since its job was last started.", func(v *engine.NodeStatus) float64 { return float64(v.RecordsIn) })
	add("operator_records_out", "Rows that an operator gave since its job was last started.", func(v *engine.NodeStatus) float64 { return float64(v.RecordsOut) })
	add("operator_bytes_in", "About how many bytes came to an operator since its job was last started.", func(v *engine.NodeStatus) float64 { return float64(v.BytesIn) })
	add("operator_busy_ratio", "Share of time that the operator's busiest task worked on it.", func(v *engine.NodeStatus) float64 { return v.Busy })
	add("operator_backpressured_ratio", "Share of time that the operator's task waited for those behind it.", func(v *engine.NodeStatus) float64 { return v.Backpressured })
	add("operator_state_bytes", "Bytes that an operator remembered at the last checkpoint.", func(v *engine.NodeStatus) float64 { return float64(v.StateBytes) })
	add("operator_state_keys", "Keys, or rows, that an operator remembered at the last checkpoint.", func(v *engine.NodeStatus) float64 { return float64(v.Keys) })
	add("operator_late_rows", "Rows behind the watermark that an operator dropped.", func(v *engine.NodeStatus) float64 { return float64(v.Late) })
	add("operator_watermark_behind_seconds", "How far the watermark at an operator is behind the clock; -1 without one.", func(v *engine.NodeStatus) float64 { return v.BehindSeconds })
	n.checkpointMetrics(m)
}

// checkpointMetrics are about the last checkpoint of each job that runs here.
func (n *Node) checkpointMetrics(m *telemetry.Metrics) {
	add := func(name, help string, read func(*engine.PlanStatus) float64) {
		m.SampleFunc("engine", name, help, []string{"job"}, func() []telemetry.Sample {
			var out []telemetry.Sample
			for _, p := range n.pipelines.plans() {
				out = append(out, telemetry.Sample{Labels: []string{p.Name}, Value: read(&p)})
			}
			return out
		})
	}
	add("checkpoint_duration_seconds", "How long the job's last checkpoint took.", func(p *engine.PlanStatus) float64 { return p.Checkpoint.DurationMS / 1000 })
	add("checkpoint_bytes", "What the job's last checkpoint wrote.", func(p *engine.PlanStatus) float64 { return float64(p.Checkpoint.Bytes) })
	add("lag_seconds", "How old the newest record read is in the split that is furthest behind.", func(p *engine.PlanStatus) float64 {
		most := 0.0
		for _, s := range p.Splits {
			most = max(most, s.LagSeconds)
		}
		return most
	})
}

// plans are those of the jobs that run here, with their figures.
func (p *pipelines) plans() []engine.PlanStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []engine.PlanStatus
	for _, name := range sortedNames(p.list) {
		for _, j := range p.list[name].jobs {
			if p.work.owns(jobPrefix + j.Status().Name) {
				out = append(out, j.Plan())
			}
		}
	}
	return out
}
