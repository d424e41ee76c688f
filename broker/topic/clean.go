package topic

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"millrace/broker/partition"
)

const (
	// cleanEvery is how often logs are looked at for what is due. Looking is cheap.
	cleanEvery = 5 * time.Second
	// cleaning is how many logs are cleaned at a time: it reads and writes much, and nobody waits for it.
	cleaning = 2
)

// Run cleans logs (retention, compaction, the bound over all) until ctx ends.
func (t *Topics) Run(ctx context.Context) error {
	tick := time.NewTicker(cleanEvery)
	defer tick.Stop()
	for {
		t.clean(ctx)
		t.bound()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// clean does once what is due in every log. What fails in one does not keep the others from it; it is tried again.
func (t *Topics) clean(ctx context.Context) {
	var g errgroup.Group
	g.SetLimit(cleaning)
	for _, x := range t.all() {
		for i, l := range x.logs {
			if ctx.Err() != nil {
				break
			}
			g.Go(func() error {
				freed, err := l.Clean(ctx)
				switch {
				case err != nil && ctx.Err() == nil && t.Log(x.name, int32(i)) == l: // not deleted meanwhile
					t.log.Error("clean a log", "topic", x.name, "partition", i, "error", err)
				case freed > 0:
					t.log.Debug("clean a log", "topic", x.name, "partition", i, "freed_bytes", freed)
				}
				return nil
			})
		}
	}
	_ = g.Wait() // each has logged what failed
}

// sized is a log that may give way.
type sized struct {
	topic string
	index int
	log   *partition.Log
	bytes int64
	stays bool // it has given what it can, or its topic's policy does not delete: no bound may take the last record of a key
}

// bound keeps all logs together below RetainBytes: the largest give their oldest segments, one after the other. Only Run calls it.
func (t *Topics) bound() {
	if t.cfg.RetainBytes <= 0 {
		return
	}
	logs, total := t.sizes()
	if total <= t.cfg.RetainBytes {
		t.above = false
	}
	for total > t.cfg.RetainBytes {
		largest := -1
		for i := range logs {
			if !logs[i].stays && (largest < 0 || logs[i].bytes > logs[largest].bytes) {
				largest = i
			}
		}
		if largest < 0 {
			if t.above {
				return
			}
			t.above = true
			t.log.Warn("all partitions together are above the bound, and none can give way: what is left are active segments and compacted topics",
				"bytes", total, "bound_bytes", t.cfg.RetainBytes)
			return
		}
		s := &logs[largest]
		freed, err := s.log.Trim(1)
		if err != nil && t.Log(s.topic, int32(s.index)) == s.log {
			t.log.Error("trim a log", "topic", s.topic, "partition", s.index, "error", err)
		}
		s.stays = freed <= 0 || err != nil
		s.bytes -= freed
		total -= freed
		if freed > 0 {
			t.log.Info("all partitions together are above the bound: the largest gives way", "topic", s.topic, "partition", s.index, "freed_bytes", freed)
		}
	}
}

func (t *Topics) sizes() (logs []sized, total int64) {
	for _, x := range t.all() {
		t.mu.RLock()
		cfg := t.meaning(x.name, 0, x.set)
		t.mu.RUnlock()
		for i, l := range x.logs {
			bytes := l.Stats().Bytes
			total += bytes
			logs = append(logs, sized{x.name, i, l, bytes, !cfg.Delete})
		}
	}
	return logs, total
}
