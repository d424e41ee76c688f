package serve

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
)

// splicer has the system send parts of files to a socket. One goroutine uses it.
type splicer struct {
	raw syscall.RawConn

	// Of the call that is under way; fields, so that no call allocates.
	file   int
	at     int64
	left   int
	wrote  func()
	p      []byte
	err    error
	sendFn func(uintptr) bool
	moreFn func(uintptr) bool
}

// newSplicer returns nil where the connection is no plain TCP connection.
func newSplicer(nc net.Conn) *splicer {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	s := &splicer{raw: raw}
	s.sendFn, s.moreFn = s.sendSome, s.writeSome
	return s
}

// send sends n bytes of a file from an offset on. The position of the file is neither used nor moved.
func (s *splicer) send(f *os.File, at int64, n int, wrote func()) error {
	s.file, s.at, s.left, s.wrote, s.err = int(f.Fd()), at, n, wrote, nil
	err := s.raw.Write(s.sendFn)
	runtime.KeepAlive(f)
	s.wrote = nil
	if err != nil {
		return fmt.Errorf("send log: %w", err)
	}
	return s.err
}

// msgMore is MSG_MORE of Linux, which package syscall does not name.
const msgMore = 0x8000

// maxSend is how much one call sends, so that a slow reader is seen to make progress.
const maxSend = 1 << 20

// sendSome sends what the socket takes; false: it takes no more now.
func (s *splicer) sendSome(out uintptr) bool {
	for s.left > 0 {
		n, err := syscall.Sendfile(int(out), s.file, &s.at, min(s.left, maxSend))
		if n > 0 {
			s.left -= n
			s.wrote()
			continue
		}
		switch err {
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		case nil:
			s.err = fmt.Errorf("send log at %d: %w", s.at, io.ErrUnexpectedEOF)
			return true
		default:
			s.err = os.NewSyscallError("sendfile", err)
			return true
		}
	}
	return true
}

// write writes bytes that others follow at once: the system need not send them alone.
func (s *splicer) write(p []byte) error {
	s.p, s.err = p, nil
	defer func() { s.p = nil }()
	if err := s.raw.Write(s.moreFn); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return s.err
}

func (s *splicer) writeSome(out uintptr) bool {
	for len(s.p) > 0 {
		n, err := syscall.SendmsgN(int(out), s.p, nil, nil, msgMore|syscall.MSG_NOSIGNAL)
		switch err {
		case nil:
			s.p = s.p[n:]
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			s.err = os.NewSyscallError("sendmsg", err)
			return true
		}
	}
	return true
}
