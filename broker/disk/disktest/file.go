package disktest

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// file is an open file; it stays readable after its name is gone.
type file struct {
	disk *Disk
	name string
	node int
	flag int

	at     int64 // of Read and Write
	closed bool
}

func (f *file) OS() *os.File { return nil }

// begin locks the disk, unless the file is closed.
func (f *file) begin(op string) error {
	f.disk.mu.Lock()
	if f.closed {
		f.disk.mu.Unlock()
		return &fs.PathError{Op: op, Path: f.name, Err: fs.ErrClosed}
	}
	return nil
}

func (f *file) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.at)
	f.at += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if err := f.begin("read"); err != nil {
		return 0, err
	}
	defer f.disk.mu.Unlock()
	data := f.disk.now.nodes[f.node].data
	n := copy(p, data[min(off, int64(len(data))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) Write(p []byte) (int, error) {
	if f.flag&os.O_APPEND != 0 {
		info, err := f.Stat()
		if err != nil {
			return 0, err
		}
		f.at = info.Size()
	}
	n, err := f.WriteAt(p, f.at)
	f.at += int64(n)
	return n, err
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	if err := f.begin("write"); err != nil {
		return 0, err
	}
	defer f.disk.mu.Unlock()
	if f.flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		return 0, &fs.PathError{Op: "write", Path: f.name, Err: syscall.EBADF}
	}
	n := f.fits(len(p), off)
	op := Op{Kind: Write, Path: f.name, node: f.node, Offset: off, Data: bytes.Clone(p[:n])}
	if n > 0 {
		if err := f.disk.do(op); err != nil {
			return 0, &fs.PathError{Op: "write", Path: f.name, Err: err}
		}
	}
	if n < len(p) {
		return n, &fs.PathError{Op: "write", Path: f.name, Err: syscall.ENOSPC}
	}
	return n, nil
}

// fits returns how many bytes of a write there is room for.
func (f *file) fits(n int, off int64) int {
	if f.disk.capacity < 0 {
		return n
	}
	size := int64(len(f.disk.now.nodes[f.node].data))
	end := size + max(0, f.disk.capacity-f.disk.now.used())
	return int(max(0, min(int64(n), end-off)))
}

func (f *file) Truncate(size int64) error {
	if err := f.begin("truncate"); err != nil {
		return err
	}
	defer f.disk.mu.Unlock()
	return f.disk.do(Op{Kind: Truncate, Path: f.name, node: f.node, Offset: size})
}

func (f *file) Sync() error {
	if err := f.begin("sync"); err != nil {
		return err
	}
	defer f.disk.mu.Unlock()
	return f.disk.sync(Op{Kind: Sync, Path: f.name, node: f.node})
}

func (f *file) Stat() (fs.FileInfo, error) {
	if err := f.begin("stat"); err != nil {
		return nil, err
	}
	defer f.disk.mu.Unlock()
	return info{filepath.Base(f.name), int64(len(f.disk.now.nodes[f.node].data)), false}, nil
}

func (f *file) Close() error {
	if err := f.begin("close"); err != nil {
		return err
	}
	f.closed = true
	f.disk.mu.Unlock()
	return nil
}
