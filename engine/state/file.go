package state

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// file is a file that is open for reading. Any goroutine may use it.
type file struct {
	name string
	src  Source
	dir  *directory
	sum  uint32 // of the directory
}

// openSnapshot opens a file and reads its directory.
func openSnapshot(ctx context.Context, in Place, name string) (*file, error) {
	src, err := in.Open(ctx, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.New(fault.Corrupt, "load snapshot %s: it is not there", name).WithHint(missingHint)
	case err != nil:
		return nil, fmt.Errorf("load snapshot %s: %w", name, err)
	}
	f := &file{name: name, src: src}
	if err := f.readDirectory(); err != nil {
		_ = src.Close()
		return nil, err
	}
	return f, nil
}

const headerSize = len(magic) + 1

func (f *file) readDirectory() error {
	size := f.src.Size()
	head, foot := make([]byte, headerSize), make([]byte, footerSize)
	if size < int64(headerSize) {
		return corrupt(f.name, "has only %d bytes", size)
	}
	if err := f.readAt(head, 0); err != nil {
		return err
	}
	if string(head[:len(magic)]) != magic {
		return corrupt(f.name, "does not begin as a snapshot")
	}
	if v := head[len(magic)]; v != version {
		return fault.New(fault.Corrupt, "read snapshot %s: it is of format %q, and this program reads format %q", f.name, v, version).
			WithHint("run the job with the version of millrace that wrote it, or reset the job")
	}
	if size < int64(headerSize+footerSize) {
		return corrupt(f.name, "was not written to its end")
	}
	if err := f.readAt(foot, size-int64(footerSize)); err != nil {
		return err
	}
	if string(foot[20:]) != tail {
		return corrupt(f.name, "was not written to its end")
	}
	at, length := int64(binary.LittleEndian.Uint64(foot)), int64(binary.LittleEndian.Uint32(foot[8:]))
	f.sum = binary.LittleEndian.Uint32(foot[12:])
	if checksum(foot[:16]) != binary.LittleEndian.Uint32(foot[16:]) || at < int64(headerSize) || at+length != size-int64(footerSize) {
		return corrupt(f.name, "has a checksum that does not match")
	}
	buf := make([]byte, length)
	if err := f.readAt(buf, at); err != nil {
		return err
	}
	if checksum(buf) != f.sum {
		return corrupt(f.name, "has a checksum that does not match")
	}
	d := &decoder{buf: buf, name: f.name}
	f.dir = decodeDirectory(d)
	return d.err
}

func (f *file) readAt(buf []byte, at int64) error {
	if n, err := f.src.ReadAt(buf, at); n < len(buf) {
		return fmt.Errorf("read snapshot %s at byte %d: %w", f.name, at, err)
	}
	return nil
}

// block is rows of a table by number, ascending: rows that were put, with their columns, and rows that are gone.
type block struct {
	puts, gone []int32
	cols       []vec.Column
}

// read reads a block whose columns are of the given types. buf is memory to use.
func (f *file) read(at blockAt, types []schema.Type, into *block, buf []byte) ([]byte, error) {
	if at.offset < int64(headerSize) || at.length < 0 || at.offset+int64(at.length) > f.src.Size() {
		return buf, corrupt(f.name, "has a part outside of it")
	}
	if cap(buf) < at.length {
		buf = make([]byte, at.length)
	}
	buf = buf[:at.length]
	if err := f.readAt(buf, at.offset); err != nil {
		return buf, err
	}
	if checksum(buf) != at.sum {
		return buf, corrupt(f.name, "has a checksum that does not match, of the %d bytes from %d on", at.length, at.offset)
	}
	d := &decoder{buf: buf, name: f.name}
	decodeBlock(d, types, into)
	return buf, d.err
}

func decodeBlock(d *decoder, types []schema.Type, into *block) {
	into.puts, into.gone = d.rows(into.puts), d.rows(into.gone)
	switch cols := d.uvarint(); {
	case len(into.puts) == 0:
		return
	case d.err == nil && cols != uint64(len(types)):
		d.fail("has %d columns where %d are wanted", cols, len(types))
	}
	if d.err != nil {
		into.puts, into.gone = into.puts[:0], into.gone[:0]
		return
	}
	into.cols = make([]vec.Column, len(types))
	for c := range types {
		d.column(&into.cols[c], types[c], len(into.puts))
	}
}
