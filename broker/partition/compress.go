package partition

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// compressor compresses records again after some were dropped, with the codec that their producer has chosen. It keeps what the codecs need; it is for one goroutine.
type compressor struct {
	gzip *gzip.Writer
	lz4  *lz4.Writer
	zstd *zstd.Encoder
	buf  bytes.Buffer
}

// compress returns what src is compressed; it is good until the next call. codecNone returns src itself.
func (c *compressor) compress(src []byte, codec int8) ([]byte, error) {
	c.buf.Reset()
	switch codec {
	case codecNone:
		return src, nil
	case codecGzip:
		if c.gzip == nil {
			c.gzip = gzip.NewWriter(nil)
		}
		c.gzip.Reset(&c.buf)
		return c.stream(c.gzip, src)
	case codecSnappy:
		c.buf.Grow(s2.MaxEncodedLen(len(src)))
		return s2.EncodeSnappy(c.buf.AvailableBuffer()[:0:c.buf.Available()], src), nil
	case codecLz4:
		if c.lz4 == nil {
			c.lz4 = lz4.NewWriter(nil)
			// Kafka's own readers take blocks of 64 KiB.
			if err := c.lz4.Apply(lz4.BlockSizeOption(lz4.Block64Kb)); err != nil {
				return nil, fmt.Errorf("compress records: %w", err)
			}
		}
		c.lz4.Reset(&c.buf)
		return c.stream(c.lz4, src)
	case codecZstd:
		if c.zstd == nil {
			// A window of 1 MiB is enough for batches, and bounds the memory.
			z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
			if err != nil {
				return nil, fmt.Errorf("compress records: %w", err)
			}
			c.zstd = z
		}
		c.buf.Grow(c.zstd.MaxEncodedSize(len(src)))
		return c.zstd.EncodeAll(src, c.buf.AvailableBuffer()), nil
	}
	return nil, fmt.Errorf("compress records: codec %d is unknown", codec)
}

func (c *compressor) stream(w io.WriteCloser, src []byte) ([]byte, error) {
	_, err := w.Write(src)
	if e := w.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, fmt.Errorf("compress records: %w", err)
	}
	return c.buf.Bytes(), nil
}
