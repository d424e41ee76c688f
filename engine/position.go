package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"millrace/connector"
	"millrace/engine/state"
	"millrace/fault"
)

// From is where a job is told to go on.
type From string

// The places where a job can be told to go on.
const (
	FromCheckpoint From = "checkpoint" // its last checkpoint
	FromSavepoint  From = "savepoint"  // a savepoint: its positions and its state
	FromEarliest   From = "earliest"   // the oldest records that there are, without state
	FromLatest     From = "latest"     // the records that come from now on, without state
	FromTime       From = "time"       // the first records that came at a time or later, without state
)

// Start is where the user wants a job to go on: once. The epoch record that obeys it bears its ID, so that it is obeyed
// once whatever crashes and whichever replica runs the job, and so that the record and the positions agree again.
type Start struct {
	// ID grows with each wish; 0 is none.
	ID     int64  `json:"id"`
	From   From   `json:"from"`
	Millis int64  `json:"millis,omitempty"` // since 1970, of FromTime
	Saved  string `json:"saved,omitempty"`  // which savepoint
	// AllowFresh lets parts of a changed query begin without what has gone by, and forgets what nothing takes over
	// (Flink's allowNonRestoredState).
	AllowFresh bool `json:"allow_fresh,omitempty"`
	// DropState keeps the positions, and forgets all state.
	DropState bool `json:"drop_state,omitempty"`
}

// begin returns the epoch that a run begins with: the last one or, once, the one that the user asked for, which it
// commits first.
func (j *Job) begin(ctx context.Context, ledger Ledger, last *Epoch) (*Epoch, error) {
	s := &j.spec.Start
	if s.ID == 0 || last != nil && last.Asked >= s.ID {
		return last, nil
	}
	next, err := j.startAt(ctx, last)
	if err != nil || next == nil {
		return last, err
	}
	next.Job, next.PlanHash, next.Asked, next.At, next.Finished = j.spec.Name, j.spec.Hash, s.ID, time.Now().UTC(), false
	next.Number, next.Staged = next.Number+1, nil
	if last != nil {
		next.Number, next.Staged = max(next.Number, last.Number+1), last.Staged
	}
	if err := ledger.Commit(ctx, next); err != nil {
		return nil, fmt.Errorf("move job %s to %s: %w", j.spec.Name, s.From, err)
	}
	j.log.Info("job goes on elsewhere", "from", string(s.From), "epoch", next.Number)
	return next, nil
}

// startAt makes the epoch that the user asked for; nil: the last one will do.
func (j *Job) startAt(ctx context.Context, last *Epoch) (*Epoch, error) {
	s := &j.spec.Start
	var e *Epoch
	switch s.From {
	case FromCheckpoint:
		if last == nil || last.PlanHash == j.spec.Hash && !s.DropState {
			return nil, nil
		}
		kept := *last
		e = &kept
	case FromSavepoint:
		saved, err := j.takeSavepoint(ctx)
		if err != nil {
			return nil, err
		}
		e = saved
	case FromEarliest, FromLatest, FromTime:
		return j.seek(ctx)
	default:
		return nil, fault.New(fault.Invalid, "start job %s: there is no place %q", j.spec.Name, s.From)
	}
	e.Partial = e.PlanHash != j.spec.Hash && s.AllowFresh
	if s.DropState {
		e.Snapshot = ""
	}
	if e.PlanHash == j.spec.Hash || s.AllowFresh {
		return e, nil
	}
	return e, j.fits(ctx, e)
}

// fits refuses an epoch of another plan some of which would be lost.
func (j *Job) fits(ctx context.Context, e *Epoch) error {
	layout, err := LayoutOf(&j.spec)
	if err != nil {
		return err
	}
	var wrong []string
	parts := map[string]bool{}
	if e.Snapshot != "" {
		names, err := state.PartsOf(ctx, j.env.Snapshots(j.spec.Name), e.Snapshot)
		if err != nil {
			return err
		}
		for _, name := range names {
			parts[ownerOf(name)] = true
		}
		for _, o := range layout.Operators {
			if !parts[o.ID] {
				wrong = append(wrong, "no state is kept for "+o.Text)
			}
			delete(parts, o.ID)
		}
		for id := range parts {
			wrong = append(wrong, "nothing takes over the state of "+id)
		}
	}
	tables := map[string]bool{}
	for _, o := range layout.Sources {
		tables[o.ID] = true
	}
	for id := range e.Sources {
		if table := sourceOf(id); !tables[table] {
			wrong = append(wrong, fmt.Sprintf("table %s is not read any more", table))
			tables[table] = true
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "start job %s: epoch %d belongs to another plan: %s", j.spec.Name, e.Number, strings.Join(wrong, "; ")).
		WithHint("allow parts to begin fresh (--allow-fresh), drop the state and keep the positions (--fresh-state), or go back to the query of before")
}

// ownerOf is the operator that a part of a snapshot belongs to.
func ownerOf(part string) string { return part[:max(0, strings.LastIndexByte(part, '/'))] }

// sourceOf is the source that a split of an epoch belongs to.
func sourceOf(id string) string {
	source, _, _ := strings.Cut(id, "/")
	return source
}

// seek makes an epoch without state, whose splits stand where Start says.
func (j *Job) seek(ctx context.Context) (*Epoch, error) {
	stages, err := lowerAll(j.spec.Sinks)
	if err != nil {
		return nil, err
	}
	layout := layoutOf(j.spec.Sinks, stages)
	e := &Epoch{Sources: map[string]SplitState{}}
	for i, s := range stages {
		if s.scan == nil {
			continue
		}
		src, _, err := openSource(j.env, s.scan, j.spec.DeadLetters)
		if err != nil {
			return nil, err
		}
		err = j.seekSource(ctx, src, s.scan.Table, layout.idOf(i), e)
		if closeErr := src.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return nil, err
		}
	}
	return e, nil
}

func (j *Job) seekSource(ctx context.Context, src connector.Source, table, id string, e *Epoch) error {
	splits, err := src.Splits(ctx)
	if err != nil {
		return fmt.Errorf("list splits of table %q: %w", table, err)
	}
	seeker, ok := src.(connector.Seeker)
	if !ok {
		if j.spec.Start.From == FromEarliest {
			return nil // without a position it begins at its beginning
		}
		return fault.New(fault.Invalid, "start job %s from %s: table %q can only be read from its beginning", j.spec.Name, j.spec.Start.From, table).
			WithHint("restart it from earliest, or from its last checkpoint")
	}
	to := connector.Place{Latest: j.spec.Start.From == FromLatest}
	if j.spec.Start.From == FromTime {
		to.Since = time.UnixMilli(j.spec.Start.Millis)
	}
	for _, split := range splits {
		offset, err := seeker.Seek(ctx, split, to)
		if err != nil {
			return fmt.Errorf("find the start of split %s of table %q: %w", split, table, err)
		}
		e.Sources[splitID(id, split)] = SplitState{Offset: offset, Watermark: startWatermark}
	}
	return nil
}
