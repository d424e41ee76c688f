// Package bus is all that the program does with Kafka, be the broker embedded or a cluster: clients,
// topics, records in and out, transactions and lag. Everyone above uses it; with package broker and
// connector/kafka it is the only door to franz-go.
//
// A Bus has one client that produces and one that asks. What must not share a connection or a producer id has
// a client of its own: each Reader, because it waits in its requests, and each Transaction. All
// methods may be called from any goroutine unless their type says otherwise.
//
// Errors that another try may mend are faults of kind Unavailable; nothing in here retries longer
// than a client must to be one (connections, leaders, batches): waiting is the caller's decision.
package bus

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"millrace/fault"
)

// Record is a record to be produced. Topic is required; a Value of nil is a tombstone; a Timestamp of
// zero becomes the time of the call. Partition and Context are set by ToPartition.
type Record = kgo.Record

// Header is a header of a Record.
type Header = kgo.RecordHeader

// Codec names how batches are compressed.
type Codec string

// The codecs. Zstd makes the smallest batches; LZ4 and Snappy cost the least to read.
const (
	None   Codec = "none"
	Gzip   Codec = "gzip"
	Snappy Codec = "snappy"
	LZ4    Codec = "lz4"
	Zstd   Codec = "zstd"
)

func (c Codec) option() (kgo.CompressionCodec, error) {
	switch c {
	case None:
		return kgo.NoCompression(), nil
	case Gzip:
		return kgo.GzipCompression(), nil
	case Snappy:
		return kgo.SnappyCompression(), nil
	case "", LZ4:
		return kgo.Lz4Compression(), nil
	case Zstd:
		return kgo.ZstdCompression(), nil
	}
	return kgo.CompressionCodec{}, fault.New(fault.Invalid, "compression %q is not known", string(c)).
		WithHint("one of none, gzip, snappy, lz4, zstd")
}

// Config says how to reach the bus and how to write to it. The zero value of a field means its
// default.
type Config struct {
	// Seeds are the addresses, HOST:PORT, of one or more brokers of the cluster.
	Seeds []string
	// ClientID is how the broker's logs call this program; "millrace" by default.
	ClientID string
	// Logger is where the client says what it does; none by default.
	Logger *slog.Logger
	// Compression of what is produced; lz4 by default.
	Compression Codec
	// Linger is how long a batch waits for more records; 5 ms by default.
	Linger time.Duration
	// BatchBytes is the largest batch; 1,000,000 by default, just below Kafka's own limit.
	BatchBytes int
	// BufferBytes bounds what waits to be written; 64 MiB by default. Beyond it Append waits.
	BufferBytes int
	// TLS encrypts the connections; nil: plain TCP.
	TLS *tls.Config
	// SASL proves who we are; nil: nobody asks.
	SASL *SASL
	// Dial connects to a broker in this process, whatever its address; nil: by TCP.
	Dial func(context.Context) (net.Conn, error)
}

func (c Config) withDefaults() Config {
	if c.ClientID == "" {
		c.ClientID = "millrace"
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Linger == 0 {
		c.Linger = 5 * time.Millisecond
	}
	if c.BatchBytes == 0 {
		c.BatchBytes = 1_000_000
	}
	if c.BufferBytes == 0 {
		c.BufferBytes = 64 << 20
	}
	return c
}

// deliveryTimeout is how long Append waits for a broker: longer than a cluster takes to find another leader, and shorter
// than a client waits for an answer. (A setting of the client has the same name and goes by the timestamps of
// records, which may be old.)
const deliveryTimeout = 20 * time.Second

// Bus is a connection to a Kafka cluster.
type Bus struct {
	cfg   Config
	codec kgo.CompressionCodec
	opts  []kgo.Opt
	cl    *kgo.Client // produces
	ask   *kgo.Client // asks; adm is a view of it
	adm   *kadm.Client
	log   *slog.Logger
	stats stats
}

// Open connects to a cluster. It fails with a fault of kind Unavailable if no seed answers before
// ctx ends, or at all.
func Open(ctx context.Context, cfg Config) (*Bus, error) {
	cfg = cfg.withDefaults()
	codec, err := cfg.Compression.option()
	if err != nil {
		return nil, err
	}
	security, err := cfg.security()
	if err != nil {
		return nil, err
	}
	b := &Bus{cfg: cfg, codec: codec, log: cfg.Logger}
	b.opts = append([]kgo.Opt{
		kgo.SeedBrokers(cfg.Seeds...),
		kgo.ClientID(cfg.ClientID),
		kgo.WithLogger(logger{cfg.Logger}),
		kgo.ProducerLinger(cfg.Linger),
		kgo.ProducerBatchMaxBytes(int32(cfg.BatchBytes)),
		kgo.MaxBufferedBytes(cfg.BufferBytes),
		kgo.MaxBufferedRecords(1 << 20),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		// A decompressed batch is held in memory: what claims more than this is refused.
		kgo.MaxDecompressBatchBytes(256 << 20),
		kgo.WithHooks(&b.stats),
		kgo.RecordPartitioner(newPartitioner()),
		// Metadata is asked for only when something has changed or failed; then five seconds, the
		// default, are long to wait for a leader.
		kgo.MetadataMinAge(250 * time.Millisecond),
	}, security...)
	// Without cancellation, records that were under way when a broker went wait for it for ever, whatever their context
	// says: nobody knows whether it has them. Append promises no more than that some may be there.
	if b.cl, err = b.client(kgo.AllowAutoTopicCreation(), kgo.AllowIdempotentProduceCancellation()); err != nil {
		return nil, err
	}
	// Asking must not create topics, so it has a client of its own.
	b.ask, err = b.client(kgo.MetadataMinAge(metadataAge))
	if err != nil {
		return nil, err
	}
	b.adm = kadm.NewClient(b.ask)
	if err := b.ask.Ping(ctx); err != nil {
		b.cl.Close()
		b.ask.Close()
		return nil, fault.New(fault.Unavailable, "reach Kafka at %v: %w", cfg.Seeds, err).
			WithHint("check that a broker listens there, and that its advertised address can be reached from here")
	}
	return b, nil
}

// client makes a client with the settings of the bus.
func (b *Bus) client(opts ...kgo.Opt) (*kgo.Client, error) {
	// A new slice for each client: franz-go writes to it.
	compression := kgo.ProducerBatchCompression(b.codec, kgo.NoCompression())
	cl, err := kgo.NewClient(append(append(slices.Clip(b.opts), compression), opts...)...)
	if err != nil {
		return nil, fault.New(fault.Invalid, "set up a Kafka client: %w", err)
	}
	return cl, nil
}

// Close sends what is buffered and ends the connection. Readers and transactions are closed by their
// owners.
func (b *Bus) Close(ctx context.Context) error {
	err := b.cl.Flush(ctx)
	b.cl.Close()
	b.ask.Close()
	if err != nil {
		return fmt.Errorf("close bus: %w", err)
	}
	return nil
}

// Seeds returns the addresses that the bus was opened with.
func (b *Bus) Seeds() []string { return slices.Clone(b.cfg.Seeds) }

// Ping asks any broker for an answer.
func (b *Bus) Ping(ctx context.Context) error {
	if err := b.ask.Ping(ctx); err != nil {
		return wrap(err, "ping the bus")
	}
	return nil
}
