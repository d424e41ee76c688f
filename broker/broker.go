// Package broker is the embedded bus: one node that speaks the Kafka protocol on one port and keeps
// its log in a folder. Any Kafka client can connect to it. Only package node uses it from Go: it
// opens a Broker, waits in Run, and gives its address to package bus like that of any cluster.
//
// The protocol is served by franz-go's kfake. It is made for tests, so this package stands around
// it where it would lose data: it takes the folder for one process, ends interrupted transactions
// and restores offsets, sequence numbers and producer epochs before kfake reads the folder
// (recovery), trims the log by whole segments so that no partition is ever emptied (retention), and
// refuses records while the disk is nearly full.
//
// What holds: what was acknowledged survives a kill of the process; transactions are whole or not
// there; offsets never go back. What does not: a power loss may take the last seconds, unless
// Config.SyncWrites is set; topics with cleanup.policy=compact are compacted when the broker starts,
// and only then, and retention leaves them alone; offsets that a transaction adds to a consumer group
// may be lost by a kill at its end; one goroutine serves all requests.
package broker

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// Config says how a broker runs. The zero value of a field means its default.
type Config struct {
	// Dir is the folder of the log. It is created if it does not exist.
	Dir string
	// Listen is the address to serve; "127.0.0.1:9092" by default. Port 0 takes a free port.
	Listen string
	// Advertise is the address that clients are told to connect to; Listen by default, or the name
	// of the machine where Listen is a wildcard.
	Advertise string
	// Partitions is how many partitions a topic gets that is created without saying; 4 by default.
	Partitions int
	// SyncWrites forces every batch to disk before it is acknowledged: it survives a power loss, and
	// costs most of the throughput.
	SyncWrites bool
	// RetainBytes bounds all partitions together; 8 GiB by default, below 0 there is no bound. The
	// largest partitions give way first, by whole segments.
	RetainBytes int64
	// SegmentBytes is the size at which a segment is closed; 16 MiB by default.
	SegmentBytes int64
	// MinFree is the space on disk below which records are refused; 256 MiB by default.
	MinFree int64
	// AcceptLoss lets a broker start whose log is damaged: the rest of a damaged segment is set
	// aside and dropped.
	AcceptLoss bool
	// Logger is where the broker says what it does; none by default.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	set := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:9092"
	}
	if c.Partitions == 0 {
		c.Partitions = 4
	}
	set(&c.RetainBytes, 8<<30)
	set(&c.SegmentBytes, 16<<20)
	set(&c.MinFree, 256<<20)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Broker is a running broker. Its methods may be called from any goroutine.
type Broker struct {
	cfg     Config
	lock    *os.File
	cluster *kfake.Cluster
	addr    string

	full    atomic.Bool  // the disk is nearly full
	guards  atomic.Int64 // counts calls of guard
	guarded time.Time    // when guard was last called; Run only
	offsets offsetsFile  // of the last write; Run only

	mu     sync.Mutex // guards closed
	closed bool
}

// Open takes the folder and the port, brings the log into order and serves it. It fails with a fault
// of kind Conflict if another process has the folder or the port, and Corrupt if the log is damaged.
// Clients are served from then on; Run must be running for retention to happen.
func Open(cfg Config) (*Broker, error) {
	cfg = cfg.withDefaults()
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("create broker folder: %w", err)
	}
	lock, err := lockDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	l, err := listen(cfg.Listen, cfg.Advertise)
	if err != nil {
		lock.Close()
		return nil, err
	}
	b := &Broker{cfg: cfg, lock: lock, addr: l.Addr().String()}
	if err = prepare(cfg.Dir, cfg.AcceptLoss, cfg.Logger); err == nil {
		b.cluster, err = kfake.NewCluster(b.options(l)...)
	}
	if err != nil {
		l.Close()
		lock.Close()
		return nil, fmt.Errorf("open broker: %w", err)
	}
	b.guarded = time.Now()
	b.guard()
	return b, nil
}

// versions are the requests that clients are offered. Two of kfake's answers break Java's admin client,
// and so Flink's source and Kafka Connect: DescribeTopicPartitions leaves fields out that must be
// there, and is not offered, so they ask for metadata; CreateTopics names a source of settings that
// does not exist, so it is offered up to the version before it names any.
func versions() *kversion.Versions {
	v := kversion.Stable()
	v.SetMaxKeyVersion(int16(kmsg.DescribeTopicPartitions), -1)
	v.SetMaxKeyVersion(int16(kmsg.CreateTopics), 4)
	return v
}

func (b *Broker) options(l net.Listener) []kfake.Opt {
	opts := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.ListenFn(func(string, string) (net.Listener, error) { return l, nil }),
		kfake.DataDir(b.cfg.Dir),
		kfake.ClusterID("millrace"),
		kfake.DefaultNumPartitions(b.cfg.Partitions),
		kfake.MaxVersions(versions()),
		kfake.WithLogger(logger{b.cfg.Logger}),
		kfake.BrokerConfigs(map[string]string{
			"log.segment.bytes": fmt.Sprint(b.cfg.SegmentBytes),
			"log.retention.ms":  "-1",
			// kfake deletes the old segments before it writes the compacted ones, and its retention
			// can empty a partition: neither may run by itself.
			"log.cleaner.backoff.ms": "1000000000000",
		}),
	}
	if b.cfg.SyncWrites {
		opts = append(opts, kfake.SyncWrites())
	}
	return opts
}

// Addr returns the host and port that clients connect to.
func (b *Broker) Addr() string { return b.addr }

// Run keeps the log in bounds until ctx ends, and then closes the broker.
func (b *Broker) Run(ctx context.Context) error {
	err := b.keep(ctx)
	if cerr := b.Close(); err == nil {
		err = cerr
	}
	return err
}

// Close stops serving and writes the state of the broker to its folder. It may be called twice.
func (b *Broker) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	b.cluster.Close()
	err := os.WriteFile(filepath.Join(b.cfg.Dir, cleanFile), nil, 0o644)
	if cerr := b.lock.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("close broker: %w", err)
	}
	return nil
}

// logger gives kfake's lines to slog. What kfake calls information is its handling of requests.
type logger struct{ to *slog.Logger }

// Logf implements kfake.Logger.
func (l logger) Logf(level kfake.LogLevel, format string, args ...any) {
	to := slog.LevelDebug
	switch level {
	case kfake.LogLevelError:
		to = slog.LevelError
	case kfake.LogLevelWarn:
		to = slog.LevelWarn
	}
	if l.to.Enabled(context.Background(), to) {
		l.to.Log(context.Background(), to, "kafka protocol", "detail", fmt.Sprintf(format, args...))
	}
}
