package partition

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

const (
	// windowBatches is how many batches of a producer are known again when they come twice: clients have at most as many under way.
	windowBatches = 5
	// maxProducers bounds the producers that a log remembers; those that were silent longest are forgotten first.
	maxProducers = 16384
	// producerAge is how long an idle producer is remembered (producer.id.expiration.ms).
	producerAge = 24 * time.Hour
)

// sent is a batch of a producer.
type sent struct {
	lastSeq int32
	delta   int32 // records before the last one
	last    int64 // offset
	time    int64
}

func (s sent) firstSeq() int32 {
	if s.lastSeq >= s.delta {
		return s.lastSeq - s.delta
	}
	return maxSequence - (s.delta - s.lastSeq) + 1
}

// producer is what a log knows of one.
type producer struct {
	id          int64
	epoch       int16
	coordinator int32
	seen        int64 // when it last wrote, by our clock, in milliseconds
	lastTime    int64 // the timestamp of its last batch
	txnStart    int64 // -1: no open transaction
	window      [windowBatches]sent
	n           int // batches in the window, oldest first
}

func (p *producer) push(s sent) {
	if p.n == windowBatches {
		copy(p.window[:], p.window[1:])
		p.n--
	}
	p.window[p.n] = s
	p.n++
}

// setEpoch begins a new epoch: sequences begin anew.
func (p *producer) setEpoch(epoch int16) {
	if p.epoch != epoch {
		p.epoch, p.n = epoch, 0
	}
}

func (p *producer) lastSeq() int32 {
	if p.n == 0 {
		return noSequence
	}
	return p.window[p.n-1].lastSeq
}

// openTxn is a transaction without a marker; ended one whose marker readers do not see yet.
type openTxn struct{ producer, first int64 }

type ended struct{ first, marker int64 }

// producers are those that have written to a log, and their transactions. The log guards them.
type producers struct {
	byID   map[int64]*producer
	open   []openTxn // ascending by first
	ending []ended   // ascending by marker
}

func newProducers() *producers { return &producers{byID: map[int64]*producer{}} }

// check says whether a batch may be appended (KIP-98, KIP-360; the rules are those of Kafka's ProducerAppendInfo), or that it was before.
func (ps *producers) check(h *header) (dup sent, isDup bool, err error) {
	p := ps.byID[h.producer]
	if p == nil {
		// Nothing is known, perhaps because it was forgotten: any sequence may be the next one.
		return sent{}, false, ps.room(h)
	}
	if h.prodEpoch == p.epoch {
		last := h.lastSequence()
		for _, s := range p.window[:p.n] {
			if s.lastSeq == last && s.firstSeq() == h.sequence {
				return s, true, nil
			}
		}
	}
	switch {
	case h.prodEpoch < p.epoch:
		return sent{}, false, fmt.Errorf("append batch of producer %d: epoch %d is older than %d: %w", h.producer, h.prodEpoch, p.epoch, kerr.InvalidProducerEpoch)
	case h.prodEpoch > p.epoch && h.sequence != 0:
		return sent{}, false, fmt.Errorf("append batch of producer %d: sequence %d begins epoch %d: %w", h.producer, h.sequence, h.prodEpoch, kerr.OutOfOrderSequenceNumber)
	case h.prodEpoch == p.epoch && !follows(p.lastSeq(), h.sequence):
		return sent{}, false, fmt.Errorf("append batch of producer %d: sequence %d after %d: %w", h.producer, h.sequence, p.lastSeq(), kerr.OutOfOrderSequenceNumber)
	case p.txnStart >= 0 && !h.transactional():
		return sent{}, false, fmt.Errorf("append batch of producer %d: its transaction is open: %w", h.producer, kerr.InvalidTxnState)
	}
	return sent{}, false, nil
}

func follows(last, next int32) bool {
	return int64(next) == int64(last)+1 || next == 0 && last == maxSequence
}

// room makes room for one more producer. Those within a transaction cannot be forgotten.
func (ps *producers) room(h *header) error {
	if len(ps.byID) < maxProducers {
		return nil
	}
	idle := make([]*producer, 0, len(ps.byID))
	for _, p := range ps.byID {
		if p.txnStart < 0 {
			idle = append(idle, p)
		}
	}
	if len(idle) == 0 {
		return fmt.Errorf("append batch of producer %d: %d producers have open transactions: %w", h.producer, len(ps.byID), kerr.PolicyViolation)
	}
	slices.SortFunc(idle, func(a, b *producer) int { return int(min(max(a.seen-b.seen, -1), 1)) })
	// A sixteenth at once: sorting them for each newcomer would cost too much.
	for _, p := range idle[:min(len(idle), maxProducers/16)] {
		delete(ps.byID, p.id)
	}
	return nil
}

func (ps *producers) get(id int64, epoch int16) *producer {
	p := ps.byID[id]
	if p == nil {
		p = &producer{id: id, epoch: epoch, coordinator: -1, txnStart: -1, lastTime: noTime}
		ps.byID[id] = p
	}
	return p
}

// add tells of a batch in the log, with its offsets.
func (ps *producers) add(h *header, now int64) {
	p := ps.get(h.producer, h.prodEpoch)
	p.setEpoch(h.prodEpoch)
	if h.sequence >= 0 {
		p.push(sent{h.lastSequence(), h.lastDelta, h.last(), h.maxTime})
	}
	p.seen, p.lastTime = now, h.maxTime
	if h.transactional() && p.txnStart < 0 {
		p.txnStart = h.base
		ps.open = append(ps.open, openTxn{h.producer, h.base})
	}
}

// end tells of a marker at an offset, and returns where the transaction that it ends began; -1: it ends none.
func (ps *producers) end(id int64, epoch int16, coordinator int32, offset, ms, now int64) (first int64) {
	p := ps.get(id, epoch)
	p.setEpoch(epoch)
	p.coordinator, p.seen, p.lastTime = coordinator, now, ms
	first, p.txnStart = p.txnStart, -1
	if first >= 0 {
		ps.open = slices.DeleteFunc(ps.open, func(t openTxn) bool { return t.producer == id })
		ps.ending = append(ps.ending, ended{first, offset})
	}
	return first
}

// firstOpen returns where the oldest open transaction began, or a default.
func (ps *producers) firstOpen(otherwise int64) int64 {
	if len(ps.open) == 0 {
		return otherwise
	}
	return ps.open[0].first
}

// stable is the last stable offset under a high watermark: no transaction that is undecided for readers begins before it.
func (ps *producers) stable(high int64) int64 {
	n := 0
	for n < len(ps.ending) && ps.ending[n].marker < high {
		n++
	}
	ps.ending = slices.Delete(ps.ending, 0, n)
	stable := min(high, ps.firstOpen(high))
	for _, e := range ps.ending {
		stable = min(stable, e.first)
	}
	return stable
}

// expire forgets producers that have been idle too long.
func (ps *producers) expire(now int64) {
	for id, p := range ps.byID {
		if p.txnStart < 0 && now-p.seen > producerAge.Milliseconds() {
			delete(ps.byID, id)
		}
	}
}

const snapshotMagic = "MRLPS001"

var errSnapshot = errors.New("read snapshot of producers: it does not check")

func (ps *producers) encode() []byte {
	p := append(make([]byte, 0, 64+len(ps.byID)*96), snapshotMagic...)
	p = binary.BigEndian.AppendUint32(p, uint32(len(ps.byID)))
	for _, v := range ps.byID {
		p = binary.BigEndian.AppendUint64(p, uint64(v.id))
		p = binary.BigEndian.AppendUint16(p, uint16(v.epoch))
		p = binary.BigEndian.AppendUint32(p, uint32(v.coordinator))
		p = binary.BigEndian.AppendUint64(p, uint64(v.seen))
		p = binary.BigEndian.AppendUint64(p, uint64(v.lastTime))
		p = binary.BigEndian.AppendUint64(p, uint64(v.txnStart))
		p = append(p, byte(v.n))
		for _, s := range v.window[:v.n] {
			p = binary.BigEndian.AppendUint32(p, uint32(s.lastSeq))
			p = binary.BigEndian.AppendUint32(p, uint32(s.delta))
			p = binary.BigEndian.AppendUint64(p, uint64(s.last))
			p = binary.BigEndian.AppendUint64(p, uint64(s.time))
		}
	}
	return binary.BigEndian.AppendUint32(p, crc32.Checksum(p, castagnoli))
}

func decodeProducers(p []byte) (*producers, error) {
	const fixed, each = 8 + 2 + 4 + 8 + 8 + 8 + 1, 4 + 4 + 8 + 8
	head := len(snapshotMagic)
	if len(p) < head+8 || string(p[:head]) != snapshotMagic ||
		crc32.Checksum(p[:len(p)-4], castagnoli) != binary.BigEndian.Uint32(p[len(p)-4:]) {
		return nil, errSnapshot
	}
	ps := newProducers()
	count := binary.BigEndian.Uint32(p[head:])
	p = p[head+4 : len(p)-4]
	for range count {
		if len(p) < fixed || int(p[fixed-1]) > windowBatches || len(p) < fixed+int(p[fixed-1])*each {
			return nil, errSnapshot
		}
		v := &producer{
			id:          int64(binary.BigEndian.Uint64(p)),
			epoch:       int16(binary.BigEndian.Uint16(p[8:])),
			coordinator: int32(binary.BigEndian.Uint32(p[10:])),
			seen:        int64(binary.BigEndian.Uint64(p[14:])),
			lastTime:    int64(binary.BigEndian.Uint64(p[22:])),
			txnStart:    int64(binary.BigEndian.Uint64(p[30:])),
			n:           int(p[38]),
		}
		p = p[fixed:]
		for i := range v.n {
			v.window[i] = sent{
				int32(binary.BigEndian.Uint32(p)), int32(binary.BigEndian.Uint32(p[4:])),
				int64(binary.BigEndian.Uint64(p[8:])), int64(binary.BigEndian.Uint64(p[16:])),
			}
			p = p[each:]
		}
		ps.byID[v.id] = v
		if v.txnStart >= 0 {
			ps.open = append(ps.open, openTxn{v.id, v.txnStart})
		}
	}
	if len(p) != 0 {
		return nil, errSnapshot
	}
	slices.SortFunc(ps.open, func(a, b openTxn) int { return int(min(max(a.first-b.first, -1), 1)) })
	return ps, nil
}
