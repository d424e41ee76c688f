package engine

import (
	"millrace/engine/op"
	"millrace/fault"
	"millrace/schema"
	"millrace/sql/plan"
)

// group puts an aggregation without windows behind an exchange by its keys.
func (l *lowering) group(n *plan.GroupAggregate) ([]*stage, error) {
	return l.keyed(n.Input, n.Keys, func(e *env) (op.Operator, error) {
		return op.NewGroupAggregate(n, e.env.Hasher, e.call, e.spec.Settings.StateTTL), nil
	})
}

// windowed is a windowing function without an aggregation.
func (l *lowering) windowed(n *plan.WindowTVF) ([]*stage, error) {
	if n.Input.Out().Fields[n.Window.Time].Time == schema.ProcTime {
		return nil, fault.New(fault.Invalid, "a window over processing time without an aggregation is not supported").
			WithHint("group by window_start and window_end, or use a column with a WATERMARK")
	}
	return l.append(n.Input, func(e *env) (op.Operator, error) { return op.NewAssign(n, e.spec.Settings.Zone), nil })
}

func (l *lowering) window(n *plan.WindowAggregate) ([]*stage, error) {
	if n.Window.Kind == plan.Session {
		return nil, fault.New(fault.Invalid, "SESSION windows are not supported yet").WithHint("use TUMBLE, HOP or CUMULATE")
	}
	for _, a := range n.Aggs {
		if a.Distinct {
			return nil, fault.New(fault.Invalid, "%s(DISTINCT …) is not supported yet", a.Func.Name)
		}
	}
	from, err := l.append(n.Input, func(e *env) (op.Operator, error) {
		return op.NewPaneAggregate(n, e.env.Hasher, e.spec.Settings.Zone), nil
	})
	if err != nil {
		return nil, err
	}
	types, keys := make([]schema.Type, len(n.Keys)), make([]int, len(n.Keys))
	for i, k := range n.Keys {
		types[i], keys[i] = n.Input.Out().Fields[k].Type, i
	}
	return l.behind(&stage{
		ports: []port{{in: op.PartialSchema(types, n.Aggs), keys: keys, from: from}},
		merge: func(e *env) (op.Operator, error) {
			if op.ByClock(n) {
				return op.NewClockWindow(n, e.env.Hasher, e.call, &e.stats.lateRows), nil
			}
			return op.NewWindowAggregate(n, e.env.Hasher, e.spec.Settings.Zone, &e.stats.lateRows), nil
		},
	}), nil
}
