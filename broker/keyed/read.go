package keyed

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// errFrame says that no good frame stands where one should.
var errFrame = errors.New("no frame")

// frames reads a file frame by frame.
type frames struct {
	r    io.Reader
	size int64
	at   int64 // where the frame begins that is read next or is bad
	end  int64 // where the frame ends that was read last
	buf  []byte
}

func (f *frames) magic() error {
	f.buf = make([]byte, len(magic), chunk)
	if f.size < int64(len(magic)) {
		return errFrame
	}
	if _, err := io.ReadFull(f.r, f.buf); err != nil {
		return err
	}
	if string(f.buf) != magic {
		return errFrame
	}
	f.at = int64(len(magic))
	return nil
}

// next returns the payload of the frame at f.at, nil at the end of the file. It is good until next is called again. The caller moves f.at
// to f.end.
func (f *frames) next() ([]byte, error) {
	if f.at == f.size {
		return nil, nil
	}
	var head [headSize]byte
	if f.size-f.at < headSize {
		return nil, errFrame
	}
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		return nil, err
	}
	n, _, ok := parseHead(head[:])
	if !ok || n > f.size-f.at-headSize-tailSize {
		return nil, errFrame
	}
	if int64(cap(f.buf)) < n+tailSize {
		f.buf = make([]byte, n+tailSize)
	}
	f.buf = f.buf[:n+tailSize]
	if _, err := io.ReadFull(f.r, f.buf); err != nil {
		return nil, err
	}
	if !goodTail(f.buf, int(n)) {
		return nil, errFrame
	}
	f.end = f.at + headSize + n + tailSize
	return f.buf[:n:n], nil
}

// goodTail checks a payload of n bytes with the tail behind it.
func goodTail(p []byte, n int) bool {
	return p[n+4] == mark && binary.BigEndian.Uint32(p[n:]) == checksum(p[:n])
}

// wasTorn says whether the bad frame at a position of a file is what a loss of power leaves of writes that were not forced to disk: then it
// is missing in part, or zeros stand in its place, and no good frame behind it says that it had been forced to disk.
func wasTorn(r io.ReaderAt, at, size int64) (bool, error) {
	if at < int64(len(magic)) {
		return false, nil // the magic was there before the file had its name
	}
	rest := io.NewSectionReader(r, at, size-at)
	if looks, err := looksTorn(rest); err != nil || !looks {
		return false, err
	}
	synced, err := syncedBehind(rest)
	return !synced, err
}

// looksTorn tells a frame that is missing in part from one that is whole and wrong. rest begins with it.
func looksTorn(rest *io.SectionReader) (bool, error) {
	size := rest.Size()
	if size < headSize {
		return true, nil
	}
	var head [headSize]byte
	if _, err := rest.ReadAt(head[:], 0); err != nil {
		return false, err
	}
	n, _, ok := parseHead(head[:])
	if !ok {
		return head[headSize-1] == 0, nil
	}
	n += tailSize
	if n > size-headSize {
		return true, nil
	}
	p := make([]byte, n)
	if _, err := rest.ReadAt(p, headSize); err != nil {
		return false, err
	}
	return p[n-1] == 0 || hasBlank(p), nil
}

// hasBlank finds a part that a disk may not have written: disks write sectors of 512 bytes or more.
func hasBlank(p []byte) bool {
	const sector = 512
	blank := make([]byte, sector/2) // a sector is not aligned to p: any blank one holds a blank half that is
	for len(p) >= len(blank) {
		if bytes.Equal(p[:len(blank)], blank) {
			return true
		}
		p = p[len(blank):]
	}
	return false
}

// syncedBehind finds a good frame that says that the beginning of rest was forced to disk before the frame was made.
func syncedBehind(rest *io.SectionReader) (bool, error) {
	size := rest.Size()
	window := make([]byte, chunk)
	for base := int64(1); base+headSize <= size; {
		n, err := rest.ReadAt(window[:min(int64(len(window)), size-base)], base)
		if err != nil && err != io.EOF {
			return false, err
		}
		if n < headSize {
			return false, nil
		}
		for i := 0; i+headSize <= n; i++ {
			payload, unsynced, ok := parseHead(window[i : i+headSize])
			at := base + int64(i)
			if !ok || unsynced >= at || payload > size-at-headSize-tailSize {
				continue
			}
			p := make([]byte, payload+tailSize)
			if _, err := rest.ReadAt(p, at+headSize); err != nil {
				return false, err
			}
			if goodTail(p, int(payload)) {
				return true, nil
			}
		}
		base += int64(n - headSize + 1)
	}
	return false, nil
}
