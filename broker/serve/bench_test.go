package serve

import (
	"bufio"
	"encoding/binary"
	"hash/crc32"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/partition"
)

// batchOf is a batch of n records of 132 bytes, as a producer sends it.
func batchOf(n int) []byte {
	var records []byte
	value := make([]byte, 132)
	for i := range n {
		var r []byte
		r = append(r, 0)
		r = binary.AppendVarint(r, 0)
		r = binary.AppendVarint(r, int64(i))
		r = binary.AppendVarint(r, -1)
		r = binary.AppendVarint(r, int64(len(value)))
		r = append(r, value...)
		r = binary.AppendVarint(r, 0)
		records = binary.AppendVarint(records, int64(len(r)))
		records = append(records, r...)
	}
	b := kmsg.RecordBatch{
		Magic: 2, PartitionLeaderEpoch: -1, LastOffsetDelta: int32(n - 1), FirstTimestamp: 1_700_000_000_000, MaxTimestamp: 1_700_000_000_000,
		ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, NumRecords: int32(n), Records: records,
	}
	b.Length = int32(batchHead - 12 + len(records))
	raw := b.AppendTo(nil)
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}

// perBatch fills batches of 64 KiB.
const perBatch = 460

func produceFrame(topic string, part int32, batch []byte) []byte {
	req := kmsg.NewPtrProduceRequest()
	req.Version, req.Acks = 9, -1
	rt := kmsg.NewProduceRequestTopic()
	rt.Topic = topic
	rp := kmsg.NewProduceRequestTopicPartition()
	rp.Partition, rp.Records = part, batch
	rt.Partitions = append(rt.Partitions, rp)
	req.Topics = append(req.Topics, rt)
	return framed(req, 1)
}

// BenchmarkProduce sends batches of 64 KiB over the loopback, several of them on their way. The client does next to nothing, so the processor
// time is the server's and the system's.
func BenchmarkProduce(b *testing.B) {
	for name, flush := range map[string]partition.Flush{"system": partition.FlushSystem, "always": partition.FlushAlways} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, settings{flush: flush, topics: map[string]string{"retention.bytes": "1000000000", "retention.ms": "-1"}})
			w.create(b, "bench", 8)
			var frames [][]byte
			for i := range int32(8) {
				frames = append(frames, produceFrame("bench", i, batchOf(perBatch)))
			}
			nc, err := net.Dial("tcp", w.addr)
			if err != nil {
				b.Fatal(err)
			}
			defer nc.Close()
			answers := make(chan error, 1)
			b.SetBytes(int64(len(frames[0])))
			b.ReportAllocs()
			b.ResetTimer()
			room := make(chan struct{}, 16)
			go func() {
				in := bufio.NewReader(nc)
				buf := make([]byte, 1000)
				for range b.N {
					io.ReadFull(in, buf[:4])
					if _, err := io.ReadFull(in, buf[:binary.BigEndian.Uint32(buf)]); err != nil {
						answers <- err
						return
					}
					<-room
				}
				answers <- nil
			}()
			cpu := processorTime()
			for i := range b.N {
				room <- struct{}{}
				if _, err := nc.Write(frames[i%8]); err != nil {
					b.Fatal(err)
				}
			}
			if err := <-answers; err != nil {
				b.Fatal(err)
			}
			spent := processorTime() - cpu
			b.StopTimer()
			b.ReportMetric(float64(b.N*perBatch)/spent.Seconds(), "records/cpu-s")
		})
	}
}

// BenchmarkFetch reads batches of 64 KiB over the loopback, 1 MiB an answer, with a client that only counts bytes.
func BenchmarkFetch(b *testing.B) {
	for _, dial := range []string{"tcp", "pipe"} {
		b.Run(dial, func(b *testing.B) {
			w := newWorld(b, settings{flush: partition.FlushSystem, topics: map[string]string{"retention.ms": "-1"}})
			w.create(b, "bench", 1)
			nc, err := net.Dial("tcp", w.addr)
			if err != nil {
				b.Fatal(err)
			}
			defer nc.Close()
			frame := produceFrame("bench", 0, batchOf(perBatch))
			in := bufio.NewReader(nc)
			for range 16 * 64 {
				nc.Write(frame)
				if _, _, err := readAnswer(in); err != nil {
					b.Fatal(err)
				}
			}
			if dial == "pipe" {
				if nc, err = w.Dial(b.Context()); err != nil {
					b.Fatal(err)
				}
				defer nc.Close()
			}
			req := kmsg.NewPtrFetchRequest()
			req.Version, req.MaxBytes, req.SessionEpoch = 12, 1<<20, -1
			rt := kmsg.NewFetchRequestTopic()
			rt.Topic = "bench"
			rp := kmsg.NewFetchRequestTopicPartition()
			rp.PartitionMaxBytes = 1 << 20
			rt.Partitions = append(rt.Partitions, rp)
			req.Topics = append(req.Topics, rt)
			var asks [][]byte
			for i := range 60 {
				req.Topics[0].Partitions[0].FetchOffset = int64(i * 16 * perBatch)
				asks = append(asks, framed(req, 1))
			}
			buf := make([]byte, 2<<20)
			b.SetBytes(1 << 20)
			b.ReportAllocs()
			b.ResetTimer()
			cpu, got := processorTime(), 0
			for i := range b.N {
				nc.Write(asks[i%60])
				if _, err := io.ReadFull(nc, buf[:4]); err != nil {
					b.Fatal(err)
				}
				n, err := io.ReadFull(nc, buf[:binary.BigEndian.Uint32(buf)])
				if err != nil || n < 900_000 {
					b.Fatal(n, err)
				}
				got += n
			}
			spent := processorTime() - cpu
			b.ReportMetric(float64(got/143)/spent.Seconds(), "records/cpu-s")
		})
	}
}

// BenchmarkSection writes sections of several sizes to the loopback, copied and sent by the system: it says what copyBelow should be.
func BenchmarkSection(b *testing.B) {
	path := filepath.Join(b.TempDir(), "log")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		b.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 10, 4 << 10, 16 << 10, 32 << 10, 64 << 10, 256 << 10, 1 << 20} {
		for _, how := range []string{"copied", "sent"} {
			b.Run(how+"/"+strconv.Itoa(size), func(b *testing.B) {
				l := listen(b)
				defer l.Close()
				go func() {
					near, err := l.Accept()
					if err == nil {
						io.CopyBuffer(io.Discard, struct{ io.Reader }{near}, make([]byte, 1<<20))
						near.Close()
					}
				}()
				nc, err := net.Dial("tcp", l.Addr().String())
				if err != nil {
					b.Fatal(err)
				}
				defer nc.Close()
				var o output
				o.to(nc, func() {})
				o.chunk = make([]byte, 0, chunkSize)
				head := make([]byte, 60)
				if how == "copied" {
					o.direct = nil
				}
				b.SetBytes(int64(size))
				cpu := processorTime()
				for b.Loop() {
					err := o.copied(head)
					if err == nil && how == "copied" {
						err = o.section(&partition.Section{OS: f, Size: size})
					} else if err == nil {
						if err = o.emit(true); err == nil {
							err = o.direct.send(f, 0, size, o.wrote)
						}
					}
					if err == nil {
						err = o.copied(head[:3])
					}
					if err == nil {
						err = o.emit(false)
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64((processorTime()-cpu).Nanoseconds())/float64(b.N), "cpu-ns/op")
			})
		}
	}
}
