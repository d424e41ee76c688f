package partition

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// maxPlainBytes bounds what the records of one batch may decompress to where the log must look into them: a small batch can claim to be huge.
const maxPlainBytes = 128 << 20

// The codecs of Kafka.
const (
	codecNone = iota
	codecGzip
	codecSnappy
	codecLz4
	codecZstd
)

var (
	errRecord   = errors.New("read record: its bytes do not fit its lengths")
	errTooLarge = fmt.Errorf("decompress records: more than %d bytes", maxPlainBytes)
	xerial      = []byte{130, 'S', 'N', 'A', 'P', 'P', 'Y', 0} // starts the framing that Java's snappy library makes
)

// record is one record of a batch. Its slices are part of the batch.
type record struct {
	size        int // whole record in bytes, its length field included
	attrs       byte
	timeDelta   int64
	offsetDelta int64
	key, value  []byte // nil is null
	headers     []byte // as they are encoded, with their count
}

// plain returns the records of a whole batch, decompressed.
func plain(batch []byte) ([]byte, error) {
	h := readHeader(batch)
	return decompress(batch[headerSize:], h.codec())
}

// decompress returns what src decompresses to, at most maxPlainBytes; codecNone returns src itself.
func decompress(src []byte, codec int8) ([]byte, error) {
	switch codec {
	case codecNone:
		return src, nil
	case codecGzip:
		r, err := gzip.NewReader(bytes.NewReader(src))
		if err != nil {
			return nil, fmt.Errorf("decompress records: %w", err)
		}
		return readBounded(r)
	case codecSnappy:
		return decompressSnappy(src)
	case codecLz4:
		return readBounded(lz4.NewReader(bytes.NewReader(src)))
	case codecZstd:
		r, err := zstd.NewReader(bytes.NewReader(src), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxPlainBytes))
		if err != nil {
			return nil, fmt.Errorf("decompress records: %w", err)
		}
		defer r.Close()
		return readBounded(r)
	}
	return nil, fmt.Errorf("decompress records: codec %d is unknown", codec)
}

func readBounded(r io.Reader) ([]byte, error) {
	p, err := io.ReadAll(io.LimitReader(r, maxPlainBytes+1))
	if err != nil {
		return nil, fmt.Errorf("decompress records: %w", err)
	}
	if len(p) > maxPlainBytes {
		return nil, errTooLarge
	}
	return p, nil
}

// decompressSnappy reads a plain block, or blocks in xerial's framing: 16 bytes, then length and block again and again.
func decompressSnappy(src []byte) ([]byte, error) {
	if !bytes.HasPrefix(src, xerial) {
		return appendSnappy(nil, src)
	}
	if len(src) < 16 {
		return nil, errRecord
	}
	var dst []byte
	for src = src[16:]; len(src) > 0; {
		if len(src) < 4 {
			return nil, errRecord
		}
		n := binary.BigEndian.Uint32(src)
		if src = src[4:]; uint64(n) > uint64(len(src)) {
			return nil, errRecord
		}
		var err error
		if dst, err = appendSnappy(dst, src[:n]); err != nil {
			return nil, err
		}
		src = src[n:]
	}
	return dst, nil
}

func appendSnappy(dst, block []byte) ([]byte, error) {
	n, err := s2.DecodedLen(block)
	if err != nil {
		return nil, fmt.Errorf("decompress records: %w", err)
	}
	if n > maxPlainBytes-len(dst) {
		return nil, errTooLarge
	}
	p, err := s2.Decode(nil, block)
	if err != nil {
		return nil, fmt.Errorf("decompress records: %w", err)
	}
	if dst == nil {
		return p, nil
	}
	return append(dst, p...), nil
}

// readRecord reads the first record of p and returns the rest.
func readRecord(p []byte) (r record, rest []byte, err error) {
	size, n := binary.Varint(p)
	if n <= 0 || size < 1 || size > int64(len(p)-n) {
		return r, nil, errRecord
	}
	r.size = n + int(size)
	rest = p[r.size:]
	p = p[n:r.size]
	r.attrs, p = p[0], p[1:]
	if r.timeDelta, n = binary.Varint(p); n <= 0 {
		return r, nil, errRecord
	}
	p = p[n:]
	if r.offsetDelta, n = binary.Varint(p); n <= 0 {
		return r, nil, errRecord
	}
	p = p[n:]
	var ok bool
	if r.key, p, ok = readBytes(p); !ok {
		return r, nil, errRecord
	}
	if r.value, p, ok = readBytes(p); !ok || len(p) == 0 {
		return r, nil, errRecord
	}
	r.headers = p
	return r, rest, nil
}

// readBytes reads bytes with their length before them; -1 is null.
func readBytes(p []byte) (b, rest []byte, ok bool) {
	size, n := binary.Varint(p)
	if n <= 0 || size < -1 || size > int64(len(p)-n) {
		return nil, nil, false
	}
	p = p[n:]
	if size < 0 {
		return nil, p, true
	}
	return p[:size:size], p[size:], true
}

// appendRecord appends a record; where headers is nil it has none.
func appendRecord(dst []byte, r record) []byte {
	body := make([]byte, 0, 32+len(r.key)+len(r.value)+len(r.headers))
	body = append(body, r.attrs)
	body = binary.AppendVarint(body, r.timeDelta)
	body = binary.AppendVarint(body, r.offsetDelta)
	body = appendBytes(body, r.key)
	body = appendBytes(body, r.value)
	if r.headers == nil {
		body = append(body, 0)
	} else {
		body = append(body, r.headers...)
	}
	dst = binary.AppendVarint(dst, int64(len(body)))
	return append(dst, body...)
}

func appendBytes(dst, b []byte) []byte {
	if b == nil {
		return binary.AppendVarint(dst, -1)
	}
	dst = binary.AppendVarint(dst, int64(len(b)))
	return append(dst, b...)
}
