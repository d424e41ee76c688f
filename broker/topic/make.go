package topic

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"golang.org/x/sync/errgroup"

	"millrace/broker/keyed"
	"millrace/broker/partition"
	"millrace/internal/failpoint"
)

// plan is a topic that is to be made, or one that is to grow.
type plan struct {
	name  string
	id    ID
	set   map[string]string
	logs  []*partition.Log // those that are there
	total int              // partitions that it is to have
	fresh []*partition.Log // those that were made
}

func (p *plan) record(made int) record {
	return record{ID: p.id, Partitions: p.total, Made: made, Configs: p.set}
}

// make makes what plans say, and shows it to all: records, then folders, then records that say that the folders are there. It returns an
// error for each plan, nil where it was done. The caller holds change.
func (t *Topics) make(ctx context.Context, plans []*plan) []error {
	failed := make([]error, len(plans))
	fail := func(err error) []error {
		for i := range failed {
			failed[i] = errors.Join(failed[i], err)
		}
		return failed
	}
	var begin []keyed.Entry
	for _, p := range plans {
		begin = append(begin, put(p.name, p.record(len(p.logs))))
	}
	failpoint.Hit("topic.make.before")
	if err := t.keep(ctx, begin...); err != nil {
		return fail(err)
	}
	failpoint.Hit("topic.make.announced")
	var end []keyed.Entry
	for i, p := range plans {
		if failed[i] = t.makeLogs(p); failed[i] != nil {
			end = append(end, t.undo(p)...)
			continue
		}
		end = append(end, put(p.name, p.record(p.total)))
	}
	if err := t.cfg.Env.FS.SyncDir(t.cfg.Dir); err != nil {
		return fail(fmt.Errorf("force the folders of partitions to disk: %w", err)) // a start finishes them
	}
	failpoint.Hit("topic.make.synced")
	if err := t.keep(ctx, end...); err != nil {
		return fail(err) // only a start knows what the disk has: what was made stays, unseen, until then
	}
	t.show(plans, failed)
	return failed
}

func (t *Topics) makeLogs(p *plan) error {
	p.fresh = make([]*partition.Log, p.total-len(p.logs))
	var g errgroup.Group
	g.SetLimit(opening)
	for i := range p.fresh {
		g.Go(func() (err error) {
			// What a deletion could not delete is not to come back.
			if err := t.clear(p.name, len(p.logs)+i); err != nil {
				return err
			}
			p.fresh[i], err = t.openLog(&topic{name: p.name, set: p.set}, len(p.logs)+i)
			return err
		})
	}
	return g.Wait()
}

// undo deletes what was made for a plan that failed, and returns what is to be stored then.
func (t *Topics) undo(p *plan) []keyed.Entry {
	var failed error
	for i, l := range p.fresh {
		if l != nil {
			failed = errors.Join(failed, l.Remove())
		} else {
			failed = errors.Join(failed, t.clear(p.name, len(p.logs)+i))
		}
	}
	fresh := len(p.logs) == 0
	switch {
	case failed == nil && fresh:
		return []keyed.Entry{forget(p.name)}
	case failed == nil:
		return []keyed.Entry{put(p.name, record{ID: p.id, Partitions: len(p.logs), Made: len(p.logs), Configs: p.set})}
	}
	t.log.Error("a partition that could not be made could not be deleted, either", "topic", p.name, "error", failed)
	if !fresh {
		return nil // what is stored says that it is being made: a start finishes it
	}
	t.gone[p.name] = p.total
	r := p.record(0)
	r.Gone = true
	return []keyed.Entry{put(p.name, r)}
}

// sweep deletes what an earlier deletion of a topic has left, so that it can be made again. The caller holds change.
func (t *Topics) sweep(name string) error {
	for i := range t.gone[name] {
		if err := t.clear(name, i); err != nil {
			return err
		}
	}
	delete(t.gone, name)
	return nil
}

// show makes the plans that did not fail seen.
func (t *Topics) show(plans []*plan, failed []error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, p := range plans {
		if failed[i] != nil {
			continue
		}
		logs := append(p.logs[:len(p.logs):len(p.logs)], p.fresh...)
		x := &topic{name: p.name, id: p.id, set: maps.Clone(p.set), logs: logs}
		t.names[p.name], t.ids[p.id] = x, x
		t.partitions += len(p.fresh)
	}
	t.wake()
}

// count says how many topics and partitions there are.
func (t *Topics) count() (topics, partitions int) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.names), t.partitions
}
