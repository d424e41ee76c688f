package bus

import (
	"net"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Stats counts what has gone through a Bus since it was opened, its readers and transactions
// included.
type Stats struct {
	Produced      int64 // records acknowledged
	ProducedBytes int64 // of their batches, compressed
	Failed        int64 // records that were not acknowledged
	Fetched       int64 // records read, after transactions were filtered
	FetchedBytes  int64 // of their batches, compressed
	Disconnects   int64 // connections that ended
}

// Stats returns the counts so far.
func (b *Bus) Stats() Stats {
	s := &b.stats
	return Stats{
		Produced: s.produced.Load(), ProducedBytes: s.producedBytes.Load(), Failed: s.failed.Load(),
		Fetched: s.read.Load(), FetchedBytes: s.readBytes.Load(), Disconnects: s.disconnects.Load(),
	}
}

// stats is the live form of Stats, and hooks into the clients.
type stats struct {
	produced, producedBytes, failed atomic.Int64
	read, readBytes, disconnects    atomic.Int64
}

var (
	_ kgo.HookProduceBatchWritten = (*stats)(nil)
	_ kgo.HookBrokerDisconnect    = (*stats)(nil)
)

// OnProduceBatchWritten implements kgo.HookProduceBatchWritten.
func (s *stats) OnProduceBatchWritten(_ kgo.BrokerMetadata, _ string, _ int32, m kgo.ProduceBatchMetrics) {
	s.produced.Add(int64(m.NumRecords))
	s.producedBytes.Add(int64(m.CompressedBytes))
}

// OnBrokerDisconnect implements kgo.HookBrokerDisconnect.
func (s *stats) OnBrokerDisconnect(kgo.BrokerMetadata, net.Conn) { s.disconnects.Add(1) }

// fetched counts a fetch that its reader is done with.
func (s *stats) fetched(f *Fetch) {
	s.read.Add(f.read)
	s.readBytes.Add(f.bytes)
}
