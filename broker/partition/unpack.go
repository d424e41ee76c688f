package partition

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// unpacker is plain for one goroutine that reads many batches: it keeps what the codecs need.
type unpacker struct {
	gzip *gzip.Reader
	lz4  *lz4.Reader
	zstd *zstd.Decoder
	src  bytes.Reader
	buf  bytes.Buffer
}

// plain returns the records of a whole batch, decompressed; they are good until the next call.
func (u *unpacker) plain(batch []byte) ([]byte, error) {
	h := readHeader(batch)
	packed := batch[headerSize:]
	u.src.Reset(packed)
	var err error
	switch h.codec() {
	case codecGzip:
		if u.gzip == nil {
			u.gzip = new(gzip.Reader)
		}
		if err = u.gzip.Reset(&u.src); err == nil {
			return u.read(u.gzip)
		}
	case codecLz4:
		if u.lz4 == nil {
			u.lz4 = lz4.NewReader(nil)
		}
		u.lz4.Reset(&u.src)
		return u.read(u.lz4)
	case codecZstd:
		if u.zstd == nil {
			u.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxPlainBytes))
		}
		if err == nil {
			err = u.zstd.Reset(&u.src)
		}
		if err == nil {
			return u.read(u.zstd)
		}
	default:
		return decompress(packed, h.codec())
	}
	return nil, fmt.Errorf("decompress records: %w", err)
}

func (u *unpacker) read(r io.Reader) ([]byte, error) {
	u.buf.Reset()
	n, err := u.buf.ReadFrom(io.LimitReader(r, maxPlainBytes+1))
	if err != nil {
		return nil, fmt.Errorf("decompress records: %w", err)
	}
	if n > maxPlainBytes {
		return nil, errTooLarge
	}
	return u.buf.Bytes(), nil
}

// close ends what a codec may have running.
func (u *unpacker) close() {
	if u.zstd != nil {
		u.zstd.Close()
	}
}
