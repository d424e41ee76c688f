package node

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"millrace/engine"
	"millrace/fault"
	"millrace/flink"
)

// cutJob is a job on Flink that comes back.
type cutJob struct {
	Name    string `json:"name"`
	ID      string `json:"id"`
	Restore string `json:"restore"` // the savepoint that it goes on from
	Group   string `json:"group"`
	// Sent says that Flink has it, Told that its one checkpoint was asked for.
	Sent bool `json:"sent,omitempty"`
	Told bool `json:"told,omitempty"`
	// Read is up to where it has read when that was made, by table and partition.
	Read map[string]map[int32]int64 `json:"read,omitempty"`
}

// groupPatience is how long a job may take to commit its offsets once its checkpoint is complete.
const groupPatience = 30 * time.Second

// fromFlink moves a pipeline that ran on Flink.
func (m *mover) fromFlink(ctx context.Context, s *moveState, routes []route) (done bool, err error) {
	switch s.Phase {
	case moveStopping:
		err := m.stopThere(ctx, s)
		if lasting(err) { // what was stopped goes on from its savepoint
			return m.stay(ctx, s, err)
		}
		return false, err
	case moveCutting:
		return m.cut(ctx, s, routes)
	case moveCut:
		return m.settleHere(ctx, s, routes)
	default: // done, but for the entry
		return m.settle(ctx, s, m.here())
	}
}

// stopThere stops the jobs with savepoints.
func (m *mover) stopThere(ctx context.Context, s *moveState) error {
	fs := m.flink.load()
	if err := m.flink.halt(ctx, &fs); err != nil {
		return err
	}
	s.Jobs, s.JobManager = nil, fs.JobManager
	for i, j := range fs.Jobs {
		if m.neverRan(j) {
			one, err := m.untouched(ctx, &fs, i)
			if err != nil {
				return err
			}
			s.Jobs = append(s.Jobs, one)
			continue
		}
		if j.Phase != flinkStopped || j.Restore == "" {
			return fault.New(fault.Invalid, "job %s was not stopped with a savepoint: it is %s. %s", j.Name, j.Phase, j.Error)
		}
		s.Jobs = append(s.Jobs, newCut(j.Name, j.Restore))
	}
	s.Phase = moveCutting
	return m.save(ctx, s)
}

// neverRan reports whether a job that was moved to Flink may have failed there before it committed anything.
func (m *mover) neverRan(j flinkJob) bool {
	return j.Phase == flinkFailed && j.Restore == "" && m.one.Handover != ""
}

// untouched is such a job, if Flink says so: it stands where it was handed over.
func (m *mover) untouched(ctx context.Context, fs *flinkState, i int) (cutJob, error) {
	j := &fs.Jobs[i]
	status, err := m.flink.ask(ctx, fs, j)
	if err != nil {
		return cutJob{}, fmt.Errorf("ask what job %s has done: %w", j.Name, err)
	}
	if status.Checkpoints > 0 {
		return cutJob{}, fault.New(fault.Conflict, "job %s has failed on Flink after it had committed something: %s", j.Name, j.Error).
			WithHint("mend it there and resume it, then move it")
	}
	began, err := m.one.handedOver()
	if err != nil {
		return cutJob{}, err
	}
	return cutJob{Name: j.Name, ID: j.ID, Sent: true, Told: true, Read: began.Jobs[i].Tables}, nil
}

// newCut is a job that goes on from a savepoint to be cut, under an id and with a group that nobody had before.
func newCut(name, restore string) cutJob {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	j := cutJob{Name: name, ID: hex.EncodeToString(id), Restore: restore}
	j.Group = "millrace-move-" + j.ID
	return j
}

// cuts are the jobs as Flink is told them.
func (m *mover) cuts(jobs []cutJob, routes []route) []flink.Cut {
	all := make([]flink.Cut, len(routes))
	for i := range routes {
		all[i].Group = jobs[i].Group
		for _, scan := range routes[i].scans {
			all[i].Tables = append(all[i].Tables, scan.Table)
		}
	}
	return all
}

// cut brings the jobs to a place that is known, and ends them there.
func (m *mover) cut(ctx context.Context, s *moveState, routes []route) (done bool, err error) {
	if len(s.Jobs) != len(routes) {
		return m.stay(ctx, s, fault.New(fault.Invalid, "pipeline %q has %d jobs on Flink and %d here", m.one.Name, len(s.Jobs), len(routes)))
	}
	if err := m.send(ctx, s, routes); err != nil {
		return false, err
	}
	c, err := m.flink.jobs(&flinkState{JobManager: s.JobManager})
	if err != nil {
		return false, err
	}
	for i := range s.Jobs {
		if err := m.cutOne(ctx, c, s, i, &routes[i]); err != nil {
			return false, err
		}
	}
	for i := range s.Jobs {
		if err := m.end(ctx, c, s.Jobs[i].ID); err != nil {
			return false, err
		}
	}
	if s.Ends, err = m.p.outputEnds(ctx, routes); err != nil {
		return false, err
	}
	s.Phase = moveCut
	return false, m.save(ctx, s)
}

// send submits those jobs that Flink does not have.
func (m *mover) send(ctx context.Context, s *moveState, routes []route) error {
	script, err := m.flink.script.CutAt(m.cuts(s.Jobs, routes))
	if err != nil {
		return err
	}
	at := script.Jobs()
	var list []flink.Job
	for i, j := range s.Jobs {
		if !j.Sent {
			list = append(list, flink.Job{Statement: at[i], ID: j.ID, Name: j.Name, Restore: j.Restore})
		}
	}
	if len(list) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, submitTime)
	defer cancel()
	target, err := m.flink.client.Submit(ctx, script, list, func(one flink.Job, refused error) error {
		for i := range s.Jobs {
			if at[i] == one.Statement && refused == nil {
				// Its id is ours, unless Flink before 1.20 chose another.
				s.Jobs[i].ID, s.Jobs[i].Sent = one.ID, true
			}
		}
		return refused
	})
	if err != nil {
		return err
	}
	s.JobManager = target.JobManager.Reveal()
	return m.save(ctx, s)
}

// cutOne has a job make its one checkpoint, and learns how far it had read.
func (m *mover) cutOne(ctx context.Context, c *flink.Client, s *moveState, i int, r *route) error {
	j := &s.Jobs[i]
	if j.Read != nil {
		return nil
	}
	status, err := c.Status(ctx, j.ID)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		j.Sent = false // it never got there, or was forgotten; Flink takes the id once
		if j.Told {
			return m.afresh(ctx, c, s, i)
		}
		return m.save(ctx, s)
	case err != nil:
		return err
	case status.State.Ended():
		return m.afresh(ctx, c, s, i)
	case !status.Ready:
		return fault.New(fault.Unavailable, "job %s does not run yet on Flink: %s", j.Name, status.State)
	}
	if !j.Told {
		j.Told = true
		if err := m.save(ctx, s); err != nil {
			return err
		}
		if err := c.Checkpoint(ctx, j.ID); err != nil {
			return m.again(ctx, c, s, i, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, groupPatience)
	defer cancel()
	read, err := m.readBy(ctx, j.Group, r)
	if ctx.Err() != nil {
		return m.again(context.WithoutCancel(ctx), c, s, i, err)
	}
	if err != nil {
		return err
	}
	j.Read = read
	return m.save(context.WithoutCancel(ctx), s)
}

// readBy waits for what a group has committed of all partitions that a job reads.
func (m *mover) readBy(ctx context.Context, group string, r *route) (map[string]map[int32]int64, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		read, missing, err := m.committed(ctx, group, r)
		if err != nil || missing == "" {
			return read, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fault.New(fault.Unavailable, "group %s has no offset of %s", group, missing)
		}
	}
}

// committed is what a group has committed, and what of a job's partitions is missing.
func (m *mover) committed(ctx context.Context, group string, r *route) (map[string]map[int32]int64, string, error) {
	at, err := m.p.bus.GroupOffsets(ctx, group)
	if err != nil {
		return nil, "", err
	}
	read := map[string]map[int32]int64{}
	for _, scan := range r.scans {
		topic := scan.Options.String("topic")
		ids, err := m.p.bus.Partitions(ctx, topic)
		if err != nil {
			return nil, "", err
		}
		read[scan.Table] = map[int32]int64{}
		for _, pos := range at {
			if pos.Topic == topic {
				read[scan.Table][pos.Partition] = pos.Offset
			}
		}
		for _, id := range ids {
			if _, ok := read[scan.Table][id]; !ok {
				return nil, fmt.Sprintf("%s/%d", topic, id), nil
			}
		}
	}
	return read, "", nil
}

// again stops a job of which nobody knows what it has committed, with a savepoint, to cut it once more.
func (m *mover) again(ctx context.Context, c *flink.Client, s *moveState, i int, why error) error {
	j := &s.Jobs[i]
	m.p.log.Warn("a job on Flink is stopped once more, as its place is not known", "job", j.Name, "error", why)
	path, err := c.Stop(ctx, j.ID, m.p.flink.savepoints)
	if err != nil {
		return fmt.Errorf("stop job %s: %w", j.Name, err)
	}
	s.Jobs[i] = newCut(j.Name, path)
	return m.save(ctx, s)
}

// afresh goes on with a job that has ended: from where it was stopped, if it was, or from the savepoint that it came from
// as long as it was not told to commit anything.
func (m *mover) afresh(ctx context.Context, c *flink.Client, s *moveState, i int) error {
	j := &s.Jobs[i]
	restore := ""
	status, err := c.Status(ctx, j.ID)
	if err == nil && status.Savepoint != "" {
		restore = status.Savepoint
	} else if !j.Told {
		restore = j.Restore
	}
	if restore == "" {
		return fault.New(fault.Conflict, "job %s (%s) has ended on Flink, and what it had committed is not known: %s", j.Name, j.ID, status.Error).
			WithHint("drop the pipeline and apply it anew, from offsets of your choice")
	}
	s.Jobs[i] = newCut(j.Name, restore)
	return m.save(ctx, s)
}

// end cancels a job and waits until it writes no more.
func (m *mover) end(ctx context.Context, c *flink.Client, id string) error {
	if err := c.Cancel(ctx, id); err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	status, err := c.Status(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err == nil && !status.State.Ended() {
		err = fault.New(fault.Unavailable, "job %s is not cancelled yet on Flink: %s", id, status.State)
	}
	return err
}

// settleHere gives the jobs here their places, and hands the pipeline over to them.
func (m *mover) settleHere(ctx context.Context, s *moveState, routes []route) (done bool, err error) {
	if err := m.p.decided(ctx, s.Ends); err != nil {
		return false, err
	}
	before, err := m.one.handedOver()
	if err != nil {
		return false, err
	}
	env := m.p.envOf(m.one)
	for i := range routes {
		epoch, err := m.p.epochOf(ctx, &env, m.one, &routes[i], s.Jobs[i].Read, before)
		if err != nil {
			return false, err
		}
		if err := engine.HandOver(ctx, &env, routes[i].spec, func(*engine.Epoch) (*engine.Epoch, error) { return epoch, nil }); err != nil {
			return false, err
		}
		m.p.log.Info("job comes back from Flink", "job", routes[i].spec.Name, "sources", epoch.Sources)
	}
	fs := m.flink.load()
	if err := m.p.table.Put(ctx, flinkPrefix+m.one.Name, nil); err != nil {
		return false, err
	}
	if c, err := m.flink.jobs(&flinkState{JobManager: s.JobManager}); err == nil {
		for _, j := range fs.Jobs {
			m.flink.dispose(ctx, c, j.Restore)
		}
	}
	for _, j := range s.Jobs {
		if err := m.p.bus.DeleteGroup(ctx, j.Group); err != nil {
			m.p.log.Debug("the group of a move is left behind", "group", j.Group, "error", err)
		}
	}
	return m.settle(ctx, s, m.here())
}
