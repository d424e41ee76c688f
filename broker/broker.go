// Package broker is the embedded bus: one node that speaks the Kafka protocol on one port and keeps its log in a folder. Any Kafka
// client can connect to it. Only package node uses it from Go: it opens a Broker, waits in Run, and gives its address to package
// bus like that of any cluster.
//
// The parts, from below: disk is the file system; partition the log of one partition; keyed a durable map for everything that is
// not records; access who may do what; topic, group and txn what the protocol is about; serve connections and requests. This
// package puts them together, and starts and stops them in order.
//
// What holds: what was acknowledged survives a kill of the process, and a loss of power under the policy "always"; transactions are
// whole or not there; offsets never go back; damage is refused, not skipped. docs/broker.md says it for users.
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"millrace/broker/access"
	"millrace/broker/disk"
	"millrace/broker/group"
	"millrace/broker/keyed"
	"millrace/broker/partition"
	"millrace/broker/serve"
	"millrace/broker/topic"
	"millrace/broker/txn"
	"millrace/fault"
)

// Flush says when records are acknowledged.
type Flush string

// The policies: after they are on the disk; after they are written, and on the disk within Config.FlushEvery; after they are
// written, and on the disk when the system sees fit.
const (
	Always   Flush = "always"
	Interval Flush = "interval"
	System   Flush = "system"
)

func (f Flush) policy() (partition.Flush, error) {
	switch f {
	case Always:
		return partition.FlushAlways, nil
	case Interval:
		return partition.FlushInterval, nil
	case System:
		return partition.FlushSystem, nil
	}
	return 0, fault.New(fault.Invalid, "flush %q is not known", string(f)).WithHint("one of always, interval, system")
}

// Config says how a broker runs. The zero value of a field means its default.
type Config struct {
	// Dir is the folder of the log. It is created if it does not exist.
	Dir string
	// Listen is the address to serve; "127.0.0.1:9092" by default. Port 0 takes a free port.
	Listen string
	// Advertise is the address that clients are told to connect to; Listen by default, or the name of the machine where Listen
	// is a wildcard.
	Advertise string
	// Partitions is how many partitions a topic gets that is created without saying; 4 by default.
	Partitions int
	// Flush is the policy; Always by default. FlushEvery is the interval of Interval; 1 s by default.
	Flush      Flush
	FlushEvery time.Duration
	// RetainBytes bounds all partitions together; 8 GiB by default, below 0 there is no bound. The largest partitions give way
	// first, by whole segments.
	RetainBytes int64
	// SegmentBytes is the size at which a segment is closed; 64 MiB by default.
	SegmentBytes int64
	// MinFree is the space on disk below which records are refused; 256 MiB by default, below 0 none.
	MinFree int64
	// AcceptLoss lets a broker start whose log is damaged: what is damaged is set aside and dropped.
	AcceptLoss bool
	// TLS encrypts connections; nil: plain TCP. It may ask clients for certificates.
	TLS *tls.Config
	// Access says who may connect and what they may do; its Now is not used.
	Access access.Config
	// Connections is how many clients may be connected; 10,000 by default.
	Connections int
	// Logger is where the broker says what it does; none by default.
	Logger *slog.Logger

	// FS and Now stand for the disk and the clock; the machine's own by default.
	FS  disk.FS
	Now func() time.Time
}

func (c Config) withDefaults() Config {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:9092"
	}
	if c.Partitions == 0 {
		c.Partitions = 4
	}
	if c.Flush == "" {
		c.Flush = Always
	}
	if c.FlushEvery == 0 {
		c.FlushEvery = time.Second
	}
	for v, d := range map[*int64]int64{&c.RetainBytes: 8 << 30, &c.SegmentBytes: 64 << 20, &c.MinFree: 256 << 20} {
		if *v == 0 {
			*v = d
		}
	}
	if c.Connections == 0 {
		c.Connections = 10_000
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.FS == nil {
		c.FS = disk.OS()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// ClusterID names the cluster of one node.
const ClusterID = "millrace"

// Broker is a running broker. Its methods may be called from any goroutine.
type Broker struct {
	cfg    Config
	lock   *os.File
	listen net.Listener

	store  *keyed.Store
	topics *topic.Topics
	groups *group.Groups
	txns   *txn.Coordinator
	server *serve.Server

	stop    context.CancelFunc
	running *errgroup.Group
	failed  context.Context // ended when a part has

	closing sync.Once
	closed  error
}

// Open takes the folder and the port, brings the log into order and serves it. It fails with a fault of kind Conflict if another
// process has the folder or the port, and Corrupt if the log is damaged.
func Open(cfg Config) (*Broker, error) {
	cfg = cfg.withDefaults()
	flush, err := cfg.Flush.policy()
	if err != nil {
		return nil, err
	}
	b := &Broker{cfg: cfg}
	if err := b.open(flush); err != nil {
		b.release()
		return nil, fmt.Errorf("open broker: %w", err)
	}
	return b, nil
}

func (b *Broker) open(flush partition.Flush) (err error) {
	if err := disk.MakeDir(b.cfg.FS, b.cfg.Dir, 0o755); err != nil {
		return fmt.Errorf("create folder: %w", err)
	}
	if b.lock, err = lockDir(b.cfg.Dir); err != nil {
		return err
	}
	if b.listen, err = listen(b.cfg.Listen, b.cfg.Advertise); err != nil {
		return err
	}
	clean, err := b.enter()
	if err != nil {
		return err
	}
	host, port, err := told(b.listen)
	if err != nil {
		return err
	}
	floor := &disk.Floor{FS: b.cfg.FS, Dir: b.cfg.Dir, Min: b.cfg.MinFree, Log: b.cfg.Logger}
	env := &partition.Env{
		FS: b.cfg.FS, Now: b.cfg.Now, Log: b.cfg.Logger, Flush: flush, Every: b.cfg.FlushEvery,
		AcceptLoss: b.cfg.AcceptLoss, Clean: clean, MayWrite: floor.MayWrite,
	}
	if b.store, err = keyed.Open(b.cfg.FS, filepath.Join(b.cfg.Dir, "state"), keyed.Options{
		Sync: flush == partition.FlushAlways, Every: b.cfg.FlushEvery, AcceptLoss: b.cfg.AcceptLoss, Log: b.cfg.Logger,
	}); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	if b.topics, err = topic.Open(ctx, b.store.Space("topics"), topic.Config{
		Dir: filepath.Join(b.cfg.Dir, "logs"), Env: env, Host: host, Port: port, Partitions: b.cfg.Partitions, ClusterID: ClusterID,
		Defaults: map[string]string{"segment.bytes": strconv.FormatInt(b.cfg.SegmentBytes, 10), "retention.ms": "-1"}, RetainBytes: b.cfg.RetainBytes,
		Broker: b.shown(host, port),
	}); err != nil {
		return err
	}
	if b.groups, err = group.Open(b.store.Space("groups"), b.topics, group.Config{Now: b.cfg.Now}); err != nil {
		return err
	}
	if b.txns, err = txn.Open(ctx, b.store.Space("transactions"), b.topics, b.groups, txn.Config{Now: b.cfg.Now, Log: b.cfg.Logger}); err != nil {
		return err
	}
	rights := b.cfg.Access
	rights.Now, rights.Log = b.cfg.Now, b.cfg.Logger
	may, err := access.Open(b.store.Space("access"), rights)
	if err != nil {
		return err
	}
	b.server = serve.New(serve.Config{
		Topics: b.topics, Groups: b.groups, Txns: b.txns, Access: may, TLS: b.cfg.TLS, ClusterID: ClusterID, Host: host, Port: port,
		Logger: b.cfg.Logger, MaxConns: b.cfg.Connections,
	})
	b.running, b.failed = errgroup.WithContext(ctx)
	for _, run := range []func(context.Context) error{
		b.topics.Run, b.groups.Run, b.txns.Run, floor.Run,
		func(ctx context.Context) error { return b.server.Serve(ctx, b.listen) },
	} {
		b.running.Go(func() error { return run(b.failed) })
	}
	return nil
}

// told returns what clients are told to connect to.
func told(l net.Listener) (host string, port int32, err error) {
	host, text, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(text, 10, 16)
	return host, int32(n), err
}

// Addr returns the host and port that clients connect to.
func (b *Broker) Addr() string { return b.listen.Addr().String() }

// Dial connects a client of this process, without a socket. It may do everything.
func (b *Broker) Dial(ctx context.Context) (net.Conn, error) { return b.server.Dial(ctx) }

// Stats are the counters of connections and requests.
type Stats = serve.Stats

// Requests are the counters of one kind of request.
type Requests = serve.Requests

// Stats returns the counters of connections and requests.
func (b *Broker) Stats() Stats { return b.server.Stats() }

// Run waits until ctx ends or a part of the broker fails, and closes it.
func (b *Broker) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-b.failed.Done():
	}
	return b.Close()
}

// Close stops serving and leaves the folder so that the next Open is quick. It may be called twice.
func (b *Broker) Close() error {
	b.closing.Do(func() {
		b.stop()
		b.closed = errors.Join(b.running.Wait(), b.release())
	})
	return b.closed
}

// release closes what is open, and says in the folder that all was closed in order, if it was.
func (b *Broker) release() error {
	var errs []error
	if b.stop != nil {
		b.stop()
	}
	if b.topics != nil {
		errs = append(errs, b.topics.Close())
	}
	if b.store != nil {
		errs = append(errs, b.store.Close())
	}
	if b.server != nil && errors.Join(errs...) == nil {
		errs = append(errs, b.leave())
	}
	if b.listen != nil {
		if err := b.listen.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if b.lock != nil {
		errs = append(errs, b.lock.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close broker: %w", err)
	}
	return nil
}
