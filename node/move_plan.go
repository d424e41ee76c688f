package node

import (
	"fmt"
	"strings"

	"millrace/config"
	"millrace/engine"
	"millrace/fault"
	"millrace/format"
	"millrace/schema"
	"millrace/sql/plan"
)

// route is what there is to know of a job before it is moved between engines.
type route struct {
	spec  *engine.Spec
	scans []*plan.Scan
	// windows is the operator whose windows are open while the job runs; nil: the job remembers nothing.
	windows *openWindows
}

// openWindows are the windows of a job that has some.
type openWindows struct {
	plan.Window
	scan *plan.Scan // what they are made of
	time schema.Field
	// Their bounds in the output: a column of the sink, and how much is to be added to it for the end of the window, in
	// milliseconds. Sink is nil if no column tells.
	sink   *plan.Sink
	column int
	add    int64
}

// refusal is why a step of a job cannot be moved.
type refusal struct{ job, step, reason string }

// routes says how the jobs of a pipeline are moved to an engine, or what of them cannot be, and why.
func (p *pipelines) routes(one *pipeline, to string) ([]route, error) {
	if len(one.specs) == 0 {
		return nil, fault.New(fault.Conflict, "pipeline %q cannot be moved: its script is one that only Flink runs", one.Name)
	}
	var all []route
	var refused []refusal
	for i := range one.specs {
		s := surveyor{p: p, job: one.specs[i].Name, route: route{spec: &one.specs[i]}}
		s.survey(one, to)
		all, refused = append(all, s.route), append(refused, s.refused...)
	}
	if one.Modules != "" {
		refused = append(refused, refusal{one.Name, "CREATE FUNCTION", "its functions are in WebAssembly, which Flink does not run"})
	}
	if len(refused) == 0 {
		return all, nil
	}
	lines := make([]string, len(refused))
	for i, r := range refused {
		lines[i] = fmt.Sprintf("%s: %s: %s", r.job, r.step, r.reason)
	}
	return nil, fault.New(fault.Conflict, "pipeline %q cannot be moved to %s: %s", one.Name, to, strings.Join(lines, "; ")).
		WithHint("nothing was stopped; take those steps out into a pipeline of their own")
}

// surveyor goes through the plan of one job.
type surveyor struct {
	p       *pipelines
	job     string
	refused []refusal
	table   map[string]bool
	found   []plan.Node // operators with windows of their own
	holds   bool        // something waits for windows to end
	route
}

func (s *surveyor) refuse(step, reason string, args ...any) {
	s.refused = append(s.refused, refusal{s.job, step, fmt.Sprintf(reason, args...)})
}

func (s *surveyor) survey(one *pipeline, to string) {
	s.table = map[string]bool{}
	for _, sink := range s.spec.Sinks {
		s.sink(sink)
		s.node(sink.Input)
	}
	if s.spec.Settings.Batch {
		s.refuse("SET execution.runtime-mode", "a batch job ends by itself")
	}
	if !s.holds || len(s.refused) > 0 {
		return
	}
	switch {
	case len(s.found) != 1:
		s.refuse("windows", "the job has %d windowing functions, and each may have come to another time; write one INSERT for each", len(s.found))
		return
	case len(s.spec.Sinks) > 1 || len(s.scans) != 1:
		s.refuse("windows", "the job does more than its windows, from other places; write one INSERT for each")
		return
	}
	s.openWindows(one, to)
}

// openWindows notes what the windows are like, and where their ends are written.
func (s *surveyor) openWindows(one *pipeline, to string) {
	w := &openWindows{Window: windowOf(s.found[0]), scan: s.scans[0]}
	w.time = s.found[0].Inputs()[0].Out().Fields[w.Time]
	switch {
	case w.Kind == plan.Session:
		s.refuse(plan.Text(s.found[0]), "a session may have begun long ago, and nobody knows where")
	case w.time.Time != schema.RowTime || w.scan.Watermark == nil:
		s.refuse(plan.Text(s.found[0]), "windows of processing time are cut by the clock of the machine")
	case w.time.Type.ID == schema.TimestampLTZ && !strings.Contains(one.SQL, "table.local-time-zone"):
		s.refuse(plan.Text(s.found[0]), "its windows are cut by the clock of a zone, and Flink's may be another: say SET 'table.local-time-zone'")
	}
	s.windows = w
	if sink := s.spec.Sinks[0]; sink.Takes == format.Inserts && len(sink.Key) == 0 {
		w.bounds(sink)
	}
	if to != config.EngineFlink && w.sink == nil {
		s.refuse("INSERT INTO "+s.spec.Sinks[0].Table, "which windows Flink has given is read from the output, and that has no column with window_end (or window_start) as it is, or is a table that is overwritten")
	}
}

// bounds finds a column of the output that says when its window ends.
func (w *openWindows) bounds(sink *plan.Sink) {
	for i := range sink.Input.Out().Fields {
		if _, meta := sink.Meta[i]; meta {
			continue
		}
		kind, ok := boundIn(sink.Input, i)
		switch {
		case !ok, kind == plan.WindowStart && w.Kind == plan.Cumulate:
			continue
		case kind == plan.WindowStart:
			w.add = w.Size
		case kind == plan.WindowTime:
			w.add = 1
		}
		w.sink, w.column = sink, i
		return
	}
}

// boundIn says which bound of a window a column is, unchanged.
func boundIn(n plan.Node, column int) (plan.WindowCol, bool) {
	switch n := n.(type) {
	case *plan.Project:
		if c, ok := n.Exprs[column].(*plan.Column); ok {
			return boundIn(n.Input, c.Index)
		}
	case *plan.Filter:
		return boundIn(n.Input, column)
	case *plan.WindowTopN:
		if column < n.Input.Out().Len() {
			return boundIn(n.Input, column)
		}
	case *plan.WindowTVF:
		if at := column - (n.Schema.Len() - 3); at >= 0 {
			return plan.WindowCol(at), true
		}
	case *plan.WindowAggregate:
		if column < len(n.Keys) {
			return boundIn(n.Input, n.Keys[column])
		}
		if at := column - len(n.Keys) - len(n.Aggs); at >= 0 {
			return n.WindowCols[at], n.WindowCols[at] != plan.WindowTime || n.Window.Kind != plan.Session
		}
	}
	return 0, false
}

func windowOf(n plan.Node) plan.Window {
	if tvf, ok := n.(*plan.WindowTVF); ok {
		return tvf.Window
	}
	return n.(*plan.WindowAggregate).Window
}

func (s *surveyor) sink(n *plan.Sink) {
	switch n.Connector {
	case "kafka", "upsert-kafka":
		if !s.onBus(n.Options.String("properties.bootstrap.servers")) {
			s.refuse("INSERT INTO "+n.Table, "it is in another Kafka than the platform's, whose transactions are not looked into")
		}
	case "blackhole", "print":
	default:
		s.refuse("INSERT INTO "+n.Table, "connector %s: what has been written and what not can only be told of kafka and upsert-kafka", n.Connector)
	}
	if n.Overwrite {
		s.refuse("INSERT OVERWRITE "+n.Table, "it is written once, at the end")
	}
}

func (s *surveyor) onBus(servers string) bool {
	return servers == "" || s.p.flink.bus.Own != nil && s.p.flink.bus.Own(servers)
}

// node looks at a step and those below it.
func (s *surveyor) node(n plan.Node) {
	switch n := n.(type) {
	case *plan.Scan:
		s.scan(n)
		return
	case *plan.Filter, *plan.Project, *plan.Unnest, *plan.Union, *plan.Expand:
	case *plan.WindowTVF:
		s.found = append(s.found, n)
	case *plan.WindowAggregate:
		s.holds = true
		if !n.Window.Attached {
			s.found = append(s.found, n)
		}
	case *plan.WindowTopN:
		s.holds = true
	default:
		s.refuse(plan.Text(n), "%s", remembers(n))
	}
	for _, in := range n.Inputs() {
		s.node(in)
	}
}

// remembers says what a step remembers that cannot be read again from a bounded part of its input.
func remembers(n plan.Node) string {
	switch n := n.(type) {
	case *plan.GroupAggregate:
		return "a GROUP BY without a window remembers all that ever came"
	case *plan.Join:
		if n.Time != nil {
			return "a join in time remembers rows of both sides, or holds a table"
		}
		return "a join remembers all rows of both sides"
	case *plan.TopN:
		return "a Top-N without a window remembers rows for ever"
	case *plan.Deduplicate:
		return "deduplication remembers the keys that ever came"
	case *plan.Over:
		return "OVER remembers rows of each key, from nobody knows where"
	case *plan.Match:
		return "MATCH_RECOGNIZE remembers what patterns have begun"
	case *plan.Normalize, *plan.Materialize, *plan.Sets:
		return "it remembers the rows of a changing table"
	case *plan.Values, *plan.Limit, *plan.Sort, *plan.Fold:
		return "it depends on where the job began"
	}
	return "what it remembers cannot be handed over"
}

func (s *surveyor) scan(n *plan.Scan) {
	step := "table " + n.Table
	topic := n.Options.String("topic")
	switch {
	case n.Connector != "kafka":
		s.refuse(step, "connector %s: only offsets of kafka can be handed over", n.Connector)
		return
	case !s.onBus(n.Options.String("properties.bootstrap.servers")):
		s.refuse(step, "it is in another Kafka than the platform's")
	case n.Changes != format.Inserts:
		s.refuse(step, "format %s: the rows before a change are remembered", n.FormatName)
	case topic == "" || strings.Contains(topic, ";"):
		s.refuse(step, "it is more than one topic, and Flink takes offsets of one alone")
	case n.Options.String("scan.bounded.mode") != "" && n.Options.String("scan.bounded.mode") != "unbounded":
		s.refuse(step, "it is bounded: the job ends by itself")
	case s.table[n.Table]:
		s.refuse(step, "the job reads it twice, each time at its own place; write one INSERT for each")
	}
	s.table[n.Table] = true
	s.scans = append(s.scans, n)
}
