package bus

import (
	"encoding/binary"
	"slices"

	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kgo"
)

// unpacker decompresses one batch after the other into memory that is used again: what it returns holds until the next
// call. The Fetches of a partition share one, as only one of them is read at a time.
type unpacker struct {
	p       []byte
	general kgo.Decompressor
}

func newUnpacker() *unpacker {
	u := &unpacker{}
	u.general = kgo.DefaultDecompressor(u)
	return u
}

// unpack decompresses the records of a batch.
func (u *unpacker) unpack(records []byte, codec kgo.CompressionCodecType) ([]byte, error) {
	if codec == kgo.CodecLz4 {
		if out, ok := u.lz4(records); ok {
			return out, nil
		}
	}
	out, err := u.general.Decompress(records, codec)
	if err != nil {
		return nil, err
	}
	u.p = out[:0]
	return out, nil
}

// GetDecompressBytes implements kgo.PoolDecompressBytes.
func (u *unpacker) GetDecompressBytes(compressed []byte, _ kgo.CompressionCodecType) []byte {
	u.reserve(guess * len(compressed))
	return u.p
}

// PutDecompressBytes implements kgo.PoolDecompressBytes; the unpacker keeps its memory itself.
func (u *unpacker) PutDecompressBytes([]byte) {}

// JSON of one shape shrinks by 3 to 12; a guess too low costs one growth and is kept.
const guess = 4

func (u *unpacker) reserve(n int) {
	if cap(u.p) < n {
		u.p = make([]byte, 0, n)
	}
}

// Parts of an LZ4 frame (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md).
const (
	lz4Magic  = 0x184D2204
	lz4Header = 7 // magic, flags, block descriptor, checksum of the header

	lz4Version       = 0x40
	lz4VersionMask   = 0xC0
	lz4BlockChecksum = 0x10
	lz4ContentSize   = 0x08
	lz4Checksum      = 0x04
	lz4Reserved      = 0x02
	lz4Dictionary    = 0x01

	lz4Plain  = 1 << 31 // a block that is not compressed
	lz4Window = 64 << 10
)

// lz4 decompresses one LZ4 frame block by block to where it stays. Its own checksums are not looked at: that of the
// batch has been, and is of the same bytes. What it does not know or finds damaged is not ok, and the general
// decompressor says what it is.
func (u *unpacker) lz4(p []byte) (_ []byte, ok bool) {
	if len(p) < lz4Header || binary.LittleEndian.Uint32(p) != lz4Magic {
		return nil, false
	}
	flags, largest := p[4], lz4Window<<(2*(max(4, p[5]>>4&7)-4))
	if flags&lz4VersionMask != lz4Version || flags&(lz4Reserved|lz4Dictionary) != 0 {
		return nil, false
	}
	if flags&lz4ContentSize != 0 {
		if len(p) < lz4Header+8 {
			return nil, false
		}
		p = p[8:]
	}
	u.reserve(guess * len(p))
	out, ok := u.blocks(p[lz4Header:], flags, largest)
	if ok {
		u.p = out[:0]
	}
	return out, ok
}

// blocks decompresses the blocks of a frame, each at most largest bytes.
func (u *unpacker) blocks(p []byte, flags byte, largest int) (_ []byte, ok bool) {
	out := u.p[:0]
	for {
		if len(p) < 4 {
			return nil, false
		}
		size := binary.LittleEndian.Uint32(p)
		p = p[4:]
		if size == 0 { // the end mark
			rest := 0
			if flags&lz4Checksum != 0 {
				rest = 4
			}
			return out, len(p) == rest
		}
		n := int(size &^ lz4Plain)
		block := n
		if flags&lz4BlockChecksum != 0 {
			n += 4
		}
		if len(p) < n || block > largest {
			return nil, false
		}
		if size&lz4Plain != 0 {
			out = append(out, p[:block]...)
		} else if out, ok = lz4Block(out, p[:block], largest); !ok {
			return nil, false
		}
		p = p[n:]
	}
}

// lz4Block appends what a block holds, which may refer to what stands before it.
func lz4Block(out, block []byte, largest int) ([]byte, bool) {
	for {
		to := out[len(out):min(cap(out), len(out)+largest)]
		n, err := lz4.UncompressBlockWithDict(block, to, out[max(0, len(out)-lz4Window):])
		if err == nil {
			return out[:len(out)+n], true
		}
		// It is damaged, or there is too little room.
		if len(to) == largest {
			return nil, false
		}
		out = slices.Grow(out, min(largest, 2*len(to)+len(block)))
	}
}
