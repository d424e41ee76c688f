package broker_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker"
	"millrace/broker/disk/disktest"
)

// machine is what a broker runs on in tests that crash it: a disk in memory. Only the lock and the port are real.
type machine struct {
	dir  string
	disk *disktest.Disk
	cfg  broker.Config
}

// newMachine returns one with small segments, so that little is enough to begin many.
func newMachine(t testing.TB, cfg broker.Config) *machine {
	cfg.Dir, cfg.Listen = t.TempDir(), "127.0.0.1:0"
	if cfg.SegmentBytes == 0 {
		cfg.SegmentBytes = 2 << 10
	}
	if cfg.MinFree == 0 {
		cfg.MinFree = -1
	}
	m := &machine{dir: cfg.Dir, disk: disktest.New(), cfg: cfg}
	return m
}

// open starts the broker on a disk: that of the machine, or what a crash has left of it.
func (m *machine) open(d *disktest.Disk) (*broker.Broker, error) {
	cfg := m.cfg
	cfg.FS = d
	return broker.Open(cfg)
}

// start is open for tests that want it to succeed.
func (m *machine) start(t testing.TB) *broker.Broker {
	t.Helper()
	b, err := m.open(m.disk)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// inside returns a client of franz-go that connects through Dial.
func inside(t testing.TB, b *broker.Broker, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(b.Addr()), kgo.Dialer(dialer(b)), kgo.ProducerLinger(0), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// wire is a connection on which a test says every byte itself.
type wire struct {
	conn net.Conn
	form *kmsg.RequestFormatter
	last int32
}

func newWire(conn net.Conn) *wire {
	return &wire{conn: conn, form: kmsg.NewRequestFormatter(kmsg.FormatterClientID("wire"))}
}

// plug connects to a broker through Dial.
func plug(t testing.TB, b *broker.Broker) *wire {
	t.Helper()
	conn, err := b.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return newWire(conn)
}

// send sends a request of a version.
func (w *wire) send(req kmsg.Request, version int16) error {
	req.SetVersion(version)
	w.last++
	_, err := w.conn.Write(w.form.AppendRequest(nil, req, w.last))
	return err
}

// receive reads the answer to the request that was sent last.
func (w *wire) receive(req kmsg.Request) (kmsg.Response, error) {
	if err := w.conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return nil, err
	}
	var head [8]byte
	if _, err := io.ReadFull(w.conn, head[:]); err != nil {
		return nil, err
	}
	if got := int32(binary.BigEndian.Uint32(head[4:])); got != w.last {
		return nil, fmt.Errorf("answer %d to request %d", got, w.last)
	}
	body := make([]byte, binary.BigEndian.Uint32(head[:])-4)
	if _, err := io.ReadFull(w.conn, body); err != nil {
		return nil, err
	}
	resp := req.ResponseKind()
	resp.SetVersion(req.GetVersion())
	if resp.IsFlexible() && resp.Key() != int16(kmsg.ApiVersions) {
		body = body[1:] // no tags
	}
	return resp, resp.ReadFrom(body)
}

// ask sends a request and returns its answer.
func ask[R kmsg.Response](w *wire, req kmsg.Request, version int16) (r R, err error) {
	if err := w.send(req, version); err != nil {
		return r, err
	}
	resp, err := w.receive(req)
	if err != nil {
		return r, fmt.Errorf("%s: %w", kmsg.NameForKey(req.Key()), err)
	}
	return resp.(R), nil
}

// from says which producer a batch is of. The zero value is not one; see nobody.
type from struct {
	id    int64
	epoch int16
	seq   int32
	txn   bool
}

var nobody = from{-1, -1, -1, false}

// batch makes a batch of records, each a key and a value; no key: "".
func batch(who from, at time.Time, records ...[2]string) []byte {
	var body []byte
	for i, kv := range records {
		r := kmsg.Record{OffsetDelta: int32(i), Value: []byte(kv[1])}
		if kv[0] != "" {
			r.Key = []byte(kv[0])
		}
		p := r.AppendTo(nil)[1:]
		r.Length = int32(len(p))
		body = r.AppendTo(body)
	}
	b := kmsg.RecordBatch{
		Magic: 2, PartitionLeaderEpoch: -1, LastOffsetDelta: int32(len(records) - 1), FirstTimestamp: at.UnixMilli(), MaxTimestamp: at.UnixMilli(),
		ProducerID: who.id, ProducerEpoch: who.epoch, FirstSequence: who.seq, NumRecords: int32(len(records)), Records: body,
	}
	if who.txn {
		b.Attributes = 1 << 4
	}
	p := b.AppendTo(nil)
	binary.BigEndian.PutUint32(p[8:], uint32(len(p)-12))
	binary.BigEndian.PutUint32(p[17:], crc32.Checksum(p[21:], crc32.MakeTable(crc32.Castagnoli)))
	return p
}

// produce writes one batch and returns what is answered for it.
func (w *wire) produce(topic string, index int32, records []byte) (kmsg.ProduceResponseTopicPartition, error) {
	req := produceRequest(topic, index, records)
	resp, err := ask[*kmsg.ProduceResponse](w, req, 9)
	if err != nil {
		return kmsg.ProduceResponseTopicPartition{}, err
	}
	p := resp.Topics[0].Partitions[0]
	return p, kerr.ErrorForCode(p.ErrorCode)
}

func produceRequest(topic string, index int32, records []byte) *kmsg.ProduceRequest {
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = -1, 30_000
	rt := kmsg.NewProduceRequestTopic()
	rt.Topic = topic
	rp := kmsg.NewProduceRequestTopicPartition()
	rp.Partition, rp.Records = index, records
	rt.Partitions = append(rt.Partitions, rp)
	req.Topics = append(req.Topics, rt)
	return req
}

// producer asks for an id; transactional: "" for none.
func (w *wire) producer(transactional string) (from, error) {
	req := kmsg.NewPtrInitProducerIDRequest()
	req.ProducerID, req.ProducerEpoch, req.TransactionTimeoutMillis = -1, -1, 60_000
	if transactional != "" {
		req.TransactionalID = &transactional
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		resp, err := ask[*kmsg.InitProducerIDResponse](w, req, 4)
		if err == nil {
			err = kerr.ErrorForCode(resp.ErrorCode)
		}
		if err == nil || !errors.Is(err, kerr.ConcurrentTransactions) || time.Now().After(deadline) {
			return from{resp.ProducerID, resp.ProducerEpoch, 0, transactional != ""}, err
		}
	}
}

// create makes a topic; settings are pairs of a name and a value.
func (w *wire) create(topic string, partitions int32, settings ...[2]string) error {
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis = 30_000
	rt := kmsg.NewCreateTopicsRequestTopic()
	rt.Topic, rt.NumPartitions, rt.ReplicationFactor = topic, partitions, 1
	for _, s := range settings {
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		c.Name, c.Value = s[0], &s[1]
		rt.Configs = append(rt.Configs, c)
	}
	req.Topics = append(req.Topics, rt)
	resp, err := ask[*kmsg.CreateTopicsResponse](w, req, 5)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.Topics[0].ErrorCode)
}

// remove deletes a topic.
func (w *wire) remove(topic string) error {
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.TimeoutMillis, req.TopicNames = 30_000, []string{topic}
	resp, err := ask[*kmsg.DeleteTopicsResponse](w, req, 5)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.Topics[0].ErrorCode)
}

// cut deletes the records of a partition before an offset.
func (w *wire) cut(topic string, index int32, before int64) error {
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.TimeoutMillis = 30_000
	req.Topics = []kmsg.DeleteRecordsRequestTopic{{Topic: topic, Partitions: []kmsg.DeleteRecordsRequestTopicPartition{{Partition: index, Offset: before}}}}
	resp, err := ask[*kmsg.DeleteRecordsResponse](w, req, 2)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
}

// commit commits the offset of a group at partition 0 of a topic, outside of a generation.
func (w *wire) commit(group, topic string, offset int64) error {
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.Generation = group, -1
	rt := kmsg.NewOffsetCommitRequestTopic()
	rt.Topic = topic
	rp := kmsg.NewOffsetCommitRequestTopicPartition()
	rp.Offset = offset
	rt.Partitions = append(rt.Partitions, rp)
	req.Topics = append(req.Topics, rt)
	resp, err := ask[*kmsg.OffsetCommitResponse](w, req, 7)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
}

// committed returns the offset of a group at partition 0 of a topic; -1: there is none.
func (w *wire) committed(group, topic string) (int64, error) {
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Group, req.RequireStable = group, true
	req.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: topic, Partitions: []int32{0}}}
	resp, err := ask[*kmsg.OffsetFetchResponse](w, req, 7)
	if err != nil {
		return 0, err
	}
	p := resp.Topics[0].Partitions[0]
	return p.Offset, errors.Join(kerr.ErrorForCode(resp.ErrorCode), kerr.ErrorForCode(p.ErrorCode))
}

// stored is what a partition holds.
type stored struct {
	start, stable, high int64
	records             []*kgo.Record
}

// topics returns the partitions of each topic.
func (w *wire) topics() (map[string]int32, error) {
	req := kmsg.NewPtrMetadataRequest() // no topics: all
	resp, err := ask[*kmsg.MetadataResponse](w, req, 8)
	if err != nil {
		return nil, err
	}
	all := map[string]int32{}
	for _, t := range resp.Topics {
		all[*t.Topic] = int32(len(t.Partitions))
	}
	return all, nil
}

// read returns what a partition holds. committed leaves out what transactions have not committed; control records are always left out.
func (w *wire) read(topic string, index int32, committed bool) (s stored, err error) {
	if s.start, err = w.offset(topic, index, -2); err != nil {
		return s, err
	}
	for at := s.start; ; {
		req := kmsg.NewPtrFetchRequest()
		req.ReplicaID, req.MaxBytes, req.SessionEpoch = -1, 50<<20, -1
		if committed {
			req.IsolationLevel = 1
		}
		rp := kmsg.NewFetchRequestTopicPartition()
		rp.Partition, rp.FetchOffset, rp.PartitionMaxBytes, rp.CurrentLeaderEpoch = index, at, 10<<20, -1
		req.Topics = []kmsg.FetchRequestTopic{{Topic: topic, Partitions: []kmsg.FetchRequestTopicPartition{rp}}}
		resp, err := ask[*kmsg.FetchResponse](w, req, 11)
		if err != nil {
			return s, err
		}
		p := &resp.Topics[0].Partitions[0]
		if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
			return s, fmt.Errorf("fetch %s-%d@%d: %w", topic, index, at, err)
		}
		s.stable, s.high = p.LastStableOffset, p.HighWatermark
		if len(p.RecordBatches) == 0 {
			return s, nil
		}
		level := kgo.ReadUncommitted()
		if committed {
			level = kgo.ReadCommitted()
		}
		got, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
			Offset: at, IsolationLevel: level, Topic: topic, Partition: index,
		}, p, kgo.DefaultDecompressor(), nil)
		if got.Err != nil {
			return s, got.Err
		}
		s.records = append(s.records, got.Records...)
		if next <= at {
			return s, fmt.Errorf("fetch %s-%d@%d: nothing can be read of %d bytes", topic, index, at, len(p.RecordBatches))
		}
		at = next
	}
}

// offset is ListOffsets: -2 the start, -1 the end.
func (w *wire) offset(topic string, index int32, at int64) (int64, error) {
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	rp := kmsg.NewListOffsetsRequestTopicPartition()
	rp.Partition, rp.Timestamp, rp.CurrentLeaderEpoch = index, at, -1
	req.Topics = []kmsg.ListOffsetsRequestTopic{{Topic: topic, Partitions: []kmsg.ListOffsetsRequestTopicPartition{rp}}}
	resp, err := ask[*kmsg.ListOffsetsResponse](w, req, 5)
	if err != nil {
		return 0, err
	}
	p := resp.Topics[0].Partitions[0]
	return p.Offset, kerr.ErrorForCode(p.ErrorCode)
}

// socket connects by TCP, as those outside do.
func socket(t *testing.T, b *broker.Broker) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return newWire(conn)
}
