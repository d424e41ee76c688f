package file

import (
	"bytes"
	"strconv"

	"millrace/fault"
)

// The position is text: the number of its form, then a line for each file with device, inode, bytes and sum of
// the mark, offset, what is being skipped and the time of the last write that was seen, in base 36. With maxFiles it stays below the 64 KiB it may have.
const positionForm = "1\n"

// place is how far a file was read.
type place struct {
	id     identity
	mark   mark
	offset int64
	skip   skip

	modified int64 // nanoseconds since 1970
}

func appendPlace(dst []byte, p place) []byte {
	for i, n := range [...]uint64{p.id.dev, p.id.ino, uint64(p.mark.size), p.mark.sum, uint64(p.offset), uint64(p.skip), uint64(p.modified)} {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = strconv.AppendUint(dst, n, 36)
	}
	return append(dst, '\n')
}

func parsePosition(b []byte) ([]place, error) {
	rest, ok := bytes.CutPrefix(b, []byte(positionForm))
	if !ok {
		return nil, fault.New(fault.Corrupt, "read position: it does not begin with %q", positionForm)
	}
	var places []place
	for line := range bytes.Lines(rest) {
		words := bytes.Fields(line)
		var n [7]uint64
		if len(words) != len(n) {
			return nil, fault.New(fault.Corrupt, "read position: %q has not %d numbers", line, len(n))
		}
		for i, w := range words {
			var err error
			if n[i], err = strconv.ParseUint(string(w), 36, 64); err != nil {
				return nil, fault.New(fault.Corrupt, "read position: %w", err)
			}
		}
		p := place{id: identity{n[0], n[1]}, mark: mark{int(n[2]), n[3]}, offset: int64(n[4]), skip: skip(n[5]), modified: int64(n[6])}
		if n[2] > markBytes || n[5] > uint64(skipRecord) || p.offset < 0 {
			return nil, fault.New(fault.Corrupt, "read position: %q is out of bounds", line)
		}
		places = append(places, p)
	}
	return places, nil
}
