package engine

import (
	"millrace/engine/op"
	"millrace/fault"
	"millrace/schema"
	"millrace/sql/plan"
)

// ranked lowers what orders, numbers or deduplicates rows.
func (l *lowering) ranked(n plan.Node) ([]*stage, error) {
	switch n := n.(type) {
	case *plan.Over:
		return l.keyed(n.Input, n.Keys, func(e *env) (op.Operator, error) {
			switch {
			case n.AtEnd:
				return op.NewOverAtEnd(n, e.env.Hasher), nil
			case n.Time == schema.NoTime:
				return op.NewOverChanges(n, e.env.Hasher, e.call, e.spec.Settings.StateTTL), nil
			}
			return op.NewOver(n, e.env.Hasher, e.call, e.spec.Settings.StateTTL, e.late), nil
		})
	case *plan.TopN:
		return l.keyed(n.Input, n.Keys, func(e *env) (op.Operator, error) {
			return op.NewTopN(n, e.env.Hasher, e.call, e.spec.Settings.StateTTL), nil
		})
	case *plan.WindowTopN:
		return l.keyed(n.Input, n.Keys, func(e *env) (op.Operator, error) {
			return op.NewWindowTopN(n, e.env.Hasher, e.spec.Settings.Zone, e.late), nil
		})
	case *plan.Deduplicate:
		return l.keyed(n.Input, n.Keys, func(e *env) (op.Operator, error) {
			return op.NewDeduplicate(n, e.env.Hasher, e.call, e.spec.Settings.StateTTL, e.late), nil
		})
	case *plan.Sort:
		return l.keyed(n.Input, nil, func(e *env) (op.Operator, error) {
			if n.AtEnd {
				return op.NewSortAtEnd(n, e.env.Hasher), nil
			}
			return op.NewSort(n, e.env.Hasher, e.late), nil
		})
	case *plan.Fold:
		return l.keyed(n.Input, every(n.Out()), func(e *env) (op.Operator, error) { return op.NewFold(n, e.env.Hasher), nil })
	}
	return nil, fault.New(fault.Invalid, "run plan: no operator for %T", n)
}

// every is all columns of s.
func every(s *schema.Schema) []int {
	all := make([]int, s.Len())
	for i := range all {
		all[i] = i
	}
	return all
}
