package txn

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"millrace/broker/keyed"
	"millrace/fault"
)

// The keys: 't' and a transactional id; 'p', the id, a zero byte, a topic, a zero byte and four bytes of a partition; 'g', the id, a zero byte
// and a group, for what the open transaction has reached; 'n' alone for the first producer id that was never given away.
const (
	keyTransaction = 't'
	keyPartition   = 'p'
	keyGroup       = 'g'
	keyNext        = 'n'
)

// present is the value of a key that only has to be there.
var present = []byte{1}

// version is the first byte of a transaction's value.
const version = 1

// stored is what a transaction has on disk under its own key.
type stored struct {
	state                    state
	epoch, marker, lastEpoch int16
	producer, next           int64
	lastProducer             int64
	timeout                  time.Duration
	started, updated         time.Time
}

func entryOf(t *transaction) *stored {
	return &stored{t.state, t.epoch, t.marker, t.lastEpoch, t.producer, t.next, t.lastProducer, t.timeout, t.started, t.updated}
}

func (s *stored) to(t *transaction) {
	t.state, t.epoch, t.marker, t.lastEpoch = s.state, s.epoch, s.marker, s.lastEpoch
	t.producer, t.next, t.lastProducer = s.producer, s.next, s.lastProducer
	t.timeout, t.started, t.updated = s.timeout, s.started, s.updated
}

func (t *transaction) entry() keyed.Entry { return entryOf(t).entry(t.id) }
func (t *transaction) key() []byte        { return append([]byte{keyTransaction}, t.id...) }

func (t *transaction) partKey(p Partition) []byte {
	k := append([]byte{keyPartition}, t.id...)
	k = append(append(append(k, 0), p.Topic...), 0)
	return binary.BigEndian.AppendUint32(k, uint32(p.ID))
}

func (t *transaction) groupKey(group string) []byte {
	return append(append(append([]byte{keyGroup}, t.id...), 0), group...)
}

// storedSize is the length of a value.
const storedSize = 2 + 3*2 + 6*8

func (s *stored) entry(id string) keyed.Entry {
	v := make([]byte, 0, storedSize)
	v = append(v, version, byte(s.state))
	for _, n := range [...]int16{s.epoch, s.marker, s.lastEpoch} {
		v = binary.BigEndian.AppendUint16(v, uint16(n))
	}
	for _, n := range [...]int64{s.producer, s.next, s.lastProducer, int64(s.timeout), s.started.UnixMilli(), s.updated.UnixMilli()} {
		v = binary.BigEndian.AppendUint64(v, uint64(n))
	}
	return keyed.Entry{Key: append([]byte{keyTransaction}, id...), Value: v}
}

func (s *stored) read(v []byte) error {
	if len(v) == 0 || v[0] != version {
		return errors.New("it was written by another version of millrace")
	}
	if len(v) != storedSize || v[1] > byte(dead) {
		return errors.New("it is damaged")
	}
	s.state = state(v[1])
	v = v[2:]
	for _, to := range [...]*int16{&s.epoch, &s.marker, &s.lastEpoch} {
		*to, v = int16(binary.BigEndian.Uint16(v)), v[2:]
	}
	var timeout, started, updated int64
	for _, to := range [...]*int64{&s.producer, &s.next, &s.lastProducer, &timeout, &started, &updated} {
		*to, v = int64(binary.BigEndian.Uint64(v)), v[8:]
	}
	s.timeout, s.started, s.updated = time.Duration(timeout), time.UnixMilli(started), time.UnixMilli(updated)
	return nil
}

// load reads all transactions.
func (c *Coordinator) load() error {
	return c.store.Range(func(key, value []byte) error {
		err := errors.New("its key is damaged")
		if len(key) > 0 {
			err = c.loadKey(key[0], string(key[1:]), value)
		}
		if err != nil {
			return fault.New(fault.Corrupt, "read transactions: entry %q: %w", key, err).
				WithHint("run the version that wrote it, or restore the folder of the broker from a copy")
		}
		return nil
	})
}

func (c *Coordinator) loadKey(kind byte, rest string, value []byte) error {
	switch kind {
	case keyNext:
		if len(value) != 8 {
			return errors.New("it is damaged")
		}
		c.ids.next = int64(binary.BigEndian.Uint64(value))
		c.ids.limit = c.ids.next
		return nil
	case keyTransaction:
		var s stored
		if err := s.read(value); err != nil {
			return err
		}
		t := c.loading(rest)
		s.to(t)
		t.durable = true
		return nil
	}
	id, member, ok := strings.Cut(rest, "\x00")
	if !ok {
		return errors.New("its key is damaged")
	}
	t := c.loading(id)
	switch kind {
	case keyGroup:
		t.groups[member] = struct{}{}
		return nil
	case keyPartition:
		topic, p, ok := strings.Cut(member, "\x00")
		if ok && len(p) == 4 {
			t.parts[Partition{topic, int32(binary.BigEndian.Uint32([]byte(p)))}] = struct{}{}
			return nil
		}
	}
	return errors.New("its key is damaged")
}

// loading returns the transaction of an id while they are read: what it has reached may come before it.
func (c *Coordinator) loading(id string) *transaction {
	t := c.known[id]
	if t == nil {
		t = newTransaction(id)
		c.known[id] = t
	}
	return t
}

// ids gives producer ids away, each once. They are written down by blocks.
type ids struct {
	store       *keyed.Space
	mu          sync.Mutex // guards next and limit
	next, limit int64
}

// idBlock is how many producer ids are written down as given away at a time.
const idBlock = 1000

func (i *ids) take(ctx context.Context) (int64, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.next == i.limit {
		wait, err := i.store.Put(keyed.Entry{Key: []byte{keyNext}, Value: binary.BigEndian.AppendUint64(nil, uint64(i.limit+idBlock))})
		if err == nil {
			err = wait(ctx)
		}
		if err != nil {
			return 0, errors.Join(kerr.CoordinatorNotAvailable, fmt.Errorf("write producer ids: %w", err))
		}
		i.limit += idBlock
	}
	i.next++
	return i.next - 1, nil
}
