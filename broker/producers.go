package broker

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// producer is an entry of pids.log: the last known state of a producer id.
type producer struct {
	Type    string `json:"type"` // init, endtx, timeout
	PID     int64  `json:"pid"`
	Epoch   int16  `json:"epoch"`
	TxID    string `json:"txid,omitempty"`
	Timeout int32  `json:"timeout,omitempty"`
	Commit  *bool  `json:"commit,omitempty"`

	// Fresh says that no transaction has ended in this epoch yet, so a marker that bears it belongs to
	// the transaction that the crash interrupted. kfake ignores the field.
	Fresh bool `json:"millrace_fresh,omitempty"`
}

// readProducers replays pids.log.
func readProducers(root string) (map[int64]*producer, error) {
	ids := map[int64]*producer{}
	log, err := os.ReadFile(filepath.Join(root, "pids.log"))
	if errors.Is(err, fs.ErrNotExist) {
		return ids, nil
	}
	if err != nil {
		return nil, err
	}
	eachEntry(log, func(entry []byte) {
		var e producer
		if json.Unmarshal(entry, &e) != nil {
			return
		}
		p := ids[e.PID]
		switch {
		case e.Type == "init":
			// After the end of a transaction kfake writes an init without the outcome; keep the outcome,
			// a client that asks again for it must be told the truth.
			e.Fresh = e.Fresh || e.Commit == nil
			if e.Commit == nil && p != nil {
				e.Commit = p.Commit
			}
			ids[e.PID] = &e
		case p != nil:
			p.Epoch = e.Epoch
			p.Fresh = false
			if e.Commit != nil {
				p.Commit = e.Commit
			}
		}
	})
	return ids, nil
}

// writeProducers replaces pids.log by one entry for each producer.
func writeProducers(root string, ids map[int64]*producer) error {
	var log []byte
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		p := *ids[id]
		p.Type = "init"
		entry, err := json.Marshal(p)
		if err != nil {
			return err
		}
		log = appendEntry(log, entry)
	}
	return replaceFile(filepath.Join(root, "pids.log"), log)
}

// cutTornLog cuts the torn end off a state log. kfake steps over it but appends behind it, where the
// next start would not find the entries.
func cutTornLog(path string) error {
	log, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if n := eachEntry(log, func([]byte) {}); n < int64(len(log)) {
		return os.Truncate(path, n)
	}
	return nil
}
