package redis

import (
	"encoding/json"
	"strconv"
	"strings"

	"millrace/fault"
)

// position is what is committed with records.
type position struct {
	// Streams says behind which entry to read on.
	Streams map[string]place `json:"streams,omitempty"`
	// Done are the ids of entries that are appended, but perhaps not acknowledged: of a group's last batch.
	Done map[string][]string `json:"done,omitempty"`
}

// place is a place in a stream.
type place struct {
	ID string `json:"id"` // of the last entry read
	// Read is the number of entries that were added to the stream up to there, read or removed before they were;
	// -1: not known.
	Read int64 `json:"read"`
}

func parsePosition(text []byte) (position, error) {
	p := position{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &p); err != nil {
			return p, fault.New(fault.Corrupt, "read the position of a redis source: %w", err)
		}
	}
	if p.Streams == nil {
		p.Streams = map[string]place{}
	}
	return p, nil
}

func (p position) bytes() []byte {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and numbers
	}
	return text
}

// oldest is the id before all entries.
const oldest = "0-0"

// parseID reads MILLISECONDS-SEQUENCE.
func parseID(id string) (ms, seq uint64) {
	left, right, _ := strings.Cut(id, "-")
	ms, _ = strconv.ParseUint(left, 10, 64) // Redis' own ids are numbers
	seq, _ = strconv.ParseUint(right, 10, 64)
	return ms, seq
}

// before says whether a stands before b in a stream.
func before(a, b string) bool {
	ams, aseq := parseID(a)
	bms, bseq := parseID(b)
	return ams < bms || ams == bms && aseq < bseq
}
