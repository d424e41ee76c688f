package engine

import (
	"fmt"
	"maps"

	"millrace/connector"
	"millrace/engine/op"
	"millrace/fault"
	"millrace/format"
	"millrace/option"
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
)

// stage is a run of operators without an exchange between them: it begins at a table or at an
// exchange, and ends at an exchange or at a sink.
type stage struct {
	scan   *plan.Scan   // a source stage; values if it has constant rows instead
	values *plan.Values // nil unless the stage begins with them
	// merge makes the operator behind the exchange that the stage begins with.
	merge  func(*env) (op.Operator, error)
	keys   int            // leading columns of in that share rows out over the tasks
	in     *schema.Schema // of the rows that come through the exchange
	inputs []*stage
	single bool // one task, whatever the parallelism

	ops  []func(*env) (op.Operator, error)
	sink *plan.Sink // nil: the stage ends at the exchange of next
	next *stage
}

// env is what the operators of one task share.
type env struct {
	call  *function.Call
	spec  *Spec
	env   *Env
	stats *counters
}

// lower turns the plan below a sink into stages, and returns them all, inputs first.
func lower(sink *plan.Sink) ([]*stage, error) {
	l := &lowering{}
	s, err := l.node(sink.Input)
	if err != nil {
		return nil, err
	}
	s.sink = sink
	return l.stages, nil
}

type lowering struct{ stages []*stage }

func (l *lowering) add(s *stage) *stage { l.stages = append(l.stages, s); return s }

// behind makes the stage that begins at an exchange fed by the inputs.
func (l *lowering) behind(m *stage, inputs ...*stage) *stage {
	m.inputs = inputs
	for _, in := range inputs {
		in.next = m
	}
	return l.add(m)
}

func (l *lowering) node(n plan.Node) (*stage, error) {
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
		return l.append(n.Input, func(e *env) (op.Operator, error) { return op.NewAssign(n, e.spec.Settings.Zone), nil })
	case *plan.GroupAggregate:
		return l.group(n)
	case *plan.Limit:
		return l.limit(n)
	case *plan.Union:
		return l.union(n)
	}
	return nil, fault.New(fault.Invalid, "run plan: no operator for %T", n)
}

func (l *lowering) append(input plan.Node, f func(*env) (op.Operator, error)) (*stage, error) {
	s, err := l.node(input)
	if err != nil {
		return nil, err
	}
	s.ops = append(s.ops, f)
	return s, nil
}

func (l *lowering) window(n *plan.WindowAggregate) (*stage, error) {
	if n.Window.Kind == plan.Session {
		return nil, fault.New(fault.Invalid, "SESSION windows are not supported yet").WithHint("use TUMBLE, HOP or CUMULATE")
	}
	for _, a := range n.Aggs {
		if a.Distinct {
			return nil, fault.New(fault.Invalid, "%s(DISTINCT …) is not supported yet", a.Func.Name)
		}
	}
	s, err := l.append(n.Input, func(e *env) (op.Operator, error) {
		return op.NewPaneAggregate(n, e.env.Hasher, e.spec.Settings.Zone), nil
	})
	if err != nil {
		return nil, err
	}
	keys := make([]schema.Type, len(n.Keys))
	for i, k := range n.Keys {
		keys[i] = n.Input.Out().Fields[k].Type
	}
	return l.behind(&stage{
		in: op.PartialSchema(keys, n.Aggs), keys: len(keys), single: len(keys) == 0,
		merge: func(e *env) (op.Operator, error) {
			return op.NewWindowAggregate(n, e.env.Hasher, e.spec.Settings.Zone, &e.stats.lateRows), nil
		},
	}, s), nil
}

func (l *lowering) group(n *plan.GroupAggregate) (*stage, error) {
	for _, a := range n.Aggs {
		if a.Distinct {
			return nil, fault.New(fault.Invalid, "%s(DISTINCT …) is not supported yet", a.Func.Name)
		}
	}
	s, err := l.node(n.Input)
	if err != nil {
		return nil, err
	}
	return l.behind(&stage{
		in: n.Input.Out(), single: true,
		merge: func(e *env) (op.Operator, error) {
			return op.NewGroupAggregate(n, e.env.Hasher, e.spec.Settings.Batch), nil
		},
	}, s), nil
}

func (l *lowering) limit(n *plan.Limit) (*stage, error) {
	s, err := l.node(n.Input)
	if err != nil {
		return nil, err
	}
	return l.behind(&stage{
		in: n.Input.Out(), single: true,
		merge: func(*env) (op.Operator, error) { return op.NewLimit(n.Count, n.Offset), nil },
	}, s), nil
}

func (l *lowering) union(n *plan.Union) (*stage, error) {
	var inputs []*stage
	for _, in := range n.Sources {
		s, err := l.node(in)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, s)
	}
	return l.behind(&stage{
		in: n.Schema, single: true,
		merge: func(*env) (op.Operator, error) { return op.Pass{}, nil },
	}, inputs...), nil
}

// openSource makes the source of a scan and the maker of its decoders, one a split.
func openSource(e *Env, n *plan.Scan, deadLetters bool) (connector.Source, func() (format.Decoder, error), error) {
	spec, ok := e.Connectors[n.Connector]
	if !ok || spec.Source == nil {
		return nil, nil, fault.New(fault.Invalid, "read table %q: connector %q cannot be read", n.Table, n.Connector)
	}
	src, err := spec.Source(connector.Table{Name: n.Table, Schema: n.Read, Meta: n.Meta, Options: n.Options})
	if err != nil {
		return nil, nil, fmt.Errorf("open table %q: %w", n.Table, err)
	}
	if n.FormatName == "" {
		return src, func() (format.Decoder, error) { return nil, nil }, nil
	}
	f, ok := e.Formats[n.FormatName]
	if !ok || f.NewDecoder == nil {
		return nil, nil, fault.New(fault.Invalid, "read table %q: format %q cannot be read", n.Table, n.FormatName)
	}
	physical := physicalSchema(n.Read, n.Meta)
	opts := formatOptions(f, n.FormatOptions, deadLetters)
	return src, func() (format.Decoder, error) { return f.NewDecoder(physical, opts) }, nil
}

// physicalSchema is the columns of a table that its format reads and writes: all but the metadata.
func physicalSchema(all *schema.Schema, meta map[int]string) *schema.Schema {
	s := &schema.Schema{}
	for i, f := range all.Fields {
		if _, ok := meta[i]; !ok {
			s.Fields = append(s.Fields, f)
		}
	}
	return s
}

// ignoreErrors is the option by which Flink's formats pass over what they cannot read.
const ignoreErrors = "ignore-parse-errors"

// formatOptions switches a format's own leniency off when there are dead letters: they take what cannot
// be read, instead of NULL or nothing taking its place.
func formatOptions(f format.Spec, opts option.Values, deadLetters bool) option.Values {
	if !deadLetters || !opts.Bool(ignoreErrors) {
		return opts
	}
	out := maps.Clone(opts)
	out[ignoreErrors] = "false"
	return out
}

func notNullFault(column string) error {
	return fault.New(fault.Invalid, "column %q of the sink is NOT NULL, but a row has NULL there", column).
		WithHint("filter such rows out, or SET 'table.exec.sink.not-null-enforcer' = 'DROP'")
}
