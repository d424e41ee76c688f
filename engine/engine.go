// Package engine runs jobs: it cuts plans into stages, runs their tasks on all cores, moves
// watermarks, and commits checkpoints so that a job goes on after a crash as if nothing had happened.
//
// The picture of a job:
//
//	split → sourceTask → chain of operators ─┐                                 ┌→ chain → writer
//	split → sourceTask → chain of operators ─┴→ exchange by key → mergeTask(s) ┘
//
// A source task belongs to one split and decodes, filters, projects and pre-aggregates it. A
// checkpoint stops all source tasks between two batches, sends a barrier through the exchanges, and
// when every task is still writes the snapshot and commits the epoch (checkpoint.go). Whatever breaks
// ends the run; the one retry loop (job.go) starts the next from the last committed epoch.
package engine

import (
	"context"
	"log/slog"
	"time"

	"millrace/connector"
	"millrace/engine/state"
	"millrace/format"
	"millrace/sql/plan"
	"millrace/vec"
)

// Env is what jobs need of the program around them. It is shared by all jobs.
type Env struct {
	Connectors map[string]connector.Spec
	Formats    map[string]format.Spec
	Log        *slog.Logger
	// Snapshots names the place of a job's snapshots; nil keeps none, for jobs that are not restored.
	Snapshots func(job string) state.Place
	// Chains bound the files of a snapshot; the zero value is good for all but tests.
	Chains state.Limits
	// Memory bounds the state of all jobs in memory; nil: it may take what there is.
	Memory *state.Memory
	// OpenLedger opens where a job's epochs are committed.
	OpenLedger func(ctx context.Context, of LedgerOf) (Ledger, error)
	Hasher     vec.Hasher
}

// Spec is a job to run.
type Spec struct {
	Name     string
	Sinks    []*plan.Sink
	Settings Settings
	// Hash identifies the plan: a snapshot of another plan is refused.
	Hash string
	// Start is where the user wants the job to go on, once; SavedIn has the savepoint, if it is one.
	Start   Start
	SavedIn state.Place
	// DeadLetters: what cannot be decoded goes to the ledger's dead letters instead of failing the
	// job, also where the format would pass over it.
	DeadLetters bool
	// Poison: a record that has failed the job twice goes to the dead letters, too.
	Poison bool
	// Collect takes the rows of a Sink without a connector: the result of a SELECT. It is called
	// by one goroutine at a time.
	Collect func(b *vec.Batch) error
}

// Settings are what SET can change about a job.
type Settings struct {
	// Checkpoint is the time between two checkpoints; 0 means only at the end.
	Checkpoint time.Duration
	// Parallelism is the number of tasks behind each exchange.
	Parallelism int
	// Zone is table.local-time-zone.
	Zone *time.Location
	// DropNulls is table.exec.sink.not-null-enforcer = DROP.
	DropNulls bool
	// Length and Nested are table.exec.sink.type-length-enforcer and nested-constraint-enforcer.
	Length plan.LengthRule
	Nested plan.NestedRule
	// Batch is execution.runtime-mode = batch: aggregates answer once, at the end of the input.
	Batch bool
	// StateTTL is table.exec.state.ttl: how long state is kept that nothing touches, by the clock; 0 for ever.
	StateTTL time.Duration
	// Restarts is when and how often the job is started again after a failure.
	Restarts plan.RestartStrategy
	// BatchRows bounds the rows of a batch read from a source; 0 is vec.MaxRows.
	BatchRows int
}

// Epoch is what a checkpoint commits: where the input stands, how far event time has come, and
// which snapshot holds the rest. It travels as JSON in an epoch record.
type Epoch struct {
	Job      string `json:"job"`
	Number   int64  `json:"epoch"`
	PlanHash string `json:"plan_hash"`
	// Snapshot is the name of the state file; "" if the job has no state.
	Snapshot string `json:"snapshot,omitempty"`
	// Sources are the positions by "table/split"; what is read twice is told apart by "#2".
	Sources map[string]SplitState `json:"sources"`
	At      time.Time             `json:"at"`
	// Finished: the input has ended and everything is written.
	Finished bool `json:"finished,omitempty"`
	// Clock is how far event time has come behind all exchanges, which idle splits do not hold back; nil: there are none.
	// An epoch without a snapshot may have one, too: what ends by it was given by whoever had the job before.
	Clock *int64 `json:"clock,omitempty"`
	// Staged are the sinks' prepared commits, by table, and by task behind that.
	Staged map[string][]byte `json:"staged,omitempty"`
	// Asked is the ID of the last Start that the job has obeyed.
	Asked int64 `json:"asked,omitempty"`
	// Partial: it was made for a changed plan, of which some parts begin fresh. Until the next checkpoint the snapshot may
	// have parts that nobody takes, or lack some.
	Partial bool `json:"partial,omitempty"`
}

// SplitState is where a split stands.
type SplitState struct {
	Offset    connector.Offset `json:"offset"`
	Watermark int64            `json:"watermark"` // ms
	Done      bool             `json:"done,omitempty"`
}

// LedgerOf says whose ledger is opened.
type LedgerOf struct {
	Job         string
	ExactlyOnce bool
	Every       time.Duration // between two checkpoints
}

// Ledger is where the epochs of one job are committed together with its output. One goroutine uses it,
// Refuse and Txn apart, which source and merge tasks call between two Commits.
type Ledger interface {
	// Last fences whoever ran the job before and returns its last committed epoch, nil if there is none.
	Last(ctx context.Context) (*Epoch, error)
	// Txn is the transaction that writers take part in; nil if the job is not exactly once.
	Txn() connector.Txn
	// Refuse sends bad records of a table to its dead letters, as part of the transaction.
	Refuse(ctx context.Context, scan *plan.Scan, bad []connector.Refused) error
	// Commit makes everything written since the last Commit visible together with e, or nothing.
	// After an error the outcome is unknown: the job is to be restarted from Last.
	Commit(ctx context.Context, e *Epoch) error
	// Close aborts what is not committed.
	Close() error
}
