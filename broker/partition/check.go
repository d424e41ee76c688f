package partition

import (
	"fmt"
	"math"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// refuse makes the error of a batch that is not appended.
func refuse(err error, format string, args ...any) error {
	return fmt.Errorf("append batch: %s: %w", fmt.Sprintf(format, args...), err)
}

// check looks at batches that a client has sent, apart from what the log says of their producers, and sets their time where the log does.
func (l *Log) check(batches []byte, cfg *Config, now int64) (records int64, err error) {
	if len(batches) == 0 {
		return 0, refuse(kerr.InvalidRecord, "there is none")
	}
	if int64(len(batches)) > min(cfg.SegmentBytes, math.MaxInt32) {
		return 0, refuse(kerr.RecordListTooLarge, "%d bytes do not fit into a segment of %d", len(batches), cfg.SegmentBytes)
	}
	for p := batches; len(p) > 0; {
		if len(p) > magicAt && p[magicAt] < 2 {
			return 0, refuse(kerr.UnsupportedForMessageFormat, "it has format %d, not 2", p[magicAt])
		}
		if len(p) < headerSize {
			return 0, refuse(kerr.CorruptMessage, "%d bytes are less than a header", len(p))
		}
		h := readHeader(p)
		if h.size == 0 || h.size > len(p) || h.magic != 2 {
			return 0, refuse(kerr.CorruptMessage, "its length or format is wrong")
		}
		if h.size > cfg.MaxBatchBytes {
			return 0, refuse(kerr.MessageTooLarge, "it has %d bytes, allowed are %d", h.size, cfg.MaxBatchBytes)
		}
		batch := p[:h.size]
		if err := checkBatch(&h, batch, len(batch) == len(batches)); err != nil {
			return 0, err
		}
		if err := checkTime(&h, cfg, now); err != nil {
			return 0, err
		}
		if cfg.Compact {
			if err := checkKeys(&h, batch); err != nil {
				return 0, err
			}
		}
		if cfg.LogAppendTime {
			setLogTime(batch, now)
		}
		records += int64(h.count)
		p = p[h.size:]
	}
	return records, nil
}

// checkBatch checks what Kafka's LogValidator checks of a header.
func checkBatch(h *header, batch []byte, alone bool) error {
	switch {
	case checksum(batch) != h.crc:
		return refuse(kerr.CorruptMessage, "its checksum is wrong")
	case h.base != 0:
		return refuse(kerr.InvalidRecord, "its offset is %d, not 0", h.base)
	case h.control():
		return refuse(kerr.InvalidRecord, "clients may not write control records")
	case h.count <= 0 || int64(h.count) != int64(h.lastDelta)+1:
		return refuse(kerr.InvalidRecord, "%d records and a last offset of %d do not fit", h.count, h.lastDelta)
	case h.codec() > codecZstd:
		return refuse(kerr.UnsupportedCompressionType, "codec %d is unknown", h.codec())
	case h.producer < 0 && h.transactional():
		return refuse(kerr.InvalidRecord, "it is transactional and has no producer")
	case h.producer >= 0 && (h.sequence < 0 || h.prodEpoch < 0):
		return refuse(kerr.InvalidRecord, "producer %d has epoch %d and sequence %d", h.producer, h.prodEpoch, h.sequence)
	case h.producer >= 0 && !alone:
		return refuse(kerr.InvalidRecord, "batches of a producer with an id come one by one")
	}
	return nil
}

func checkTime(h *header, cfg *Config, now int64) error {
	if cfg.LogAppendTime {
		return nil
	}
	if h.logTime() {
		return refuse(kerr.InvalidTimestamp, "only the broker may say that it set the time")
	}
	if bounded(cfg.BeforeMax) && h.firstTime >= 0 && now-min(h.firstTime, h.maxTime) > cfg.BeforeMax.Milliseconds() {
		return refuse(kerr.InvalidTimestamp, "%d is more than %s ago", h.firstTime, cfg.BeforeMax)
	}
	if bounded(cfg.AfterMax) && h.maxTime > now && h.maxTime-now > cfg.AfterMax.Milliseconds() {
		return refuse(kerr.InvalidTimestamp, "%d is more than %s from now", h.maxTime, cfg.AfterMax)
	}
	return nil
}

// bounded says that a duration is a bound at all: Kafka's default is the greatest int64 in milliseconds, which comes here as a huge duration.
func bounded(d time.Duration) bool { return d > 0 && d < math.MaxInt64/2 }

// checkKeys checks that all records have keys, without which a compacted log cannot hold them.
func checkKeys(h *header, batch []byte) error {
	p, err := decompress(batch[headerSize:], h.codec())
	if err != nil {
		return refuse(kerr.InvalidRecord, "%v", err)
	}
	for i := range h.count {
		var r record
		if r, p, err = readRecord(p); err != nil {
			return refuse(kerr.InvalidRecord, "record %d: %v", i, err)
		}
		if r.key == nil {
			return refuse(kerr.InvalidRecord, "record %d has no key, and the topic is compacted", i)
		}
		if r.offsetDelta != int64(i) {
			return refuse(kerr.InvalidRecord, "record %d has offset %d", i, r.offsetDelta)
		}
	}
	if len(p) != 0 {
		return refuse(kerr.InvalidRecord, "%d bytes follow its records", len(p))
	}
	return nil
}
