package topic

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"log/slog"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
	"millrace/broker/disk"
	"millrace/broker/disk/disktest"
	"millrace/broker/keyed"
	"millrace/broker/partition"
)

// world is a disk with topics on it.
type world struct {
	t     testing.TB
	disk  disk.FS
	store *keyed.Store
	*Topics
}

func newDisk(t testing.TB) *disktest.Disk {
	t.Helper()
	d := disktest.New()
	if err := d.MkdirAll("/", 0o755); err != nil {
		t.Fatal(err)
	}
	return d
}

func env(fs disk.FS) *partition.Env {
	return &partition.Env{FS: fs, Now: time.Now, Log: slog.New(slog.DiscardHandler), Flush: partition.FlushAlways}
}

func newWorld(t testing.TB, change func(*Config)) *world {
	t.Helper()
	w := &world{t: t, disk: newDisk(t)}
	if err := w.start(change); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.stop)
	return w
}

// start opens what is on the disk.
func (w *world) start(change func(*Config)) error {
	var err error
	if w.store, err = keyed.Open(w.disk, "/state", keyed.Options{Sync: true}); err != nil {
		return err
	}
	e := env(w.disk)
	cfg := Config{Dir: "/logs", Env: e, Host: "broker", Port: 9092, Partitions: 3, ClusterID: "cluster"}
	if change != nil {
		change(&cfg)
	}
	w.Topics, err = Open(context.Background(), w.store.Space("topics"), cfg)
	return err
}

func (w *world) stop() {
	if w.Topics != nil {
		if err := w.Topics.Close(); err != nil {
			w.t.Error(err)
		}
	}
	_ = w.store.Close()
	w.Topics = nil
}

func (w *world) restart(change func(*Config)) {
	w.t.Helper()
	w.stop()
	if err := w.start(change); err != nil {
		w.t.Fatal(err)
	}
}

func ctx() context.Context { return context.Background() }

func str(s string) *string { return &s }

// wanted is a topic to be made; settings are names and values in turn.
func wanted(name string, partitions int32, settings ...string) kmsg.CreateTopicsRequestTopic {
	r := kmsg.NewCreateTopicsRequestTopic()
	r.Topic, r.NumPartitions, r.ReplicationFactor = name, partitions, -1
	for i := 0; i < len(settings); i += 2 {
		r.Configs = append(r.Configs, kmsg.CreateTopicsRequestTopicConfig{Name: settings[i], Value: &settings[i+1]})
	}
	return r
}

func (w *world) create(c *access.Caller, topics ...kmsg.CreateTopicsRequestTopic) []kmsg.CreateTopicsResponseTopic {
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Version, req.Topics = 7, topics
	return w.CreateTopics(ctx(), c, req).Topics
}

func (w *world) mustCreate(name string, partitions int32, settings ...string) kmsg.CreateTopicsResponseTopic {
	w.t.Helper()
	r := w.create(nil, wanted(name, partitions, settings...))[0]
	answers(w.t, "create "+name, r.ErrorCode, 0)
	return r
}

// answers compares error codes; want is nil, 0 or a *kerr.Error.
func answers(t testing.TB, what string, got int16, want any) {
	t.Helper()
	var code int16
	if e, ok := want.(*kerr.Error); ok && e != nil {
		code = e.Code
	}
	if got != code {
		t.Errorf("%s: %v, want %v", what, kerr.ErrorForCode(got), kerr.ErrorForCode(code))
	}
}

// guarded is a caller who may do what rules allow.
func guarded(t testing.TB, user string, rules ...kmsg.CreateACLsRequestCreation) *access.Caller {
	t.Helper()
	d := newDisk(t)
	store, err := keyed.Open(d, "/state", keyed.Options{Sync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	a, err := access.Open(store.Space("access"), access.Config{Authorize: true, SASL: true, Users: map[string]string{user: "x"}})
	if err != nil {
		t.Fatal(err)
	}
	req := kmsg.NewPtrCreateACLsRequest()
	req.Creations = rules
	for _, r := range a.CreateACLs(ctx(), nil, req).Results {
		answers(t, "make a rule", r.ErrorCode, 0)
	}
	s := a.Accept(nil, nil)
	s.Handshake(&kmsg.SASLHandshakeRequest{Version: 1, Mechanism: "PLAIN"})
	s.Authenticate(&kmsg.SASLAuthenticateRequest{Version: 2, SASLAuthBytes: []byte("\x00" + user + "\x00x")})
	c, ok, _ := s.Caller()
	if !ok {
		t.Fatal("the login is refused")
	}
	return c
}

func allow(op kmsg.ACLOperation, kind kmsg.ACLResourceType, name string) kmsg.CreateACLsRequestCreation {
	return kmsg.CreateACLsRequestCreation{
		ResourceType: kind, ResourceName: name, ResourcePatternType: kmsg.ACLResourcePatternTypeLiteral,
		Principal: "User:*", Host: "*", Operation: op, PermissionType: kmsg.ACLPermissionTypeAllow,
	}
}

// batch is a batch of one record of size bytes, as a producer without an id sends it.
func batch(size int) []byte { return sealed(size, -1, -1, -1) }

// sequenced is a batch of a producer with an id.
func sequenced(producer int64, epoch int16, sequence int32) []byte {
	return sealed(10, producer, epoch, sequence)
}

func sealed(size int, producer int64, epoch int16, sequence int32) []byte {
	record := kmsg.Record{Value: bytes.Repeat([]byte("x"), size), Key: nil}
	body := record.AppendTo(nil)[1:] // its length, 0, is one byte
	records := append(binary.AppendVarint(nil, int64(len(body))), body...)
	now := time.Now().UnixMilli()
	b := kmsg.RecordBatch{
		Length: int32(49 + len(records)), Magic: 2, FirstTimestamp: now, MaxTimestamp: now,
		ProducerID: producer, ProducerEpoch: epoch, FirstSequence: sequence, NumRecords: 1, Records: records, PartitionLeaderEpoch: -1,
	}
	p := b.AppendTo(nil)
	binary.BigEndian.PutUint32(p[17:], crc32.Checksum(p[21:], crc32.MakeTable(crc32.Castagnoli)))
	return p
}

// fill appends batches to a partition and waits for them.
func (w *world) fill(topic string, partition int32, batches, size int) {
	w.t.Helper()
	for range batches {
		a, err := w.Log(topic, partition).Append(batch(size))
		if err == nil {
			err = a.Wait(ctx())
		}
		if err != nil {
			w.t.Fatalf("append to %s-%d: %v", topic, partition, err)
		}
	}
}

func entryOf(key, value string) keyed.Entry {
	return keyed.Entry{Key: []byte(key), Value: []byte(value)}
}
