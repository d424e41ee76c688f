// Package node assembles one running instance out of the parts: it opens them in order, wires what one
// needs of another, runs their loops, and stops them in the reverse order.
//
// The order: broker, bus, store, pipelines (planned), API listener; then everything runs; a stop goes
// the other way, so that nothing loses what it stands on. Whatever loop cannot go on ends the node.
package node

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"millrace/alert"
	"millrace/api"
	"millrace/blob"
	"millrace/broker"
	"millrace/builtin"
	"millrace/bus"
	"millrace/config"
	"millrace/connector"
	"millrace/engine"
	"millrace/engine/state"
	"millrace/examples"
	"millrace/fault"
	"millrace/format"
	"millrace/option"
	"millrace/store"
	"millrace/store/hot"
	"millrace/store/influx"
	"millrace/store/redis"
	"millrace/telemetry"
	"millrace/ui"
	"millrace/vec"
)

// Node is one running instance.
type Node struct {
	cfg     config.Config
	version string
	log     *slog.Logger
	began   time.Time

	broker     *broker.Broker // nil with a cluster
	bus        *bus.Bus
	bucket     *blob.Bucket // nil: none
	store      *store.Store
	influx     *influx.DB // nil: the store answers alone
	hot        *hot.Hot
	redis      *redis.Hot // nil: hot answers alone
	table      *bus.Table // what replicas share: pipelines, sources, rules
	work       *work
	pipelines  *pipelines
	sources    *sources
	planned    []*pipeline // of the configuration
	replicas   *replicas
	alerts     *alert.Evaluator // nil: nothing is watched
	alertTable *bus.Table
	tls        *tls.Config // nil: plain HTTP
	// storeRefused counts records that the store could not keep.
	storeRefused  atomic.Int64
	storeRefusals telemetry.CounterSet // the same by topic
	metrics       *telemetry.Metrics
	events        *arrivals
	topics        *topicWatch
	figures       *busFigures
	latency       *telemetry.Latency
	demo          *demoState
	listener      net.Listener
	server        *api.Server
}

// Open opens every part. What is open already is closed again if a later one fails.
func Open(ctx context.Context, cfg config.Config, version string, log *slog.Logger) (n *Node, err error) {
	n = &Node{cfg: cfg, version: version, log: log.With("logger", "node"), began: time.Now(), latency: telemetry.NewLatency()}
	defer func() {
		if err != nil {
			n.close(context.WithoutCancel(ctx))
		}
	}()
	if err := os.MkdirAll(cfg.Data, 0o755); err != nil {
		return n, fmt.Errorf("create data folder: %w", err)
	}
	if n.listener, err = listen(cfg); err != nil {
		return n, err
	}
	n.metrics = telemetry.NewMetrics(version)
	n.events = &arrivals{counts: n.metrics.Counter("node", "source_records_total", "Records taken in, by source.", "source"), last: map[string]time.Time{}}
	if err := n.openBus(ctx, log); err != nil {
		return n, err
	}
	if err := n.openTiers(ctx, log); err != nil {
		return n, err
	}
	n.store, err = store.Open(filepath.Join(cfg.Data, "store"), n.storeOptions(log))
	if err != nil {
		return n, err
	}
	if n.table, err = n.bus.OpenTable(ctx, objectTopic, 0); err != nil {
		return n, err
	}
	n.work = newWork(n.bus, cfg.Kafka.Embedded(), log.With("logger", "work"))
	if err := n.openPipelines(); err != nil {
		return n, err
	}
	n.topics = newTopicWatch(n.bus, n.pipelines)
	n.figures = newBusFigures(n.bus, n.log)
	if err := n.openReplicas(ctx); err != nil {
		return n, err
	}
	n.demo = newDemoState(filepath.Join(cfg.Data, "demo-ended"), cfg.Demo == config.On)
	if err := n.openSources(); err != nil {
		return n, err
	}
	n.storeRefusals = n.metrics.Counter("store", "records_refused_total", "Records that could not be kept, by topic.", "topic")
	if err := n.openAlerts(ctx, log); err != nil {
		return n, err
	}
	if cfg.TLS.CertFile != "" {
		if n.tls, err = api.LoadTLS(cfg.TLS.CertFile, cfg.TLS.KeyFile, n.log); err != nil {
			return n, err
		}
	}
	n.registerMetrics()
	n.server = api.New(n.deps(log))
	return n, nil
}

func listen(cfg config.Config) (net.Listener, error) {
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, fault.New(fault.Conflict, "listen on %s: the address is in use or not ours: %w", cfg.Listen, err).
			WithHint("stop what listens there, or choose another address with --listen")
	}
	return l, nil
}

func (n *Node) openBus(ctx context.Context, log *slog.Logger) error {
	seeds := n.cfg.Kafka.Bootstrap
	if n.cfg.Kafka.Embedded() {
		if err := n.openBroker(log); err != nil {
			return err
		}
		seeds = []string{n.broker.Addr()}
	}
	octx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	reach, err := n.busConfig(seeds, log)
	if err != nil {
		return err
	}
	b, err := bus.Open(octx, reach)
	if err != nil {
		return err
	}
	n.bus = b
	for _, topic := range n.cfg.Store.Topics {
		if _, err := b.Ensure(ctx, topic.Topic, n.cfg.Kafka.Partitions, nil); err != nil {
			return err
		}
	}
	return nil
}

// busConfig says how to reach the bus. TLS and SASL are for clusters.
func (n *Node) busConfig(seeds []string, log *slog.Logger) (bus.Config, error) {
	c := bus.Config{Seeds: seeds, Logger: log.With("logger", "bus")}
	if n.cfg.Kafka.Embedded() {
		c.Dial = n.broker.Dial
		return c, nil
	}
	if s := n.cfg.Kafka.SASL; s.Mechanism != "" {
		c.SASL = &bus.SASL{Mechanism: s.Mechanism, User: s.User, Password: s.Password.Reveal()}
	}
	t := n.cfg.Kafka.TLS
	if !t.Enabled {
		return c, nil
	}
	c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return c, fault.New(fault.Invalid, "read kafka.tls.ca_file: %w", err)
		}
		if c.TLS.RootCAs = x509.NewCertPool(); !c.TLS.RootCAs.AppendCertsFromPEM(pem) {
			return c, fault.New(fault.Invalid, "read kafka.tls.ca_file %s: it has no certificate", t.CAFile)
		}
	}
	if t.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return c, fault.New(fault.Invalid, "read kafka.tls.cert_file: %w", err)
		}
		c.TLS.Certificates = []tls.Certificate{cert}
	}
	return c, nil
}

func (n *Node) storeOptions(log *slog.Logger) store.Options {
	return store.Options{
		Log:        log.With("logger", "store"),
		FlushEvery: time.Duration(n.cfg.Store.FlushInterval),
		Retention:  n.retention(),
		RollupRetention: map[time.Duration]time.Duration{
			time.Minute: time.Duration(n.cfg.Store.RollupRetention.Minute), time.Hour: time.Duration(n.cfg.Store.RollupRetention.Hour),
		},
		Bucket: n.bucket, BucketAfter: time.Duration(n.cfg.Bucket.After), BucketPrefix: "parts/" + n.replica() + "/",
		BucketCacheBytes: int64(n.cfg.Bucket.Cache), ResultBytes: int64(n.cfg.Store.QueryCache),
		QueryMemory: int64(n.cfg.SQL.Memory), QueryThreads: n.cfg.SQL.Threads,
	}
}

// objectTopic is where replicas share what was made by the API.
const objectTopic = "__millrace_objects"

// openPipelines plans the pipelines of the configuration, so that a mistake in them ends the start.
func (n *Node) openPipelines() error {
	connectors, formats := builtin.Connectors(n.bus, os.Stdout, os.Stderr), builtin.Formats()
	n.pipelines = &pipelines{
		bus: n.bus, table: n.table, work: n.work, partitions: n.cfg.Kafka.Partitions, connectors: connectors, formats: formats,
		flink: n.flinkSettings(), functions: n.newFunctions(), log: n.log.With("logger", "pipelines"), list: map[string]*pipeline{}, rates: map[string]*jobRate{},
		env: engine.Env{
			Connectors: byName(connectors, func(s connector.Spec) string { return s.Name }),
			Formats:    byName(formats, func(s format.Spec) string { return s.Name }),
			Log:        n.log, Hasher: vec.NewHasher(), Snapshots: n.snapshots(), Memory: n.stateMemory(),
		},
	}
	for _, p := range n.cfg.Pipelines {
		sql, err := n.pipelineText(p.File)
		if err != nil {
			return err
		}
		one, err := n.pipelines.planned(pipelineEntry{Name: p.Name, SQL: sql, DeadLetters: p.DeadLetters, Engine: p.Engine, Gateway: p.Gateway.Reveal()})
		if err != nil {
			return fmt.Errorf("pipeline %q: %w", p.Name, err)
		}
		n.planned = append(n.planned, one)
	}
	return nil
}

// stateMemory bounds the state of all jobs in memory.
func (n *Node) stateMemory() *state.Memory {
	limit := int64(n.cfg.Jobs.Memory)
	if limit == 0 {
		limit = state.Machine() / 4 // as much again until the garbage is collected, and there is more than state
	}
	return state.NewMemory(limit, filepath.Join(n.cfg.Data, "state-on-disk"))
}

// snapshots are where jobs keep their state.
func (n *Node) snapshots() func(job string) state.Place {
	if n.bucket != nil && n.cfg.Bucket.Snapshots {
		return state.Buckets(n.bucket, "snapshots/")
	}
	return state.Folders(filepath.Join(n.cfg.Data, "state"))
}

// openSources checks the sources of the configuration.
func (n *Node) openSources() error {
	specs := append(builtin.Collectors(n.log, n.demo.Real), n.platformSpec())
	n.sources = newSources(n.bus, n.table, n.work, specs, n.events, n.replica(), n.log.With("logger", "sources"))
	n.sources.partitions, n.sources.elsewhere, n.pipelines.elsewhere = n.cfg.Kafka.Partitions, n.replicas.source, n.replicas.job
	entries := []sourceEntry{{Name: platformSource, Connector: platformSource}}
	if h := n.cfg.Sources.Host; h.Enabled {
		entries = append(entries, sourceEntry{Name: "host", Connector: "host", Options: option.Values{"interval": h.Interval.Std().String(), "topic": h.Topic}})
	}
	if n.demo.on && !n.demo.Real() {
		entries = append(entries, sourceEntry{Name: "demo", Connector: "demo"})
	}
	for _, s := range n.cfg.Sources.Connect {
		entries = append(entries, sourceEntry{Name: s.Name, Connector: s.Connector, Options: option.Values(s.Options)})
	}
	return n.sources.configure(entries)
}

// openTiers sets up what is beside the store: the newest values, the bucket and InfluxDB.
func (n *Node) openTiers(ctx context.Context, log *slog.Logger) (err error) {
	address := n.cfg.Redis.URL.Reveal()
	n.hot = hot.New(hot.Options{Track: address != ""})
	if address != "" {
		if n.redis, err = redis.Open(redis.Config{Address: address, Log: log.With("logger", "redis")}, n.hot); err != nil {
			return err
		}
	}
	if n.cfg.Bucket.URL != "" {
		if n.bucket, err = blob.Open(ctx, n.cfg.Bucket.URL); err != nil {
			return err
		}
	}
	return n.openInflux(log)
}

// newest are the newest values, of all replicas where Redis is shared.
func (n *Node) newest() hot.Reader {
	if n.redis != nil {
		return n.redis
	}
	return n.hot
}

// openReplicas joins those that share the cluster.
func (n *Node) openReplicas(ctx context.Context) (err error) {
	n.replicas = &replicas{self: n.replicaState, name: n.replica()}
	if !n.cfg.Kafka.Embedded() {
		n.replicas.table, err = n.bus.OpenTable(ctx, replicaTopic, time.Hour)
	}
	return err
}

// replica is the name of this one among those that share a cluster.
func (n *Node) replica() string {
	if n.cfg.Replica != "" {
		return n.cfg.Replica
	}
	return hostname()
}

// examplePrefix marks a pipeline that is in the binary.
const examplePrefix = "example:"

// pipelineText reads a script. Those in the binary name the bus where a newcomer finds it; here it is
// wherever ours is.
func (n *Node) pipelineText(file string) (string, error) {
	name, ok := strings.CutPrefix(file, examplePrefix)
	if !ok {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("read pipeline: %w", err)
		}
		return string(data), nil
	}
	data, err := fs.ReadFile(examples.Files, name+"/pipeline.sql")
	if err != nil {
		return "", fault.New(fault.NotFound, "there is no example %q", name)
	}
	return strings.ReplaceAll(string(data), "127.0.0.1:9092", strings.Join(n.bus.Seeds(), ",")), nil
}

func byName[T any](list []T, name func(T) string) map[string]T {
	m := make(map[string]T, len(list))
	for _, v := range list {
		m[name(v)] = v
	}
	return m
}

// Addr is the address of API and screen.
func (n *Node) Addr() string { return n.listener.Addr().String() }

// BusAddr is the address of the bus.
func (n *Node) BusAddr() string { return strings.Join(n.bus.Seeds(), ",") }

// Run runs everything until ctx ends, then stops in order and returns nil; or until something cannot
// go on, and returns why.
func (n *Node) Run(ctx context.Context) error {
	// Three circles: each stands on the one before it, and ends before it.
	ground := newCircle(context.WithoutCancel(ctx)) // without Kafka
	if n.broker != nil {
		ground.Go(func() error { return n.broker.Run(ground.ctx) })
	}
	ground.Go(func() error { return n.store.Run(ground.ctx) })
	shared := newCircle(context.WithoutCancel(ctx)) // what is shared through Kafka and other servers
	n.runShared(shared)
	work := newCircle(ctx)
	for name, c := range map[string]*circle{"broker or store": ground, "tables or stores": shared} {
		work.Go(func() error { // if what it stands on breaks, it ends, too
			select {
			case <-c.ctx.Done():
				return fmt.Errorf("%s stopped: %w", name, context.Cause(c.ctx))
			case <-work.ctx.Done():
				return nil
			}
		})
	}
	if err := n.configure(ctx); err != nil && ctx.Err() == nil {
		work.Go(func() error { return err })
	}
	n.runWork(work)

	err := work.Wait()
	sharedErr := shared.end()
	// The bus goes before the broker that it talks to.
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	busErr := n.bus.Close(closing)
	n.bus = nil
	groundErr := ground.end()
	n.listener = nil // the server has closed it
	closeErr := n.close(context.WithoutCancel(ctx))
	if ctx.Err() != nil {
		return cmp.Or(closeErr, busErr)
	}
	return cmp.Or(err, sharedErr, busErr, groundErr, closeErr)
}

// circle is loops that begin and end together; the first that fails ends the others.
type circle struct {
	*errgroup.Group
	ctx  context.Context
	stop context.CancelFunc
}

func newCircle(ctx context.Context) *circle {
	ctx, stop := context.WithCancel(ctx)
	g, ctx := errgroup.WithContext(ctx)
	return &circle{g, ctx, stop}
}

// end stops the loops and waits for them.
func (c *circle) end() error {
	c.stop()
	return c.Wait()
}

// again adds a loop that is run again when the bus was away.
func (c *circle) again(n *Node, name string, run func(context.Context) error) {
	c.Go(func() error { return again(c.ctx, n.log, name, run) })
}

// runShared runs the tables that replicas share, and the stores outside.
func (n *Node) runShared(c *circle) {
	c.again(n, "table", n.table.Run)
	if n.alertTable != nil {
		c.again(n, "alert table", n.alertTable.Run)
	}
	if n.replicas.table != nil {
		c.again(n, "replicas table", n.replicas.table.Run)
	}
	if n.influx != nil {
		c.Go(func() error { return n.influx.Run(c.ctx) })
	}
	if n.redis != nil {
		c.Go(func() error { return n.redis.Run(c.ctx) })
	}
}

// runWork runs what collects, processes, stores and answers.
func (n *Node) runWork(c *circle) {
	c.Go(func() error { return n.topics.run(c.ctx) })
	c.Go(func() error { return n.figures.run(c.ctx) })
	c.again(n, "storing", n.storing().run)
	if n.influx != nil {
		c.again(n, "storing in InfluxDB", n.warmStoring().run)
	}
	c.Go(func() error { return n.pipelines.run(c.ctx) })
	c.Go(func() error { return n.sources.run(c.ctx) })
	c.Go(func() error { return n.work.run(c.ctx) })
	c.again(n, "replicas", n.replicas.run)
	if n.demo.on {
		c.again(n, "demo watch", func(ctx context.Context) error { return n.demo.watch(ctx, n.bus, demoTopic) })
	}
	c.Go(func() error { return n.server.Serve(c.ctx, n.listener) })
	c.Go(func() error { n.evict(c.ctx); return nil })
}

// configure writes what the configuration has to the table.
func (n *Node) configure(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := n.pipelines.adopt(ctx, filepath.Join(n.cfg.Data, "pipelines")); err != nil {
		return err
	}
	for _, p := range n.planned {
		if err := n.pipelines.configure(ctx, p); err != nil {
			return fmt.Errorf("pipeline %q: %w", p.Name, err)
		}
	}
	return nil
}

// stopTimeout bounds what a stop waits for the bus.
const stopTimeout = 10 * time.Second

// evict forgets hot values that nobody refreshes any more.
func (n *Node) evict(ctx context.Context) {
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			n.hot.Evict()
		}
	}
}

// again runs a loop that stands on the bus until it is done, and runs it anew when the bus was away or a topic that it
// read was deleted.
func again(ctx context.Context, log *slog.Logger, name string, run func(context.Context) error) error {
	const wait = time.Second
	for {
		err := run(ctx)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		if kind := fault.KindOf(err); kind != fault.Unavailable && kind != fault.NotFound {
			return fmt.Errorf("%s: %w", name, err)
		}
		log.Warn("loop is started again", "loop", name, "error", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

func (n *Node) storing() *storing {
	return &storing{
		bus: n.bus, store: local{n.store}, name: "store", hot: n.hot, formats: n.pipelines.env.Formats, pipes: n.pipelines,
		topics: n.cfg.Store.Topics, log: n.log, latency: n.latency, failed: &n.storeRefused,
		refused: n.storeRefusals,
	}
}

// close releases what is open, last first.
func (n *Node) close(ctx context.Context) error {
	var first error
	keep := func(err error) {
		if err != nil && first == nil {
			first = err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	if n.listener != nil {
		keep(n.listener.Close())
	}
	if n.store != nil {
		keep(n.store.Close())
	}
	if n.bucket != nil {
		keep(n.bucket.Close())
	}
	if n.bus != nil {
		keep(n.bus.Close(ctx))
	}
	if n.broker != nil {
		keep(n.broker.Close())
	}
	return first
}

// screen is the files of the UI.
func screen() fs.FS { return ui.Files() }
