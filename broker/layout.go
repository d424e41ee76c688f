package broker

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// castagnoli is the polynomial of Kafka's record batches and of kfake's own logs.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// layoutVersion is the version of kfake's files that this package knows. Its go.mod pins kfake, and
// TestLayoutIsKfakes fails if a newer kfake writes something else.
const layoutVersion = 1

// The JSON files of kfake that recovery reads or writes.
type (
	topicsFile struct {
		Version int     `json:"version"`
		Topics  []topic `json:"topics"`
	}

	topic struct {
		Name       string            `json:"name"`
		ID         string            `json:"id"`
		Partitions int               `json:"partitions"`
		Configs    map[string]string `json:"configs"`
	}

	snapshotFile struct {
		Version          int            `json:"version"`
		HighWatermark    int64          `json:"high_watermark"`
		LastStableOffset int64          `json:"last_stable_offset"`
		LogStartOffset   int64          `json:"log_start_offset"`
		Epoch            int32          `json:"epoch"`
		LeaderNode       int32          `json:"leader_node,omitempty"`
		MaxTimestamp     int64          `json:"max_timestamp"`
		CreatedAt        time.Time      `json:"created_at"`
		AbortedTxns      []abortedRange `json:"aborted_txns,omitempty"`
		Segments         []segmentEntry `json:"segments"`
	}

	abortedRange struct {
		ProducerID  int64 `json:"producer_id"`
		FirstOffset int64 `json:"first_offset"`
		LastOffset  int64 `json:"last_offset"`
	}

	segmentEntry struct {
		BaseOffset int64 `json:"base_offset"`
		Size       int64 `json:"size"`
	}

	windowsFile struct {
		Version int      `json:"version"`
		Windows []window `json:"windows"`
	}

	// window is what the broker remembers of the last batches of a producer in a partition, to tell a
	// repeated batch from a new one.
	window struct {
		PID     int64          `json:"pid"`
		Topic   string         `json:"topic"`
		Part    int32          `json:"partition"`
		Entries [5]windowEntry `json:"entries"`
		Count   uint8          `json:"count"`
		At      uint8          `json:"at"`
		Epoch   int16          `json:"epoch"`
		Seen    bool           `json:"seen"`
		NextSeq int32          `json:"next_seq"`
	}

	windowEntry struct {
		FirstSeq int32 `json:"first_seq"`
		NextSeq  int32 `json:"next_seq"`
		Offset   int64 `json:"offset"`
	}
)

// partitionDir is where kfake keeps the segments of a partition.
func partitionDir(dir, topic string, partition int32) string {
	return filepath.Join(dir, "partitions", fmt.Sprintf("%s-%d", url.PathEscape(topic), partition))
}

func segmentFile(dir string, base int64) string {
	return filepath.Join(dir, fmt.Sprintf("%d.dat", base))
}

func indexFile(dir string, base int64) string { return filepath.Join(dir, fmt.Sprintf("%d.idx", base)) }

// indexEntrySize is the length of a batch's entry in an index file: version, checksum, leader epoch,
// a timestamp that kfake computes again when it loads, and whether the batch is in a transaction.
const indexEntrySize = 15

func appendIndexEntry(dst []byte, b batch) []byte {
	var e [indexEntrySize]byte
	e[0] = layoutVersion
	if b.transactional() {
		e[14] = 1
	}
	e[1] = byte(crc32.Checksum(e[2:], castagnoli))
	return append(dst, e[:]...)
}

// readJSON fills v from a file and says whether the file exists.
func readJSON(path string, v any) (bool, error) {
	p, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(p, v)
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	return true, nil
}

// writeJSON replaces a file by v, all or nothing.
func writeJSON(path string, v any) error {
	p, err := json.Marshal(v)
	if err == nil {
		err = replaceFile(path, p)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}

// replaceFile writes p to a new file, forces it to disk and moves it over path.
func replaceFile(path string, p []byte) error {
	f, err := os.OpenFile(path+".tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(p)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(path+".tmp", path)
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes renames and removals in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// A state log (pids.log, groups.log) is a run of entries: length, checksum, version and JSON.
const entryHeaderSize = 10

// eachEntry calls fn for every sound entry of a state log and returns the length of that part: what
// follows is the torn end of a write.
func eachEntry(log []byte, fn func(entry []byte)) int64 {
	at := 0
	for at+entryHeaderSize <= len(log) {
		n := int(binary.LittleEndian.Uint32(log[at:]))
		if n < 2 || at+8+n > len(log) {
			break
		}
		body := log[at+8 : at+8+n]
		if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(log[at+4:]) {
			break
		}
		fn(body[2:])
		at += 8 + n
	}
	return int64(at)
}

func appendEntry(dst, entry []byte) []byte {
	at := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(2+len(entry)))
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = binary.LittleEndian.AppendUint16(dst, layoutVersion)
	dst = append(dst, entry...)
	binary.LittleEndian.PutUint32(dst[at+4:], crc32.Checksum(dst[at+8:], castagnoli))
	return dst
}
