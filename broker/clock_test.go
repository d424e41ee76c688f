package broker_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker"
	"millrace/broker/disk/disktest"
)

// clock is one that tests set.
type clock struct{ shift atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Round(0).Add(time.Duration(c.shift.Load())) }
func (c *clock) jump(d time.Duration) { c.shift.Add(int64(d)) }

// TestClockJumps sets the clock forth and back by an hour: offsets go on, nothing is deleted that is not old by both clocks, sequence numbers hold, and no
// transaction stays open for longer than its timeout.
func TestClockJumps(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v, restart %v", by, restart), func(t *testing.T) {
				t.Parallel()
				var c clock
				m := newMachine(t, broker.Config{Now: c.now})
				b := m.start(t)
				w := plug(t, b)
				for topic, settings := range map[string][][2]string{
					"plain": {{"retention.ms", "7200000"}}, "stamped": {{"message.timestamp.type", "LogAppendTime"}, {"retention.ms", "7200000"}}, "out": nil,
				} {
					if err := w.create(topic, 3, settings...); err != nil {
						t.Fatal(err)
					}
				}
				who, err := w.producer("")
				if err != nil {
					t.Fatal(err)
				}
				write := func(topic string, n int) {
					t.Helper()
					for i := range n {
						got, err := w.produce(topic, 0, batch(who, c.now(), [2]string{"", fmt.Sprint(i)}))
						if err != nil {
							t.Fatalf("%s: %v", topic, err)
						}
						if d := time.UnixMilli(got.LogAppendTime).Sub(c.now()).Abs(); topic == "stamped" && d > time.Minute {
							t.Errorf("the log's time is off by %v", d)
						}
						who.seq++
					}
				}
				write("plain", 30)
				who.seq = 0
				write("stamped", 30)
				open, err := beginTransaction(w, 3000)
				if err != nil {
					t.Fatal(err)
				}
				c.jump(by)
				if restart {
					left := m.disk.Crash(m.disk.Len(), disktest.Kept)
					if err := b.Close(); err != nil {
						t.Fatal(err)
					}
					m.disk = left
					b = m.start(t)
					w = plug(t, b)
				}
				write("stamped", 30) // the sequence goes on
				for _, topic := range []string{"plain", "stamped"} {
					log, err := w.read(topic, 0, true)
					if err != nil || log.start != 0 || len(log.records) != int(log.high) {
						t.Errorf("%s: [%d, %d), %d records, %v", topic, log.start, log.high, len(log.records), err)
					}
				}
				for deadline := time.Now().Add(30 * time.Second); ; {
					log, err := w.read("out", 0, true)
					if err != nil {
						t.Fatal(err)
					}
					if log.stable == log.high {
						break
					}
					if time.Now().After(deadline) {
						t.Fatalf("the transaction of producer %d with a timeout of 3 s is open after 30 s", open.id)
					}
				}
			})
		}
	}
}

// beginTransaction writes one record in a transaction that nobody will end.
func beginTransaction(w *wire, timeout int32) (from, error) {
	id := owner
	req := kmsg.NewPtrInitProducerIDRequest()
	req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.TransactionTimeoutMillis = &id, -1, -1, timeout
	resp, err := ask[*kmsg.InitProducerIDResponse](w, req, 4)
	if err != nil {
		return from{}, err
	}
	who := from{resp.ProducerID, resp.ProducerEpoch, 0, true}
	add := kmsg.NewPtrAddPartitionsToTxnRequest()
	add.TransactionalID, add.ProducerID, add.ProducerEpoch = owner, who.id, who.epoch
	add.Topics = []kmsg.AddPartitionsToTxnRequestTopic{{Topic: "out", Partitions: []int32{0}}}
	if _, err := ask[*kmsg.AddPartitionsToTxnResponse](w, add, 3); err != nil {
		return who, err
	}
	produce := produceRequest("out", 0, batch(who, time.UnixMilli(1), [2]string{"", "open"}))
	produce.TransactionID = &id
	_, err = ask[*kmsg.ProduceResponse](w, produce, 9)
	return who, err
}
