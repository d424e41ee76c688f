package node

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"millrace/bus"
	"millrace/store"
	"millrace/store/influx"
)

// local is the store of this process as a keeper.
type local struct{ *store.Store }

// Begin implements keeper.
func (l local) Begin(_ context.Context, topic string, partition int32) (upto int64, ok bool, err error) {
	upto, ok = l.Accepted(topic, partition)
	return upto, ok, nil
}

// Settle implements keeper.
func (l local) Settle(context.Context) error { return nil }

// warmGroup is the consumer group whose offsets say how far InfluxDB has each partition. It has no members:
// who writes which partition is shared out by the work.
const warmGroup = "millrace-influxdb"

// warm is InfluxDB as a keeper. A row is known there by its series and time, so that what is written
// again after a crash or by two replicas for a moment changes nothing.
type warm struct {
	db  *influx.DB
	bus *bus.Bus

	mu      sync.Mutex // guards what follows
	upto    map[bus.Position]int64
	unknown map[bus.Position]bool // not committed to the group yet
}

func newWarm(db *influx.DB, b *bus.Bus) *warm {
	return &warm{db: db, bus: b, upto: map[bus.Position]int64{}, unknown: map[bus.Position]bool{}}
}

// Begin implements keeper: another replica may have written the partition until now.
func (w *warm) Begin(ctx context.Context, topic string, partition int32) (upto int64, ok bool, err error) {
	at, err := w.bus.GroupOffsets(ctx, warmGroup)
	if err != nil {
		return 0, false, err
	}
	key := bus.Position{Topic: topic, Partition: partition}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.upto, key)
	delete(w.unknown, key)
	for _, p := range at {
		if p.Topic == topic && p.Partition == partition {
			w.upto[key] = p.Offset
			return p.Offset, true, nil
		}
	}
	return 0, false, nil
}

// Accepted implements keeper.
func (w *warm) Accepted(topic string, partition int32) (upto int64, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	upto, ok = w.upto[bus.Position{Topic: topic, Partition: partition}]
	return upto, ok
}

// Append implements keeper. The rows that are not refused are written already; writing them again does no harm.
func (w *warm) Append(ctx context.Context, src store.Range, groups []store.Group) error {
	refused, err := w.db.Write(ctx, groups)
	if err != nil {
		return err
	}
	if len(refused) > 0 {
		return &refused[0]
	}
	key := bus.Position{Topic: src.Topic, Partition: src.Partition}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.upto[key], w.unknown[key] = src.Upto, true
	return nil
}

// Settle implements keeper: it commits how far the partitions are.
func (w *warm) Settle(ctx context.Context) error {
	w.mu.Lock()
	var at []bus.Position
	for key := range w.unknown {
		at = append(at, bus.Position{Topic: key.Topic, Partition: key.Partition, Offset: w.upto[key]})
	}
	clear(w.unknown)
	w.mu.Unlock()
	if len(at) == 0 {
		return nil
	}
	return w.bus.CommitOffsets(ctx, warmGroup, at)
}

// Forget implements keeper. What InfluxDB has of the old topic stays.
func (w *warm) Forget(ctx context.Context, topic string) error {
	w.mu.Lock()
	var at []bus.Position
	for key := range w.upto {
		if key.Topic == topic {
			at = append(at, key)
			delete(w.upto, key)
			delete(w.unknown, key)
		}
	}
	w.mu.Unlock()
	return w.bus.CommitOffsets(ctx, warmGroup, at)
}

// warmStoring is what writes to InfluxDB: each replica the partitions whose share it holds.
func (n *Node) warmStoring() *storing {
	return &storing{
		bus: n.bus, store: newWarm(n.influx, n.bus), name: "influxdb", formats: n.pipelines.env.Formats, pipes: n.pipelines,
		topics: n.cfg.Store.Topics, log: n.log, refused: n.storeRefusals, failed: &n.storeRefused,
		mine: func(topic string, partition int32) bool {
			return n.work.owns("influxdb/" + topic + "/" + strconv.Itoa(int(partition)))
		},
	}
}

// openInflux sets InfluxDB up as the warm store, if it is configured.
func (n *Node) openInflux(log *slog.Logger) (err error) {
	c := n.cfg.InfluxDB
	if c.URL == "" {
		return nil
	}
	n.influx, err = influx.Open(influx.Config{
		URL: c.URL.Reveal(), Token: c.Token, Org: c.Org, Bucket: c.Bucket, QueryTimeout: time.Duration(n.cfg.SQL.Timeout),
		Log: log.With("logger", "influxdb"),
	})
	return err
}
