package engine

import "millrace/sql/plan"

// nodeSums put the figures of tasks together, by node of the plan. A node may be several steps: one before an
// exchange and one behind it. What goes from one to the other is neither what came to it nor what it gave.
type nodeSums struct {
	plan   *PlanStatus
	tasks  []*taskFigures
	recent recent
	split  map[int]bool // nodes that are on both sides of an exchange
}

func newNodeSums(p *PlanStatus, tasks []*taskFigures, r recent) *nodeSums {
	s := &nodeSums{plan: p, tasks: tasks, recent: r, split: map[int]bool{}}
	heads := map[int]bool{}
	for _, t := range tasks {
		if t.queue != nil {
			heads[t.nodes[0]] = true
		}
	}
	for _, t := range tasks {
		if end := t.nodes[len(t.nodes)-1]; !t.sink && heads[end] && (t.queue == nil || t.nodes[0] != end) {
			s.split[end] = true
		}
	}
	return s
}

func (s *nodeSums) addAll() {
	for i, t := range s.tasks {
		var r *recentTask
		if s.recent.over > 0 {
			r = &s.recent.tasks[i]
		}
		s.add(t, &s.recent.now.tasks[i], r)
	}
	if s.recent.over <= 0 {
		return
	}
	over := s.recent.over.Seconds()
	for i := range s.plan.Nodes {
		n := &s.plan.Nodes[i]
		n.RecordsInPerSec, n.RecordsOutPerSec = n.RecordsInPerSec/over, n.RecordsOutPerSec/over
		n.BytesInPerSec, n.BytesOutPerSec = n.BytesInPerSec/over, n.BytesOutPerSec/over
	}
}

// add adds what one task measured. Until all tasks are added the rates are amounts.
func (s *nodeSums) add(t *taskFigures, all *taskSample, r *recentTask) {
	none := taskSample{flows: make([]flowed, len(t.flows))}
	late := none
	if r != nil {
		late = taskSample{flows: r.flows, ports: r.ports, written: r.written}
	}
	s.flows(t, all, &late)
	counted := map[int]bool{}
	for _, at := range t.nodes {
		if n := &s.plan.Nodes[at]; !counted[at] {
			counted[at] = true
			n.Measured = true
			n.Tasks++
			if r != nil {
				s.shares(n, t, r)
			}
		}
	}
	s.head(&s.plan.Nodes[t.nodes[0]], t)
}

// flows adds what entered and left the nodes of a task.
func (s *nodeSums) flows(t *taskFigures, all, recent *taskSample) {
	last := len(t.nodes) - 1
	head := &s.plan.Nodes[t.nodes[0]]
	switch {
	case t.queue == nil:
		head.in(all.flows[0], recent.flows[0])
	case !s.split[t.nodes[0]]:
		head.in(all.ports[0].plus(all.ports[1]), recent.ports[0].plus(recent.ports[1]))
		head.ports(all, recent)
	}
	for k := 1; k <= last; k++ {
		moved := t.nodes[k] != t.nodes[k-1]
		if moved {
			s.plan.Nodes[t.nodes[k]].in(all.flows[k], recent.flows[k])
		}
		if leaves := k == last && !t.sink; (moved || leaves) && !(leaves && s.split[t.nodes[k]]) {
			s.plan.Nodes[t.nodes[k-1]].out(all.flows[k], recent.flows[k])
		}
	}
	if t.sink {
		s.plan.Nodes[t.nodes[last]].out(all.written, recent.written)
		s.plan.Nodes[t.nodes[last]].Dropped += t.dropped.Load()
	}
}

func (n *NodeStatus) in(all, recent flowed) {
	n.RecordsIn, n.BytesIn = n.RecordsIn+all.rows, n.BytesIn+all.bytes
	n.RecordsInPerSec, n.BytesInPerSec = n.RecordsInPerSec+float64(recent.rows), n.BytesInPerSec+float64(recent.bytes)
	n.recentIn += recent.rows
}

func (n *NodeStatus) out(all, recent flowed) {
	n.RecordsOut, n.BytesOut = n.RecordsOut+all.rows, n.BytesOut+all.bytes
	n.RecordsOutPerSec, n.BytesOutPerSec = n.RecordsOutPerSec+float64(recent.rows), n.BytesOutPerSec+float64(recent.bytes)
	n.recentOut += recent.rows
}

func (n *NodeStatus) ports(all, recent *taskSample) {
	if n.PortsIn == nil {
		return
	}
	for i := range n.PortsIn {
		n.PortsIn[i] += all.ports[i].rows
		n.recentPorts[i] += recent.ports[i].rows
	}
}

// shares notes how a task's time is shared out, if it is the busiest of the node's so far.
func (s *nodeSums) shares(n *NodeStatus, t *taskFigures, r *recentTask) {
	busy := 0.0
	for k, at := range t.nodes {
		if at == n.ID {
			busy += r.share[t.meter(k).place]
		}
	}
	isSink := t.sink && n.ID == t.nodes[len(t.nodes)-1]
	working := 0.0
	for _, share := range r.share[placeHead:] {
		working += share
	}
	blocked := r.share[placeBlocked]
	if isSink {
		busy, working, blocked = busy+r.stalled, working+r.stalled, max(0, blocked-r.stalled)
		n.stalled = max(n.stalled, r.stalled)
	}
	n.Busy, n.TaskBusy, n.Backpressured = max(n.Busy, min(1, busy)), max(n.TaskBusy, min(1, working)), max(n.Backpressured, blocked)
}

// head adds what only the operator behind an exchange has.
func (s *nodeSums) head(n *NodeStatus, t *taskFigures) {
	if t.queue == nil {
		return
	}
	n.Exchange = true
	n.QueueFill = max(n.QueueFill, float64(len(t.queue))/float64(cap(t.queue)))
	n.Late += t.late.Load()
	n.Keys += t.keys.Load()
	n.StateBytes += t.bytes.Load()
	if due := t.due.Load(); due != startWatermark && (n.WaitsFor == "" || due < n.waitsFor) {
		n.waitsFor, n.WaitsFor = due, formatTime(due)
	}
}

// describe notes what the reasons for silence depend on.
func (n *NodeStatus) describe(of plan.Node) {
	switch of := of.(type) {
	case *plan.Sink:
		n.Table = of.Table
	case *plan.Scan:
		n.Table = of.Table
		n.latest = of.Options.Has("scan.startup.mode") && of.Options.String("scan.startup.mode") == "latest-offset"
	case *plan.Join:
		if of.Time == nil || of.Time.Bound != plan.LookupBound {
			n.PortsIn = make([]int64, 2)
		}
		n.inner = of.Kind == plan.InnerJoin || of.Kind == plan.SemiJoin
		n.timed = of.Time != nil && of.Time.Bound != plan.LookupBound && !of.Time.ByClock
	case *plan.Sets:
		n.PortsIn = make([]int64, 2)
	case *plan.WindowAggregate, *plan.WindowTVF, *plan.WindowTopN, *plan.Match, *plan.Over, *plan.Sort, *plan.Deduplicate:
		n.timed = true
	}
}

// exactlyOnce reports whether a sink of the job asks for it, in Flink's words.
func exactlyOnce(spec *Spec) bool {
	for _, s := range spec.Sinks {
		if s.Options.String("sink.delivery-guarantee") == "exactly-once" {
			return true
		}
	}
	return false
}
