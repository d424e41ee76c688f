package broker

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// cleanFile says that the last stop was a clean one; it is removed at every start.
const cleanFile = "clean"

// recovery makes the folder of a broker that was killed one that kfake reads without loss.
//
// kfake alone would forget open transactions without writing their abort marker: after the next kill
// the records of such a transaction count as committed by the next marker of the same producer, and
// readers drop committed records that follow them. It writes the markers of a transaction partition
// by partition, so that a kill can tear it. It forgets the end of a partition without segments, and
// the sequence numbers of producers. All of that is put right here, from the segments themselves:
// the first commit marker on disk is the decision, and every other partition follows it.
type recovery struct {
	root       string
	acceptLoss bool
	log        *slog.Logger

	logs    []*partitionLog
	ids     map[int64]*producer
	offsets offsetsFile
}

// prepare brings the folder into order before kfake opens it. An empty folder is in order.
func prepare(root string, acceptLoss bool, log *slog.Logger) error {
	if _, err := os.Stat(filepath.Join(root, "meta.json")); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var topics topicsFile
	if _, err := readJSON(filepath.Join(root, "topics.json"), &topics); err != nil {
		return err
	}
	if topics.Version > layoutVersion {
		return fmt.Errorf("open broker folder: layout version %d is newer than %d", topics.Version, layoutVersion)
	}
	r := &recovery{root: root, acceptLoss: acceptLoss, log: log}
	began := time.Now()
	for _, t := range topics.Topics {
		for p := range t.Partitions {
			l, err := scanPartition(root, t, int32(p), acceptLoss)
			if err != nil {
				return err
			}
			r.logs = append(r.logs, l)
		}
	}
	if err := r.readOffsets(); err != nil {
		return err
	}
	_, err := os.Stat(filepath.Join(root, cleanFile))
	if err == nil && r.snapshotsFit() {
		return errors.Join(r.compact(), os.Remove(filepath.Join(root, cleanFile)))
	}
	if err := r.mend(); err != nil {
		return fmt.Errorf("recover broker: %w", err)
	}
	log.Info("recovered the log of a broker that was not stopped cleanly",
		"partitions", len(r.logs), "took", time.Since(began).Round(time.Millisecond))
	return nil
}

// snapshotsFit says whether the snapshots of a clean stop describe the segments on disk. One without
// segments would make kfake start at offset 0 again, so it does not fit.
func (r *recovery) snapshotsFit() bool {
	for _, l := range r.logs {
		var s snapshotFile
		found, err := readJSON(filepath.Join(l.dir, "snapshot.json"), &s)
		if err != nil || l.torn > 0 {
			return false
		}
		if found {
			l.start = s.LogStartOffset
		}
		sizes := func(a, b segmentEntry) bool { return a.BaseOffset == b.BaseOffset && a.Size == b.Size }
		if !slices.EqualFunc(s.Segments, l.segments, sizes) || s.HighWatermark != l.end {
			return false
		}
	}
	return true
}

func (r *recovery) mend() error {
	for _, name := range []string{"pids.log", "groups.log"} {
		if err := cutTornLog(filepath.Join(r.root, name)); err != nil {
			return err
		}
	}
	var err error
	if r.ids, err = readProducers(r.root); err != nil {
		return err
	}
	if err := r.endTransactions(); err != nil {
		return err
	}
	for _, l := range r.logs {
		if err := r.keepOffsets(l); err != nil {
			return err
		}
		if err := l.writeSnapshot(); err != nil {
			return err
		}
	}
	if err := r.compact(); err != nil {
		return err
	}
	if err := r.writeWindows(); err != nil {
		return err
	}
	if err := writeProducers(r.root, r.ids); err != nil {
		return err
	}
	return errors.Join(removeIfThere(filepath.Join(r.root, "session_state.json")), removeIfThere(filepath.Join(r.root, cleanFile)))
}

// endTransactions writes the markers that are missing and moves the producers of such transactions
// to a new epoch: a client that goes on in the old one is refused, it would commit half of its
// transaction.
func (r *recovery) endTransactions() error {
	committed := r.decisions()
	interrupted := map[int64]bool{}
	for _, l := range r.logs {
		for _, id := range slices.Sorted(maps.Keys(l.open)) {
			t := l.open[id]
			commit := committed[id] && r.ids[id].Epoch == t.epoch
			if err := l.append(appendMarker(nil, l.end, id, t.epoch, commit)); err != nil {
				return err
			}
			r.log.Warn("ended a transaction that was open when the broker was killed", "topic", l.topic.Name,
				"partition", l.partition, "producer", id, "epoch", t.epoch, "commit", commit)
			interrupted[id] = true
		}
	}
	for _, l := range r.logs { // all markers are there: now the outcome and the next epoch
		for id, m := range l.markers {
			p := r.ids[id]
			if p == nil || p.TxID == "" || p.Epoch != m.epoch || !(p.Fresh || interrupted[id]) {
				continue
			}
			p.Commit, p.Fresh = &m.commit, false
			if p.Epoch < math.MaxInt16-1 {
				p.Epoch, p.Fresh = p.Epoch+1, true
			}
		}
	}
	return nil
}

// decisions returns the producers whose interrupted transaction is committed: some partition has its
// commit marker. With a client older than KIP-890 an epoch sees many transactions, and once one has
// ended in it a marker proves nothing: such a transaction is aborted.
func (r *recovery) decisions() map[int64]bool {
	committed := map[int64]bool{}
	for _, l := range r.logs {
		for id, m := range l.markers {
			if p := r.ids[id]; p != nil && p.Fresh && p.Epoch == m.epoch && m.commit {
				committed[id] = true
			}
		}
	}
	return committed
}

// compact compacts the partitions whose topics ask for it.
func (r *recovery) compact() error {
	for _, l := range r.logs {
		before := l.size()
		if err := l.compact(); err != nil {
			return fmt.Errorf("compact topic %s: %w", l.topic.Name, err)
		}
		if after := l.size(); after != before {
			r.log.Debug("compacted a partition", "topic", l.topic.Name, "partition", l.partition, "bytes", before, "left", after)
			if err := l.rewriteIndex(); err != nil {
				return err
			}
			if err := l.writeSnapshot(); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeSnapshot describes the partition to kfake, which then neither guesses nor keeps every batch
// in memory while it loads.
func (l *partitionLog) writeSnapshot() error {
	if len(l.segments) == 0 {
		return removeIfThere(filepath.Join(l.dir, "snapshot.json"))
	}
	l.aborted = slices.DeleteFunc(l.aborted, func(a abortedRange) bool { return a.LastOffset < l.start })
	slices.SortFunc(l.aborted, func(a, b abortedRange) int { return cmp.Compare(a.LastOffset, b.LastOffset) })
	s := snapshotFile{
		Version: layoutVersion, HighWatermark: l.end, LastStableOffset: l.end, LogStartOffset: l.start,
		CreatedAt: time.Now(), AbortedTxns: l.aborted, Segments: l.segments,
	}
	return writeJSON(filepath.Join(l.dir, "snapshot.json"), s)
}

func (r *recovery) writeWindows() error {
	f := windowsFile{Version: layoutVersion}
	for _, l := range r.logs {
		for _, id := range slices.Sorted(maps.Keys(l.windows)) {
			if p := r.ids[id]; p != nil {
				f.Windows = append(f.Windows, *l.windows[id])
			}
		}
	}
	return writeJSON(filepath.Join(r.root, "seq_windows.json"), f)
}
