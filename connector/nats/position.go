package nats

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"millrace/connector"
	"millrace/fault"
)

// position is what is committed with records: how far a stream was read.
type position struct {
	Stream  string    `json:"stream"`
	Created time.Time `json:"created"` // of the stream: one that was made anew is another
	Seq     uint64    `json:"seq"`     // of the last message; with a durable consumer, all up to there are acknowledged
	// Done are messages behind Seq that were appended, but perhaps not acknowledged: distances as varints.
	Done []byte `json:"done,omitempty"`
}

func parsePosition(text []byte) (position, error) {
	var p position
	if len(text) > 0 {
		if err := json.Unmarshal(text, &p); err != nil {
			return p, fault.New(fault.Corrupt, "read the position of a nats source: %w", err)
		}
	}
	return p, nil
}

func (p position) bytes() []byte {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // a time of this millennium, texts and numbers
	}
	return text
}

// renew makes it the position of a stream, from the beginning if that is not the one it was of. It says whether
// nothing was noted before.
func (p *position) renew(site connector.Site, s *jetstream.StreamInfo) (first bool) {
	if p.Stream == s.Config.Name && p.Created.Equal(s.Created) {
		return false
	}
	if p.Stream == s.Config.Name {
		site.Warn(fault.New(fault.Conflict, "stream %s was made anew: reading it from its beginning", p.Stream))
	}
	first = p.Stream != s.Config.Name
	*p = position{Stream: s.Config.Name, Created: s.Created}
	return first
}

// done is a set of sequences behind a floor, up to which all are in it.
type done struct {
	floor uint64
	seqs  []uint64 // ascending
}

// The bounds of the set: beyond maxDone reading is slowed down, beyond maxPosition bytes it ends.
const (
	maxDone     = 12_000
	maxPosition = 60 << 10
)

func parseDone(p position) (*done, error) {
	d := &done{floor: p.Seq}
	at := p.Seq
	for text := p.Done; len(text) > 0; {
		step, n := binary.Uvarint(text)
		if n <= 0 || step == 0 || at+step < at || len(d.seqs) > 1<<20 {
			return nil, fault.New(fault.Corrupt, "read the position of a nats source: its list is damaged")
		}
		at += step
		d.seqs = append(d.seqs, at)
		text = text[n:]
	}
	return d, nil
}

// note writes the set into a position.
func (d *done) note(p *position) {
	p.Seq, p.Done = d.floor, p.Done[:0]
	at := d.floor
	for _, seq := range d.seqs {
		p.Done = binary.AppendUvarint(p.Done, seq-at)
		at = seq
	}
}

// add says whether seq was not in the set, and adds it.
func (d *done) add(seq uint64) bool {
	if seq <= d.floor {
		return false
	}
	i, found := slices.BinarySearch(d.seqs, seq)
	if found {
		return false
	}
	d.seqs = slices.Insert(d.seqs, i, seq)
	return true
}

// raise moves the floor.
func (d *done) raise(floor uint64) {
	if floor <= d.floor {
		return
	}
	d.floor = floor
	i, found := slices.BinarySearch(d.seqs, floor)
	if found {
		i++
	}
	d.seqs = slices.Delete(d.seqs, 0, i)
}
