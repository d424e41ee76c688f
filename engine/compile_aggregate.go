package engine

import (
	"millrace/engine/op"
	"millrace/schema"
	"millrace/sql/plan"
)

// group puts an aggregation without windows behind an exchange by its keys.
func (l *lowering) group(n *plan.GroupAggregate) ([]*stage, error) {
	return l.keyed(n.Input, n.Keys, func(e *env) (op.Operator, error) {
		return op.NewGroupAggregate(n, e.env.Hasher, e.call, n.TTL), nil
	})
}

// windowed is a windowing function without an aggregation: sessions are known only when they have ended.
func (l *lowering) windowed(n *plan.WindowTVF) ([]*stage, error) {
	if n.Window.Kind == plan.Session {
		return l.keyed(n.Input, n.Window.Partition, func(e *env) (op.Operator, error) {
			return op.NewSessionAssign(n, e.env.Hasher, e.spec.Settings.Zone, e.call, e.late), nil
		})
	}
	return l.append(n.Input, func(e *env) (op.Operator, error) { return op.NewAssign(n, e.spec.Settings.Zone, e.call), nil })
}

// window puts an aggregation by windows behind an exchange by its keys. If windows can be put together from panes, rows
// are aggregated by pane before the exchange.
func (l *lowering) window(n *plan.WindowAggregate) ([]*stage, error) {
	switch {
	case n.ByPanes():
	case n.Window.Kind == plan.Session && !n.Window.Attached:
		return l.keyed(n.Input, n.Keys, func(e *env) (op.Operator, error) {
			return op.NewSessionAggregate(n, e.env.Hasher, e.spec.Settings.Zone, e.call, e.late), nil
		})
	default:
		return l.keyed(n.Input, n.Keys, func(e *env) (op.Operator, error) {
			return op.NewWindowGroup(n, e.env.Hasher, e.spec.Settings.Zone, e.call, e.late), nil
		})
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
				return op.NewClockWindow(n, e.env.Hasher, e.call, e.late), nil
			}
			return op.NewWindowAggregate(n, e.env.Hasher, e.spec.Settings.Zone, e.late), nil
		},
	}), nil
}
