package keyed

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
)

// A file is the magic and then frames, each of them the entries of one Put:
//
//	 0  length of the payload, uint32
//	 4  how many bytes right before this frame were not forced to disk when it was made, uint32
//	 8  CRC-32C of the 8 bytes before
//	12  mark
//	13  payload: name of the space, then entries: key, value; each is its length and its bytes, a uvarint
//	    and plain; the length of a value is one more than it has, 0 means that the key is removed
//	    CRC-32C of the payload
//	    mark
//
// Numbers are big-endian. The mark is not zero: where a write was torn by a loss of power, what it did not reach is
// missing or reads as zeros, so that the mark tells a torn frame from a damaged one. The second field tells the same
// of what stands before: what was forced to disk is never torn.
const (
	magic    = "MRKEYED1"
	mark     = 0xa5
	headSize = 13
	tailSize = 5
)

// maxPayload bounds one Put, and with it what a damaged length can ask for.
const maxPayload = 64 << 20

var errPayload = errors.New("entries do not parse")

func checksum(p []byte) uint32 { return crc32.Checksum(p, crc32.MakeTable(crc32.Castagnoli)) }

// beginFrame appends a head whose length endFrame sets.
func beginFrame(dst []byte, unsynced int64) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(min(unsynced, math.MaxUint32)))
	return append(dst, 0, 0, 0, 0, mark)
}

// endFrame completes the frame that begins at p[at:].
func endFrame(p []byte, at int) []byte {
	head, payload := p[at:at+headSize], p[at+headSize:]
	binary.BigEndian.PutUint32(head, uint32(len(payload)))
	binary.BigEndian.PutUint32(head[8:], checksum(head[:8]))
	p = binary.BigEndian.AppendUint32(p, checksum(payload))
	return append(p, mark)
}

func appendBytes[T []byte | string](dst []byte, p T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(p))), p...)
}

func appendEntry[T []byte | string](dst []byte, key T, value []byte) []byte {
	dst = appendBytes(dst, key)
	if value == nil {
		return append(dst, 0)
	}
	dst = binary.AppendUvarint(dst, uint64(len(value))+1)
	return append(dst, value...)
}

// parseHead returns what a head says; p has headSize bytes.
func parseHead(p []byte) (payload, unsynced int64, ok bool) {
	if p[12] != mark || binary.BigEndian.Uint32(p[8:]) != checksum(p[:8]) {
		return 0, 0, false
	}
	n := binary.BigEndian.Uint32(p)
	return int64(n), int64(binary.BigEndian.Uint32(p[4:])), n <= maxPayload
}

// parsePayload calls do with each entry. What do is given is part of p.
func parsePayload(p []byte, do func(space, key, value []byte)) error {
	space, p, ok := cutBytes(p)
	for ok && len(p) > 0 {
		var key, value []byte
		if key, p, ok = cutBytes(p); !ok {
			break
		}
		n, w := binary.Uvarint(p)
		if ok = w > 0 && (n == 0 || n-1 <= uint64(len(p)-w)); !ok {
			break
		}
		p = p[w:]
		if n > 0 {
			value, p = p[:n-1:n-1], p[n-1:]
		}
		do(space, key, value)
	}
	if !ok {
		return errPayload
	}
	return nil
}

func cutBytes(p []byte) (b, rest []byte, ok bool) {
	n, w := binary.Uvarint(p)
	if w <= 0 || n > uint64(len(p)-w) {
		return nil, nil, false
	}
	end := w + int(n)
	return p[w:end:end], p[end:], true
}
