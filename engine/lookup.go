package engine

import (
	"context"
	"fmt"
	"time"

	"millrace/engine/op"
	"millrace/sql/plan"
	"millrace/vec"
)

// lookupEvery is how old the rows of a table that is looked up may become.
const lookupEvery = 10 * time.Second

// newLookup makes the operator that looks rows up in the table on the right side of a join, which is read by a job
// of its own.
func newLookup(n *plan.Join, e *env) (op.Operator, error) {
	return op.NewLookupJoin(n, e.env.Hasher, e.call, lookupEvery, func(each func(*vec.Batch) error) error {
		own := *e.env
		own.Snapshots = nil
		own.OpenLedger = func(context.Context, LedgerOf) (Ledger, error) { return MemoryLedger{}, nil }
		spec := Spec{
			Name: e.spec.Name + " lookup", Collect: each,
			Sinks:    []*plan.Sink{{Input: n.Right, Schema: n.Right.Out()}},
			Settings: Settings{Parallelism: 1, Zone: e.spec.Settings.Zone, Batch: true},
		}
		if err := NewJob(&own, spec).RunOnce(e.ctx); err != nil {
			return fmt.Errorf("look up a table: %w", err)
		}
		return nil
	})
}
