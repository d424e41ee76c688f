package engine

import (
	"fmt"
	"math"
	"strings"
	"time"

	"millrace/sql/plan"
)

// PlanStatus is a job's plan with what each node of it does: EXPLAIN with live figures.
type PlanStatus struct {
	Status
	// Text is what EXPLAIN prints; node i is its line i.
	Text  string       `json:"text"`
	Nodes []NodeStatus `json:"nodes"`
	// Over is how many seconds rates and shares are over; 0 while there are none.
	Over float64 `json:"over_seconds"`
	// Bottleneck is the node that the others wait for; -1 if none has much to do.
	Bottleneck int `json:"bottleneck"`
	// Checkpoints are the last ones, the newest first. Every is the time between two, in milliseconds.
	Checkpoints []CheckpointStatus `json:"checkpoints"`
	Every       int64              `json:"every_ms"`
	ExactlyOnce bool               `json:"exactly_once"`
	// Refusal is why the last record was refused, with where it is.
	Refusal string `json:"refusal,omitempty"`
	// Broke is why the job was restarted last.
	Broke string   `json:"broke,omitempty"`
	Why   []Reason `json:"why"`
}

// NodeStatus is a node of a plan. Counts are since the job was last (re)started, rates over the last seconds.
type NodeStatus struct {
	ID int `json:"id"`
	// To is the node that its rows go to, Port its which input they are; -1 for a sink.
	To    int    `json:"to"`
	Port  int    `json:"port"`
	Depth int    `json:"depth"`
	Kind  string `json:"kind"` // Scan, Filter, WindowAggregate, … as EXPLAIN begins
	Text  string `json:"text"`
	Table string `json:"table,omitempty"` // of a scan or a sink
	// Measured: the job runs here and this node is one of its steps.
	Measured bool `json:"measured"`
	Tasks    int  `json:"tasks"`

	RecordsIn  int64 `json:"records_in"`
	RecordsOut int64 `json:"records_out"`
	BytesIn    int64 `json:"bytes_in"`
	BytesOut   int64 `json:"bytes_out"`
	// PortsIn is what came to each input of a node that has two.
	PortsIn          []int64 `json:"ports_in,omitempty"`
	RecordsInPerSec  float64 `json:"records_in_per_second"`
	RecordsOutPerSec float64 `json:"records_out_per_second"`
	BytesInPerSec    float64 `json:"bytes_in_per_second"`
	BytesOutPerSec   float64 `json:"bytes_out_per_second"`
	// Busy is the share of its task's time that the busiest of its tasks spent here, TaskBusy that it spent on
	// all its steps, Backpressured that it could not hand on what it had.
	Busy          float64 `json:"busy"`
	TaskBusy      float64 `json:"task_busy"`
	Backpressured float64 `json:"backpressured"`
	// Exchange: its rows come through queues, QueueFill says how full the fullest of them is.
	Exchange  bool    `json:"exchange"`
	QueueFill float64 `json:"queue_fill"`
	// Keys (or rows) and StateBytes are what it remembered at the last checkpoint.
	Keys       int64 `json:"keys"`
	StateBytes int64 `json:"state_bytes"`
	// Watermark is how far event time has come here, BehindSeconds how far that is behind the clock; "" and -1
	// where there is none. WaitsFor is the watermark at which it gives what it holds.
	Watermark     string  `json:"watermark,omitempty"`
	BehindSeconds float64 `json:"behind_seconds"`
	WaitsFor      string  `json:"waits_for,omitempty"`
	Late          int64   `json:"late"`
	Dropped       int64   `json:"dropped"` // by the NOT NULL of a sink

	recentIn, recentOut int64
	recentPorts         [2]int64
	waitsFor            int64
	timed               bool // it waits for event time
	latest              bool // a scan that begins at the newest record
	inner               bool // a join that gives only what matches
	stalled             float64
}

// Explain returns the plan of a job that does not run here.
func Explain(spec *Spec) PlanStatus {
	p := PlanStatus{
		Status: Status{Name: spec.Name, Lag: -1, Splits: []SplitStatus{}}, Text: plan.Explain(spec.Sinks...), Bottleneck: -1,
		Every: spec.Settings.Checkpoint.Milliseconds(), ExactlyOnce: exactlyOnce(spec),
		Nodes: []NodeStatus{}, Checkpoints: []CheckpointStatus{}, Why: []Reason{},
	}
	for _, s := range spec.Sinks {
		p.add(s, -1, 0, 0)
	}
	return p
}

// add appends a node and those below it, as Explain orders them.
func (p *PlanStatus) add(n plan.Node, to, port, depth int) {
	at := len(p.Nodes)
	text := plan.Text(n)
	v := NodeStatus{ID: at, To: to, Port: port, Depth: depth, Text: text, Kind: strings.TrimPrefix(fmt.Sprintf("%T", n), "*plan."), BehindSeconds: -1}
	v.describe(n)
	p.Nodes = append(p.Nodes, v)
	for i, in := range n.Inputs() {
		p.add(in, at, i, depth+1)
	}
}

// Plan returns the job's plan with its figures.
func (j *Job) Plan() PlanStatus {
	p := Explain(&j.spec)
	p.Status = j.Status()
	if p.Splits == nil {
		p.Splits = []SplitStatus{}
	}
	_, p.Checkpoints = j.stats.checkpoints.newest()
	p.Refusal, p.Broke = j.stats.broke()
	now := time.Now()
	tasks, recent := j.stats.rolling.look(now)
	p.Over = recent.over.Seconds()
	sums := newNodeSums(&p, tasks, recent)
	sums.addAll()
	p.passThrough()
	p.watermarks(now, tasks, j.stats.watermarks())
	p.Bottleneck = p.bottleneck()
	p.Why = p.why()
	return p
}

// broke is why the last record was refused and why the job was restarted last.
func (c *counters) broke() (refusal, broke string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != nil {
		broke = c.last.Error()
	}
	return c.refusal, broke
}

// watermarks are those of the splits, by the figures of their tasks.
func (c *counters) watermarks() map[*taskFigures]SplitStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[*taskFigures]SplitStatus{}
	for _, t := range c.splits {
		out[t.figures] = t.status(time.Now())
	}
	return out
}

// passThrough gives nodes that are no step of their own what goes through them: unions.
func (p *PlanStatus) passThrough() {
	for i := len(p.Nodes) - 1; i >= 0; i-- {
		n := &p.Nodes[i]
		if n.Kind != "Union" {
			continue
		}
		n.Measured = true
		for k := range p.Nodes {
			in := &p.Nodes[k]
			if in.To != i {
				continue
			}
			n.Measured = n.Measured && in.Measured
			n.RecordsIn += in.RecordsOut
			n.BytesIn += in.BytesOut
			n.recentIn += in.recentOut
			n.RecordsInPerSec += in.RecordsOutPerSec
			n.BytesInPerSec += in.BytesOutPerSec
		}
		n.RecordsOut, n.BytesOut, n.recentOut = n.RecordsIn, n.BytesIn, n.recentIn
		n.RecordsOutPerSec, n.BytesOutPerSec = n.RecordsInPerSec, n.BytesInPerSec
	}
}

// watermarks says how far event time has come at each node: at the slowest of its tasks that are waited for.
func (p *PlanStatus) watermarks(now time.Time, tasks []*taskFigures, splits map[*taskFigures]SplitStatus) {
	low, high := make([]int64, len(p.Nodes)), make([]int64, len(p.Nodes))
	for i := range low {
		low[i], high[i] = math.MaxInt64, startWatermark
	}
	for _, t := range tasks {
		wm, quiet := t.watermark.Load(), t.quiet.Load()
		if s, ok := splits[t]; ok {
			wm, quiet = s.watermark, s.Idle || s.Done
		}
		for _, at := range t.nodes {
			high[at] = max(high[at], wm)
			if !quiet {
				low[at] = min(low[at], wm)
			}
		}
	}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		wm := low[i]
		if wm == math.MaxInt64 {
			wm = high[i]
		}
		if n.Watermark = formatTime(wm); n.Watermark != "" {
			n.BehindSeconds = now.Sub(time.UnixMilli(wm)).Seconds()
		}
	}
}

// The shares of time from which Flink's screen calls a task's backpressure low, and high.
const (
	someBackpressure = 0.1
	highBackpressure = 0.5
	// saturated is how busy a task is that has no time left.
	saturated = 0.8
)

// bottleneck names the node that has most to do in a task that others wait for, or that has no time left.
func (p *PlanStatus) bottleneck() int {
	best, most := -1, 0.0
	for i := range p.Nodes {
		n := &p.Nodes[i]
		if !n.Measured || n.Backpressured > highBackpressure || n.TaskBusy < saturated && !(n.TaskBusy >= highBackpressure && p.waitedFor(i)) {
			continue
		}
		if n.Busy > most {
			best, most = i, n.Busy
		}
	}
	return best
}

// waitedFor says whether a node that gives it rows cannot hand them on.
func (p *PlanStatus) waitedFor(i int) bool {
	for k := range p.Nodes {
		if n := &p.Nodes[k]; n.To == i && (n.Backpressured > someBackpressure || p.waitedFor(k)) {
			return true
		}
	}
	return false
}
