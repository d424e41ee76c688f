package partition

import (
	"errors"
	"fmt"
	"io"
	"os"

	"millrace/internal/failpoint"
)

// sectorBytes is the least that a disk writes at once. A write that a power loss tore leaves the file short, or sectors of zeros: files only grow here. Damage that
// looks otherwise is not of a torn write.
const sectorBytes = 512

// recoverTail reads what came after the checkpoint, cuts off a torn end, and makes the rest durable: readers are about to see it.
func (l *Log) recoverTail(m *manifest, size int64) error {
	x, err := l.loadIndex(l.active, m.checkPos)
	if err != nil {
		return err
	}
	f, err := l.openSegment(l.active)
	if err != nil {
		return err
	}
	l.file, l.tail = f, x.clone()
	l.active.checkOn(m.checkPos)
	if l.born == 0 {
		l.born = l.now()
	}
	now := l.now()
	sc := scanner{file: f, pos: m.checkPos, upto: size}
	for {
		h, batch, err := sc.next()
		if err == nil && h.base != l.end {
			sc.pos -= int64(h.size)
			err = fmt.Errorf("the batch has offset %d, not %d", h.base, l.end)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			if err := l.cutTail(m, f, sc.pos, size, err); err != nil {
				return err
			}
			break
		}
		if h.producer >= 0 && l.producers.byID[h.producer] == nil {
			if err := l.producers.room(&h); err != nil {
				return err
			}
		}
		l.note(&h, batch, now)
		l.recent.add(place{h.base, h.last() + 1, l.size, h.size})
		l.size, l.end = sc.pos, h.last()+1
	}
	l.producers.ending = nil
	if l.end < m.end {
		return nil // recover says so
	}
	failpoint.Hit("partition.recover.sync.before")
	if err := f.Sync(); err != nil {
		return err
	}
	failpoint.Hit("partition.recover.sync.after")
	l.synced = l.end
	return l.checkpoint()
}

// cutTail cuts off the active segment what begins at a position and does not check, if it can only be what a crash has left of writes that nobody was told had
// succeeded. Otherwise it returns the damage.
func (l *Log) cutTail(m *manifest, f *file, pos, size int64, cause error) error {
	next, err := l.nextBatch(f, pos, size)
	if err != nil {
		return err
	}
	torn, err := tornWrite(f, pos, next, size, cause)
	if err != nil {
		return err
	}
	if !torn || l.end < m.end {
		if next < size {
			cause = fmt.Errorf("%w; whole batches follow at byte %d", cause, next)
		}
		return l.damaged(l.active, pos, cause)
	}
	if next < size {
		// A power loss may keep later writes without earlier ones. Still, look at it who may.
		if err := l.keepAside(f, pos, size); err != nil {
			return err
		}
	}
	l.env.Log.Warn("torn end of log is cut off", "file", l.path(l.active.logName()), "from", pos, "bytes", size-pos, "err", cause)
	l.cut = true
	if err := f.Truncate(pos); err != nil {
		return err
	}
	return f.Sync()
}

// tornWrite says whether what is at pos, up to where the next whole batch begins or the file ends, is what a torn write leaves.
func tornWrite(f io.ReaderAt, pos, next, size int64, cause error) (bool, error) {
	if next == size && errors.Is(cause, errShort) {
		return lengthFits(f, pos, size)
	}
	return hasHole(f, pos, next)
}

// lengthFits says that the batch at pos is cut short, rather than whole with a length that is wrong.
func lengthFits(f io.ReaderAt, pos, size int64) (bool, error) {
	if size-pos <= headerSize || size-pos > maxBatchBytes {
		return true, nil
	}
	p := make([]byte, size-pos)
	if _, err := readFull(f, p, pos); err != nil {
		return false, err
	}
	h := readHeader(p)
	return checksum(p) != h.crc, nil
}

// hasHole says whether a sector between two positions holds only zeros; at either end a part of one suffices, as does the place of a
// header at the beginning, where a batch was never written.
func hasHole(f io.ReaderAt, from, upto int64) (bool, error) {
	buf := make([]byte, 1<<20)
	if head := buf[:min(headerSize, upto-from)]; len(head) > 0 {
		if _, err := readFull(f, head, from); err != nil {
			return false, err
		}
		if zero(head) {
			return true, nil
		}
	}
	for from < upto {
		// Chunks end at sectors.
		n := min(upto-from, int64(len(buf))-from%sectorBytes)
		if _, err := readFull(f, buf[:n], from); err != nil {
			return false, err
		}
		for p := buf[:n]; len(p) > 0; {
			part := min(int64(len(p)), sectorBytes-from%sectorBytes)
			if zero(p[:part]) {
				return true, nil
			}
			p, from = p[part:], from+part
		}
	}
	return false, nil
}

func zero(p []byte) bool {
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}

// nextBatch finds the first whole batch with a good sum and an offset that may follow, after a position; size if there is none.
func (l *Log) nextBatch(f io.ReaderAt, pos, size int64) (int64, error) {
	return findBatch(f, pos+1, size, l.end)
}

// findBatch looks at every byte from a position on for a whole batch of which the offset is not below one.
func findBatch(f io.ReaderAt, from, size, offset int64) (int64, error) {
	buf := make([]byte, 1<<20)
	for from+headerSize <= size {
		n := int(min(size-from, int64(len(buf))))
		if _, err := readFull(f, buf[:n], from); err != nil {
			return 0, err
		}
		for i := 0; i+headerSize <= n; i++ {
			if buf[i+magicAt] != 2 {
				continue
			}
			h := readHeader(buf[i:n])
			at := from + int64(i)
			if !h.plausible() || h.base < offset || h.base-offset > maxRelative || int64(h.size) > size-at {
				continue
			}
			batch := make([]byte, h.size)
			if _, err := readFull(f, batch, at); err != nil {
				return 0, err
			}
			if checksum(batch) == h.crc {
				return at, nil
			}
		}
		from += int64(n - headerSize + 1)
	}
	return size, nil
}

// damagedPrefix begins the names of files that are kept for who wants to look at damage.
const damagedPrefix = "damaged-"

// keepAside copies a part of the active segment to a file of its own.
func (l *Log) keepAside(f io.ReaderAt, from, upto int64) error {
	name := l.path(fmt.Sprintf("%s%s-at-%d", damagedPrefix, l.active.stem(), from))
	out, err := l.env.FS.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, io.NewSectionReader(f, from, upto-from))
	if err == nil {
		err = out.Sync()
	}
	if e := out.Close(); err == nil {
		err = e
	}
	return err
}
