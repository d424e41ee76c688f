package broker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker"
	"millrace/broker/disk/disktest"
)

// lines is a log that tests read.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// filling is one operation during which the disk fills up.
type filling struct {
	name string
	// prepare does what comes before; do is the operation; holds says whether what do does is there as a whole.
	prepare func(*wire) error
	do      func(*wire) error
	holds   func(*wire) (bool, error)
	// alone is an operation that a log does by itself: it must go on as soon as there is room, without a restart.
	alone bool
}

// owner is the producer of the transaction in these tests. It is the first that gets an id.
const owner = "job"

func fillings() []filling {
	var who from
	record := func(v string) []byte { return batch(nobody, time.UnixMilli(1), [2]string{"", v}) }
	has := func(topic string, index int32, v string) func(*wire) (bool, error) {
		return func(w *wire) (bool, error) {
			s, err := w.read(topic, index, true)
			n := 0
			for _, r := range s.records {
				if string(r.Value) == v {
					n++
				}
			}
			if n > 1 {
				err = fmt.Errorf("%q is there %d times", v, n)
			}
			return n == 1, err
		}
	}
	produce := func(topic string, v []byte) func(*wire) error {
		return func(w *wire) error { _, err := w.produce(topic, 0, slices.Clone(v)); return err }
	}
	large := strings.Repeat("r", 1800)
	return []filling{
		{
			name: "append", alone: true,
			prepare: produce("in", record("before")), do: produce("in", record("appended")), holds: has("in", 0, "appended"),
		},
		{
			name: "first append of a log", alone: true,
			prepare: func(*wire) error { return nil }, do: produce("in", record("first")), holds: has("in", 0, "first"),
		},
		{
			name: "append that begins a segment", alone: true,
			prepare: produce("in", record(large)), do: produce("in", record("rolled"+large[:1000])), holds: has("in", 0, "rolled"+large[:1000]),
		},
		{
			name:    "commit of a group",
			prepare: func(w *wire) error { return w.commit("reader", "in", 1) },
			do:      func(w *wire) error { return w.commit("reader", "in", 2) },
			holds:   func(w *wire) (bool, error) { n, err := w.committed("reader", "in"); return n == 2, err },
		},
		{
			name:    "creation of a topic",
			prepare: func(*wire) error { return nil },
			do: func(w *wire) error {
				if err := w.create("new", 2); err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
					return err
				}
				return nil
			},
			holds: func(w *wire) (bool, error) { all, err := w.topics(); return all["new"] == 2, err },
		},
		{
			name: "end of a transaction",
			prepare: func(w *wire) (err error) {
				who, err = openTransaction(w)
				return err
			},
			do: func(w *wire) error { return endTransaction(w, who) },
			holds: func(w *wire) (bool, error) {
				if _, err := w.producer(owner); err != nil {
					return false, err
				}
				seen := 0
				for i := range int32(3) {
					ok, err := has("out", i, "committed")(w)
					if err != nil {
						return false, err
					}
					if ok {
						seen++
					}
				}
				n, err := w.committed("job", "in")
				if seen%3 != 0 || (n == 7) != (seen == 3) {
					err = errors.Join(err, fmt.Errorf("the transaction is torn: %d of 3 records, the group is at %d", seen, n))
				}
				return seen == 3, err
			},
		},
	}
}

// openTransaction writes to three partitions and stages an offset, as clients of Kafka 3 do.
func openTransaction(w *wire) (from, error) {
	who, err := w.producer(owner)
	if err != nil {
		return who, err
	}
	add := kmsg.NewPtrAddPartitionsToTxnRequest()
	add.TransactionalID, add.ProducerID, add.ProducerEpoch = owner, who.id, who.epoch
	add.Topics = []kmsg.AddPartitionsToTxnRequestTopic{{Topic: "out", Partitions: []int32{0, 1, 2}}}
	if _, err := ask[*kmsg.AddPartitionsToTxnResponse](w, add, 3); err != nil {
		return who, err
	}
	for i := range int32(3) {
		req := produceRequest("out", i, batch(who, time.UnixMilli(1), [2]string{"", "committed"}))
		id := owner
		req.TransactionID = &id
		resp, err := ask[*kmsg.ProduceResponse](w, req, 9)
		if err == nil {
			err = kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
		}
		if err != nil {
			return who, err
		}
	}
	group := kmsg.NewPtrAddOffsetsToTxnRequest()
	group.TransactionalID, group.ProducerID, group.ProducerEpoch, group.Group = owner, who.id, who.epoch, "job"
	if resp, err := ask[*kmsg.AddOffsetsToTxnResponse](w, group, 3); err != nil || resp.ErrorCode != 0 {
		return who, errors.Join(err, errors.New("the group was refused"))
	}
	req := kmsg.NewPtrTxnOffsetCommitRequest()
	req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group, req.Generation = owner, who.id, who.epoch, "job", -1
	rp := kmsg.NewTxnOffsetCommitRequestTopicPartition()
	rp.Offset = 7
	req.Topics = []kmsg.TxnOffsetCommitRequestTopic{{Topic: "in", Partitions: []kmsg.TxnOffsetCommitRequestTopicPartition{rp}}}
	resp, err := ask[*kmsg.TxnOffsetCommitResponse](w, req, 3)
	if err == nil {
		err = kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
	}
	return who, err
}

func endTransaction(w *wire, who from) error {
	req := kmsg.NewPtrEndTxnRequest()
	req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Commit = owner, who.id, who.epoch, true
	resp, err := ask[*kmsg.EndTxnResponse](w, req, 3)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.ErrorCode)
}

// TestDiskFillsUpAtEveryByte lets the disk fill up at each byte of one operation. No answer may claim what is not there; with room again the broker goes on,
// or says that it has to be started again, and then does.
func TestDiskFillsUpAtEveryByte(t *testing.T) {
	for _, f := range fillings() {
		t.Run(f.name, func(t *testing.T) {
			m := newMachine(t, broker.Config{})
			b := m.start(t)
			w := plug(t, b)
			for topic, n := range map[string]int32{"in": 1, "out": 3} {
				if err := w.create(topic, n); err != nil {
					t.Fatal(err)
				}
			}
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			step := int64(1)
			if os.Getenv("MILLRACE_LONG") == "" {
				step = 7 // a prime: the places are not all alike
			}
			refused, restarts := 0, 0
			for room, succeeded := int64(0), 0; succeeded < 30; room += step {
				ok, restarted := f.fill(t, m, m.disk.Crash(m.disk.Len(), disktest.Kept), room)
				succeeded++
				if !ok {
					refused++
					succeeded = 0
				}
				if restarted {
					restarts++
				}
				if room > 1<<16 {
					t.Fatal("it never succeeds")
				}
			}
			if refused == 0 {
				t.Error("the disk was never full")
			}
			t.Logf("refused at %d places, started again after %d", refused, restarts)
		})
	}
}

// fill does the operation with room for so many bytes, and says whether it succeeded, and whether the broker had to be started again.
func (f *filling) fill(t *testing.T, m *machine, d *disktest.Disk, room int64) (ok, restarted bool) {
	t.Helper()
	var said lines
	m.cfg.Logger = said.logger()
	bad := func(format string, args ...any) {
		t.Helper()
		t.Fatalf("with room for %d bytes: %s; the broker said: %s", room, fmt.Sprintf(format, args...), &said)
	}
	b, err := m.open(d)
	if err != nil {
		bad("%v", err)
	}
	w := plug(t, b)
	if err := f.prepare(w); err != nil {
		bad("%v", err)
	}
	d.SetCapacity(d.Used() + room)
	told := f.do(w)
	lost := d.Crash(d.Len(), disktest.Lost)
	d.SetCapacity(-1)
	if told != nil {
		restarted = f.again(m, d, b, w, &said, bad)
	} else {
		b.Close()
	}
	// What was acknowledged is there after a loss of power in that moment, and what is there is whole.
	if b, err = m.open(lost); err != nil {
		bad("a start after a loss of power: %v", err)
	}
	there, err := f.holds(plug(t, b))
	if err != nil || told == nil && !there {
		bad("it was answered by %v; after a loss of power it is there: %v, %v", told, there, err)
	}
	if err := b.Close(); err != nil {
		bad("%v", err)
	}
	return told == nil, restarted
}

// again does the operation once more, with room on the disk: at once, or after the restart that the broker has asked for.
func (f *filling) again(m *machine, d *disktest.Disk, b *broker.Broker, w *wire, said *lines, bad func(string, ...any)) (restarted bool) {
	err := f.do(w)
	if err != nil {
		if f.alone {
			bad("with room again: %v", err)
		}
		if !strings.Contains(said.String(), "start again") {
			bad("it refuses, with room again, by %v, and does not say what to do", err)
		}
		b.Close() // it says once more what failed
		if b, err = m.open(d); err != nil {
			bad("start again: %v", err)
		}
		conn, err := b.Dial(context.Background())
		if err != nil {
			bad("%v", err)
		}
		defer conn.Close()
		w, restarted = newWire(conn), true
		if err := f.do(w); err != nil {
			bad("after a restart: %v", err)
		}
	}
	if there, err := f.holds(w); err != nil || !there {
		bad("done again, it is there: %v, %v", there, err)
	}
	if err := b.Close(); err != nil {
		bad("%v", err)
	}
	return restarted
}
