package broker

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// keepEvery is how often offsets are recorded, free space is looked at and the log is trimmed. What
// is at stake between two runs is a second of retention.
const keepEvery = time.Second

// keep does the housekeeping until ctx ends.
func (b *Broker) keep(ctx context.Context) error {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		if err := b.keepOnce(time.Now()); err != nil {
			b.cfg.Logger.Error("housekeeping of the broker", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (b *Broker) keepOnce(now time.Time) error {
	b.mu.Lock() // the cluster hangs when it is asked after its end
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.lookAtDisk()
	if now.Sub(b.guarded) > guardFor {
		b.guarded = now
		b.guard()
	}
	parts, err := b.partitions()
	if err != nil {
		return err
	}
	if err := b.recordOffsets(parts); err != nil {
		return err
	}
	trims := plan(parts, b.cfg.RetainBytes, now)
	for _, t := range trims {
		if err := b.cluster.DeleteRecords(t.topic.Name, t.id, t.upto); err != nil {
			return err
		}
		b.cfg.Logger.Debug("trimmed a partition", "topic", t.topic.Name, "partition", t.id, "upto", t.upto)
	}
	return nil
}

// partition is what retention knows about one.
type partition struct {
	topic    topic
	id       int32
	segments []segment // oldest first; the last one is being written
}

type segment struct {
	base     int64
	size     int64
	modified time.Time
}

func (p partition) size() (n int64) {
	for _, s := range p.segments {
		n += s.size
	}
	return n
}

// partitions reads the topics and their segments from the folder.
func (b *Broker) partitions() ([]partition, error) {
	var topics topicsFile
	if _, err := readJSON(filepath.Join(b.cfg.Dir, "topics.json"), &topics); err != nil {
		return nil, err
	}
	var parts []partition
	for _, t := range topics.Topics {
		for id := range int32(t.Partitions) {
			dir := partitionDir(b.cfg.Dir, t.Name, id)
			bases, err := segmentBases(dir)
			if err != nil {
				return nil, err
			}
			p := partition{topic: t, id: id}
			for _, base := range bases {
				if info, err := os.Stat(segmentFile(dir, base)); err == nil {
					p.segments = append(p.segments, segment{base, info.Size(), info.ModTime()})
				}
			}
			parts = append(parts, p)
		}
	}
	return parts, nil
}

// recordOffsets writes down how far the partitions reach, if that has changed.
func (b *Broker) recordOffsets(parts []partition) error {
	now := make(offsetsFile, len(parts))
	for _, p := range parts {
		if info := b.cluster.PartitionInfo(p.topic.Name, p.id); info != nil {
			now[offsetsKey(p.topic.ID, p.id)] = [2]int64{info.LogStartOffset, info.HighWatermark}
		}
	}
	if maps.Equal(now, b.offsets) {
		return nil
	}
	b.offsets = now
	return writeOffsets(b.cfg.Dir, now)
}

// trim is an order to forget the records of a partition before an offset.
type trim struct {
	partition
	upto int64
}

// plan says what to trim: segments older than their topic's retention.ms, those beyond its
// retention.bytes, and then the oldest of the largest partitions until all fit into budget. The last
// segment always stays, so no partition is emptied. Compacted topics are left alone.
func plan(parts []partition, budget int64, now time.Time) []trim {
	keep := make([]partition, 0, len(parts))
	first := map[int]int{} // index in keep: segments to drop
	for _, p := range parts {
		if strings.Contains(p.topic.Configs["cleanup.policy"], "compact") {
			budget -= min(p.size(), max(budget, 0))
			continue
		}
		n := expired(p, now)
		p.segments, first[len(keep)] = p.segments[n:], n
		keep = append(keep, p)
	}
	share := fairShare(keep, budget)
	var trims []trim
	for i, p := range keep {
		size := p.size()
		n := 0
		for share >= 0 && size > share && n < len(p.segments)-1 {
			size -= p.segments[n].size
			n++
		}
		if n+first[i] > 0 {
			trims = append(trims, trim{p, p.segments[n].base})
		}
	}
	return trims
}

// expired counts the segments that the topic's own settings let go.
func expired(p partition, now time.Time) int {
	n := 0
	if ms, err := strconv.ParseInt(p.topic.Configs["retention.ms"], 10, 64); err == nil && ms >= 0 {
		for n < len(p.segments)-1 && now.Sub(p.segments[n].modified).Milliseconds() >= ms {
			n++
		}
	}
	if limit, err := strconv.ParseInt(p.topic.Configs["retention.bytes"], 10, 64); err == nil && limit >= 0 {
		rest := p
		rest.segments = p.segments[n:]
		for size := rest.size(); size > limit && n < len(p.segments)-1; n++ {
			size -= p.segments[n].size
		}
	}
	return n
}

// fairShare returns the size that every partition may have so that all together keep the budget:
// small ones keep what they have, large ones are cut to the same size. Below 0 there is no limit.
func fairShare(parts []partition, budget int64) int64 {
	if budget < 0 {
		return -1
	}
	sizes := make([]int64, len(parts))
	total := int64(0)
	for i, p := range parts {
		sizes[i] = p.size()
		total += sizes[i]
	}
	if total <= budget {
		return -1
	}
	slices.Sort(sizes)
	for i, size := range sizes {
		if rest := int64(len(sizes) - i); size*rest > budget {
			return budget / rest
		}
		budget -= size
	}
	return -1
}
