package broker

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// offsetsName is the file that remembers how far each partition reached, apart from its segments.
const offsetsName = "offsets.json"

// offsetsFile holds [start, end) of partitions by topic id and partition. A topic that is deleted and
// created again has a new id, and starts at 0.
type offsetsFile map[string][2]int64

func offsetsKey(id string, partition int32) string { return fmt.Sprintf("%s-%d", id, partition) }

// readOffsets loads the file. A damaged one is as good as none: it is written without a sync, and
// matters only where segments are gone.
func (r *recovery) readOffsets() error {
	p, err := os.ReadFile(filepath.Join(r.root, offsetsName))
	if err != nil || json.Unmarshal(p, &r.offsets) != nil {
		r.offsets = nil
	}
	return nil
}

// writeOffsets replaces the file without waiting for the disk: it guards against kills, and a
// sync every few seconds would keep a laptop's disk awake.
func writeOffsets(root string, f offsetsFile) error {
	p, err := json.Marshal(f)
	if err != nil {
		return err
	}
	path := filepath.Join(root, offsetsName)
	if err := os.WriteFile(path+".tmp", p, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

// keepOffsets sees to it that no offset is given out twice and that deleted records stay deleted.
// Where the segments end before the recorded end, a blank stands for the rest.
func (r *recovery) keepOffsets(l *partitionLog) error {
	known := r.offsets[offsetsKey(l.topic.ID, l.partition)]
	var s snapshotFile
	if _, err := readJSON(filepath.Join(l.dir, "snapshot.json"), &s); err == nil && s.HighWatermark > known[1] {
		known = [2]int64{s.LogStartOffset, s.HighWatermark}
	}
	if l.end < known[1] {
		if len(l.segments) == 0 {
			l.end = known[1] - 1
		} else {
			r.log.Error("records are missing at the end of a partition; their offsets stay unused",
				"topic", l.topic.Name, "partition", l.partition, "from", l.end, "upto", known[1])
		}
		if err := l.append(appendBlank(nil, l.end, known[1])); err != nil {
			return err
		}
	}
	l.start = min(max(l.start, known[0]), l.end)
	return nil
}
