package serve

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
	"millrace/broker/partition"
	"millrace/broker/txn"
)

// produceState is what appending uses over and over.
type produceState struct {
	req   produceRequest
	parts []txn.Partition
}

// produced is a Produce request whose records were appended, and what is to be answered.
type produced struct {
	version     int16
	acks        int16
	timeout     time.Duration
	correlation int32
	throttle    time.Duration
	begun       time.Time
	topics      []producedTopic
	parts       []producedPart
	names       []byte
}

type producedTopic struct {
	name  span // in names
	id    [16]byte
	first int // in parts
	count int
}

type span struct{ from, to int }

type producedPart struct {
	id      int32
	code    int16
	base    int64
	time    int64 // milliseconds, -1: the log does not set timestamps
	start   int64
	message string // says more about code; may be empty
	log     *partition.Log
	wait    partition.Wait
}

// producedPool keeps what was answered for the next one.
type producedPool struct{ pool sync.Pool }

func (p *producedPool) get() *produced {
	if v, _ := p.pool.Get().(*produced); v != nil {
		return v
	}
	return &produced{}
}

func (p *producedPool) put(v *produced) {
	clear(v.parts)
	if cap(v.parts) > 4096 {
		return
	}
	v.topics, v.parts, v.names = v.topics[:0], v.parts[:0], v.names[:0]
	p.pool.Put(v)
}

// appendProduce appends the records of a request, and gives back its memory. Nothing is waited for but the append itself.
func (c *conn) appendProduce(f *frame, client string) (*produced, error) {
	defer c.release(f)
	req := &c.produce.req
	if err := req.decode(f.version, f.body); err != nil {
		return nil, malformedf("Produce request of version %d: %v", f.version, err)
	}
	defer req.forget()
	a := c.s.produces.get()
	a.version, a.acks, a.correlation, a.begun = f.version, req.acks, f.correlation, time.Now()
	a.timeout = req.timeout
	c.look(req, a)
	c.appendPlain(req, a)
	if req.transactional {
		c.appendTransactional(req, a)
	}
	a.throttle = max(c.charge(client, access.Produced, float64(f.size)), c.chargeTime(client, time.Since(a.begun)))
	return a, nil
}

// look finds the logs, and says what is not allowed.
func (c *conn) look(req *produceRequest, a *produced) {
	var whole *kerr.Error // what is wrong with the request as a whole
	switch {
	case req.acks < -1 || req.acks > 1:
		whole = kerr.InvalidRequiredAcks
	case req.transactional && (req.transactionalID == "" || !c.caller.May(kmsg.ACLOperationWrite, kmsg.ACLResourceTypeTransactionalId, req.transactionalID)):
		whole = kerr.TransactionalIDAuthorizationFailed
	}
	for i := range req.topics {
		t := &req.topics[i]
		from := len(a.names)
		a.names = append(a.names, t.name...)
		a.topics = append(a.topics, producedTopic{span{from, len(a.names)}, t.id, t.first, t.count})
		name, allowed, asked := t.name, false, false
		for j := t.first; j < t.first+t.count; j++ {
			p := &req.parts[j]
			out := producedPart{id: p.id, base: -1, time: -1, start: -1}
			if req.version >= 13 {
				name, out.log = c.s.cfg.Topics.LogByID(t.id, p.id)
				p.topic = name
			} else {
				out.log = c.s.cfg.Topics.Log(name, p.id)
			}
			if !asked && name != "" {
				allowed, asked = c.caller.May(kmsg.ACLOperationWrite, kmsg.ACLResourceTypeTopic, name), true
			}
			switch {
			case whole != nil:
				out.fail(whole)
			case req.version >= 13 && name == "":
				out.fail(kerr.UnknownTopicID)
			case !allowed:
				out.fail(kerr.TopicAuthorizationFailed)
			case out.log == nil:
				out.fail(kerr.UnknownTopicOrPartition)
			case len(p.records) == 0:
				out.fail(kerr.InvalidRecord)
			}
			a.parts = append(a.parts, out)
		}
	}
}

// appendPlain appends what belongs to no transaction.
func (c *conn) appendPlain(req *produceRequest, a *produced) {
	for i := range a.parts {
		if out := &a.parts[i]; out.code == 0 && !transactional(req.parts[i].records) {
			out.append(c, req.parts[i].records)
		}
	}
}

// appendTransactional appends what belongs to a transaction, as part of it.
func (c *conn) appendTransactional(req *produceRequest, a *produced) {
	parts := c.produce.parts[:0]
	id, epoch := int64(-1), int16(-1)
	for i := range a.parts {
		if p := &req.parts[i]; a.parts[i].code == 0 && transactional(p.records) {
			if id < 0 {
				id, epoch = producer(p.records)
			}
			parts = append(parts, txn.Partition{Topic: p.topic, ID: p.id})
		}
	}
	c.produce.parts = parts
	if len(parts) == 0 {
		return
	}
	defer clear(parts)
	release, err := c.s.cfg.Txns.Enlist(c.s.life, req.transactionalID, id, epoch, parts, req.version >= 12)
	if err == nil {
		defer release()
	}
	for i := range a.parts {
		out, p := &a.parts[i], &req.parts[i]
		if out.code != 0 || !transactional(p.records) {
			continue
		}
		pid, pepoch := producer(p.records)
		switch {
		case err != nil:
			out.refuse(err)
		case pid != id || pepoch != epoch:
			out.fail(kerr.InvalidTxnState)
		default:
			out.append(c, p.records)
		}
	}
}

// refuse says why a transaction does not take records. What passes soon is told by an error that all clients try again after (as Kafka does).
func (p *producedPart) refuse(err error) {
	var known *kerr.Error
	if errors.As(err, &known) && (known == kerr.ConcurrentTransactions || known == kerr.CoordinatorLoadInProgress || known == kerr.CoordinatorNotAvailable) {
		p.failAs(kerr.NotEnoughReplicas, fmt.Sprintf("the transaction cannot be joined yet: %v", err))
		return
	}
	p.failWith(err)
}

func (p *producedPart) append(c *conn, records []byte) {
	got, err := p.log.Append(records)
	if err != nil {
		if !p.failWith(err) {
			c.s.cfg.Logger.Error("kafka: append records", "error", err)
		}
		return
	}
	p.base, p.start, p.wait = got.Base, got.Start, got.Wait
	if !got.Time.IsZero() {
		p.time = got.Time.UnixMilli()
	}
}

func (p *producedPart) fail(err *kerr.Error) { p.failAs(err, err.Description) }

func (p *producedPart) failAs(err *kerr.Error, message string) {
	p.code, p.message, p.wait = err.Code, message, nil
	p.base, p.time = -1, -1
}

// failWith notes an error, and reports whether it is one that Kafka has a code for.
func (p *producedPart) failWith(err error) bool {
	code, known := codeOf(err)
	p.failAs(code, err.Error())
	return known
}

// codeOf returns the code that a client is told for an error: what has none is the disk's.
func codeOf(err error) (code *kerr.Error, known bool) {
	if errors.As(err, &code) {
		return code, true
	}
	return kerr.KafkaStorageError, false
}

// answerProduce waits until what was appended is durable, and answers. Without acks nothing is answered, and an error closes the connection.
func (c *conn) answerProduce(a *produced) error {
	failed := int16(0)
	ctx := c.s.life
	if a.acks == -1 { // the others do not say how long they wait
		bounded, cancel := context.WithDeadline(ctx, a.begun.Add(a.timeout))
		defer cancel()
		ctx = bounded
	}
	for i := range a.parts {
		p := &a.parts[i]
		if p.wait != nil {
			if err := p.wait(ctx); err != nil {
				if errors.Is(err, context.DeadlineExceeded) {
					p.failAs(kerr.RequestTimedOut, "the records were written, and are not known to be durable yet")
					failed = p.code
					continue
				}
				if errors.Is(err, context.Canceled) {
					return fmt.Errorf("wait for records to be durable: %w", err)
				}
				c.s.cfg.Logger.Error("kafka: make records durable", "error", err)
				p.failWith(err)
			}
		}
		if p.code != 0 {
			failed = p.code
		}
	}
	c.s.counts.handled(keyProduce, a.begun, failed != 0)
	defer c.s.produces.put(a)
	if a.acks == 0 {
		if failed != 0 {
			return fmt.Errorf("produce without acks: %w", kerr.ErrorForCode(failed))
		}
		return nil
	}
	c.out.begin(c.s.buffers)
	defer c.out.end(c.s.buffers)
	c.out.head(a.correlation, a.version >= 9)
	c.out.buf = a.encode(c.out.buf, c.s.node())
	return c.flush()
}

// Where the fields of a batch of format 2 are.
const (
	batchAttributes = 21
	batchProducer   = 43
	batchEpoch      = 51
	batchHead       = 61
)

// transactional says whether the first batch belongs to a transaction. What is too short is for the log to refuse.
func transactional(records []byte) bool {
	return len(records) >= batchHead && records[batchAttributes+1]&(1<<4) != 0
}

func producer(records []byte) (id int64, epoch int16) {
	return int64(binary.BigEndian.Uint64(records[batchProducer:])), int16(binary.BigEndian.Uint16(records[batchEpoch:]))
}

// borrow makes a string of bytes that must not change as long as it is used.
func borrow(p []byte) string { return unsafe.String(unsafe.SliceData(p), len(p)) }
