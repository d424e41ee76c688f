package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"millrace/sql/plan"
)

// SpecOf makes the job that runs a planned statement, under a name that is unique among the jobs that
// share a ledger.
func SpecOf(name string, j *plan.Job) Spec {
	sum := sha256.Sum256([]byte(j.Text))
	return Spec{
		Name: name, Sinks: j.Sinks, Hash: hex.EncodeToString(sum[:12]),
		Settings: Settings{
			Checkpoint:  j.Settings.Checkpoint(),
			Parallelism: j.Settings.Parallelism(),
			Zone:        j.Settings.Zone(),
			DropNulls:   j.Settings.DropNulls(),
			Length:      j.Settings.TypeLength(),
			Nested:      j.Settings.NestedConstraints(),
			Batch:       j.Settings.Batch(),
			StateTTL:    j.Settings.StateTTL(),
			Restarts:    j.Settings.Restarts(),
		},
	}
}

// DefaultCheckpoint is how often a job of a running platform commits if its script does not say:
// its results are seen that much later at most.
const DefaultCheckpoint = time.Second
