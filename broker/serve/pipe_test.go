package serve

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

func testPipe() (near, far net.Conn) {
	s := &Server{buffers: newBuffers()}
	return s.pipe()
}

func TestPipeCarriesBytes(t *testing.T) {
	near, far := testPipe()
	sent := make([]byte, 3<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range sent {
		sent[i] = byte(random.Uint32())
	}
	go func() {
		for rest := sent; len(rest) > 0; {
			n := min(1+random.IntN(400_000), len(rest))
			if _, err := near.Write(rest[:n]); err != nil {
				t.Errorf("write: %v", err)
			}
			rest = rest[n:]
		}
		near.Close()
	}()
	got, err := io.ReadAll(far)
	if err != nil || sha256.Sum256(got) != sha256.Sum256(sent) {
		t.Fatalf("%d of %d bytes arrived as they were sent, error %v", len(got), len(sent), err)
	}
}

func TestPipeEnds(t *testing.T) {
	near, far := testPipe()
	near.Write([]byte("last"))
	near.Close()
	if got, err := io.ReadAll(far); string(got) != "last" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := far.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("write to one who has closed: %v", err)
	}
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
	if _, err := near.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write after close: %v", err)
	}
}

func TestPipeBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := testPipe()
		near.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := near.Write(bytes.Repeat([]byte{1}, 2*pipeSize))
		if n != pipeSize || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("wrote %d, %v", n, err)
		}
		near.SetWriteDeadline(time.Time{})
		done := make(chan error)
		go func() {
			_, err := near.Write([]byte{2})
			done <- err
		}()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("a full pipe took more: %v", err)
		default:
		}
		if _, err := io.ReadFull(far, make([]byte, pipeSize+1)); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestPipeDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := testPipe()
		start := time.Now()
		near.SetReadDeadline(start.Add(time.Minute))
		var timeout net.Error
		if _, err := near.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() || time.Since(start) != time.Minute {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		near.SetReadDeadline(time.Time{})
		got := make(chan error)
		go func() {
			_, err := near.Read(make([]byte, 1))
			got <- err
		}()
		synctest.Wait()
		near.SetReadDeadline(time.Now().Add(-time.Second)) // ends a read that is under way
		if err := <-got; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		near.SetDeadline(time.Time{})
		go far.Write([]byte{9})
		p := make([]byte, 2)
		if n, err := near.Read(p); n != 1 || err != nil || p[0] != 9 {
			t.Errorf("read %d, %v", n, err)
		}
	})
}
