package engine

import (
	"context"
	"fmt"
	"sync/atomic"

	"millrace/connector"
	"millrace/engine/op"
	"millrace/fault"
	"millrace/format"
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
)

// stage is a run of operators without an exchange between them: it begins at a table or at an
// exchange, and ends at an exchange or at a sink.
type stage struct {
	scan   *plan.Scan   // a source stage; values if it has constant rows instead
	values *plan.Values // nil unless the stage begins with them
	// merge makes the operator behind the exchange that the stage begins with, join that with two inputs.
	merge func(*env) (op.Operator, error)
	join  func(*env) (op.TwoInput, error)
	ports []port // of the exchange: one, or two for a join

	ops []func(*env) (op.Operator, error)
	// nodes are those of the plan, as plan.Nodes counts them: of the head first, then of each of ops.
	nodes []int
	sink  *plan.Sink // nil: the stage ends at a port of next
	next  *stage
	into  int // which port
}

// port is one input of the operator behind an exchange.
type port struct {
	in *schema.Schema
	// keys are the columns that share rows out over the tasks, the same number with the same types for all
	// ports of a stage; none means that the stage has one task.
	keys []int
	from []*stage
}

func (s *stage) single() bool { return len(s.ports[0].keys) == 0 }

// env is what the operators of one task share.
type env struct {
	ctx   context.Context // of the run
	call  *function.Call
	spec  *Spec
	env   *Env
	stats *counters
	late  *atomic.Int64 // rows behind the watermark that the task's operator dropped
}

// lower turns the plan below a sink, whose node is the given one, into stages, and returns them all, inputs first.
func lower(sink *plan.Sink, at int) ([]*stage, error) {
	l := &lowering{next: at + 1}
	last, err := l.node(sink.Input)
	if err != nil {
		return nil, err
	}
	for _, s := range last {
		s.sink = sink
		s.nodes = append(s.nodes, at)
	}
	return l.stages, nil
}

type lowering struct {
	stages []*stage
	next   int // the node to come
}

func (l *lowering) add(s *stage) []*stage { l.stages = append(l.stages, s); return []*stage{s} }

// behind adds the stage that begins at an exchange, whose ports say where its rows come from.
func (l *lowering) behind(m *stage) []*stage {
	for i, p := range m.ports {
		for _, in := range p.from {
			in.next, in.into = m, i
		}
	}
	return l.add(m)
}

// node returns the stages that a node's rows come from: several for a union, which is no step of its own.
func (l *lowering) node(n plan.Node) ([]*stage, error) {
	at := l.next
	l.next++
	stages, err := l.lower(n)
	l.next = at + plan.Count(n) // some may be read by jobs of their own
	for _, s := range stages {
		s.name(at)
		for _, p := range s.ports {
			for _, in := range p.from {
				in.name(at) // what it does before the exchange
			}
		}
	}
	return stages, err
}

// name says whose the steps of a stage are that are nobody's yet.
func (s *stage) name(at int) {
	for len(s.nodes) < 1+len(s.ops) {
		s.nodes = append(s.nodes, at)
	}
}

func (l *lowering) lower(n plan.Node) ([]*stage, error) {
	switch n := n.(type) {
	case *plan.Scan:
		return l.add(&stage{scan: n}), nil
	case *plan.Values:
		return l.add(&stage{values: n}), nil
	case *plan.Filter:
		return l.append(n.Input, func(e *env) (op.Operator, error) { return op.NewFilter(n.Cond, e.call) })
	case *plan.Project:
		return l.append(n.Input, func(e *env) (op.Operator, error) { return op.NewProject(n.Exprs, n.Schema, e.call) })
	case *plan.WindowAggregate:
		return l.window(n)
	case *plan.WindowTVF:
		return l.windowed(n)
	case *plan.GroupAggregate:
		return l.group(n)
	case *plan.Expand:
		return l.append(n.Input, func(*env) (op.Operator, error) { return op.NewExpand(n), nil })
	case *plan.Limit:
		return l.keyed(n.Input, nil, func(*env) (op.Operator, error) { return op.NewLimit(n.Count, n.Offset), nil })
	case *plan.Unnest:
		return l.append(n.Input, func(e *env) (op.Operator, error) { return op.NewUnnest(n, e.call) })
	case *plan.Normalize:
		return l.keyed(n.Input, n.Key, func(e *env) (op.Operator, error) {
			return op.NewNormalize(n, e.env.Hasher, e.spec.Settings.StateTTL), nil
		})
	case *plan.Materialize:
		return l.keyed(n.Input, n.Key, func(e *env) (op.Operator, error) {
			return op.NewMaterialize(n, e.env.Hasher, e.spec.Settings.StateTTL), nil
		})
	case *plan.Join:
		if n.Time != nil && n.Time.Bound == plan.LookupBound {
			return l.append(n.Left, func(e *env) (op.Operator, error) { return newLookup(n, e) })
		}
		return l.joined(n.Left, n.Right, n.LeftKeys, n.RightKeys, func(e *env) (op.TwoInput, error) { return newJoin(n, e) })
	case *plan.Sets:
		return l.joined(n.Left, n.Right, n.Keys(), n.Keys(), func(e *env) (op.TwoInput, error) {
			return op.NewSets(n, e.env.Hasher, e.call, 0), nil
		})
	case *plan.Over, *plan.TopN, *plan.WindowTopN, *plan.Deduplicate, *plan.Sort, *plan.Fold:
		return l.ranked(n)
	case *plan.Match:
		return l.keyed(n.Input, n.Keys, func(e *env) (op.Operator, error) {
			return op.NewMatch(n, e.env.Hasher, e.call, e.late)
		})
	case *plan.Union:
		return l.union(n)
	}
	return nil, fault.New(fault.Invalid, "run plan: no operator for %T", n)
}

// append adds an operator without state to the chains that input ends with.
func (l *lowering) append(input plan.Node, f func(*env) (op.Operator, error)) ([]*stage, error) {
	stages, err := l.node(input)
	if err != nil {
		return nil, err
	}
	for _, s := range stages {
		s.ops = append(s.ops, f)
	}
	return stages, nil
}

// keyed puts an operator with state behind an exchange by the given columns of its input.
func (l *lowering) keyed(input plan.Node, keys []int, f func(*env) (op.Operator, error)) ([]*stage, error) {
	from, err := l.node(input)
	if err != nil {
		return nil, err
	}
	return l.behind(&stage{ports: []port{{in: input.Out(), keys: keys, from: from}}, merge: f}), nil
}

// joined puts an operator with two inputs behind an exchange by the given columns of both.
func (l *lowering) joined(left, right plan.Node, leftKeys, rightKeys []int, f func(*env) (op.TwoInput, error)) ([]*stage, error) {
	fromLeft, err := l.node(left)
	if err != nil {
		return nil, err
	}
	fromRight, err := l.node(right)
	if err != nil {
		return nil, err
	}
	return l.behind(&stage{
		ports: []port{{in: left.Out(), keys: leftKeys, from: fromLeft}, {in: right.Out(), keys: rightKeys, from: fromRight}}, join: f,
	}), nil
}

func (l *lowering) union(n *plan.Union) ([]*stage, error) {
	var all []*stage
	for _, in := range n.Sources {
		stages, err := l.node(in)
		if err != nil {
			return nil, err
		}
		all = append(all, stages...)
	}
	return all, nil
}

// openSource makes the source of a scan and the maker of its decoders, one a split.
func openSource(e *Env, n *plan.Scan, deadLetters bool) (connector.Source, func() (format.Decoder, error), error) {
	spec, ok := e.Connectors[n.Connector]
	if !ok || spec.Source == nil {
		return nil, nil, fault.New(fault.Invalid, "read table %q: connector %q cannot be read", n.Table, n.Connector)
	}
	src, err := spec.Source(connector.Table{Name: n.Table, Schema: n.Read, Meta: n.Meta, Partition: n.Partition, Options: n.Options})
	if err != nil {
		return nil, nil, fmt.Errorf("open table %q: %w", n.Table, err)
	}
	decoder, err := decoderOf(e.Formats, n, deadLetters)
	return src, decoder, err
}

func notNullFault(column string) error {
	return fault.New(fault.Invalid, "column %q of the sink is NOT NULL, but a row has NULL there", column).
		WithHint("filter such rows out, or SET 'table.exec.sink.not-null-enforcer' = 'DROP'")
}

// newJoin makes the operator of a join: what it is bound by decides which.
func newJoin(n *plan.Join, e *env) (op.TwoInput, error) {
	switch {
	case n.Time == nil:
		return op.NewJoin(n, e.env.Hasher, e.call)
	case n.Time.Bound == plan.IntervalBound:
		return op.NewIntervalJoin(n, e.env.Hasher, e.call)
	case n.Time.Bound == plan.WindowBound:
		return op.NewWindowJoin(n, e.env.Hasher, e.spec.Settings.Zone, e.call, e.late)
	}
	return op.NewVersionJoin(n, e.env.Hasher, e.call)
}
