package partition

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"millrace/broker/disk"
	"millrace/broker/disk/disktest"
)

// gated is a disk of which the syncs of segments wait for leave.
type gated struct {
	*disktest.Disk
	begun chan struct{}
	leave chan struct{}
	syncs atomic.Int64
}

func (g *gated) OpenFile(name string, flag int, perm fs.FileMode) (disk.File, error) {
	f, err := g.Disk.OpenFile(name, flag, perm)
	if err != nil || !strings.HasSuffix(name, ".log") {
		return f, err
	}
	return &gatedFile{f, g}, nil
}

type gatedFile struct {
	disk.File
	g *gated
}

func (f *gatedFile) Sync() error {
	f.g.syncs.Add(1)
	f.g.begun <- struct{}{}
	<-f.g.leave
	return f.File.Sync()
}

// TestManyWaitersShareOneSync: what is appended while an fsync runs shares the next one, and readers see nothing before it is durable.
func TestManyWaitersShareOneSync(t *testing.T) {
	g := &gated{Disk: newDisk(t), begun: make(chan struct{}, 100), leave: make(chan struct{})}
	l := openLog(t, newEnv(g, FlushAlways), smallConfig())
	first, err := l.Append(plainBatch("first"))
	if err != nil {
		t.Fatal(err)
	}
	<-g.begun
	var waits []Wait
	for i := range 50 {
		a, err := l.Append(plainBatch(fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		waits = append(waits, a.Wait)
	}
	if s := l.Stats(); s.High != 0 || s.End != 51 {
		t.Fatalf("%+v", s)
	}
	short, cancel := context.WithCancel(t.Context())
	cancel()
	if err := waits[0](short); !errors.Is(err, context.Canceled) {
		t.Fatalf("wait that is cancelled: %v", err)
	}
	changed := l.Changed()
	g.leave <- struct{}{}
	if err := first.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-changed
	if s := l.Stats(); s.High != 1 {
		t.Fatalf("%+v", s)
	}
	<-g.begun
	g.leave <- struct{}{}
	for _, w := range waits {
		if err := w(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := g.syncs.Load(); n != 2 {
		t.Fatalf("%d syncs for 51 appends", n)
	}
	if s := l.Stats(); s.High != 51 {
		t.Fatalf("%+v", s)
	}
	close(g.leave)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestUnwaitedAppendsAreSynced: readers see what was appended though its producer did not wait.
func TestUnwaitedAppendsAreSynced(t *testing.T) {
	for _, flush := range []Flush{FlushAlways, FlushInterval, FlushSystem} {
		l := openLog(t, newEnv(newDisk(t), flush), smallConfig())
		changed := l.Changed()
		if _, err := l.Append(plainBatch("x")); err != nil {
			t.Fatal(err)
		}
		select {
		case <-changed:
		case <-time.After(10 * time.Second):
			t.Fatal("nobody synced")
		}
		if s := l.Stats(); s.High != 1 {
			t.Fatalf("%+v", s)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMarkersAreSeenWhenTheyAreDurable: a commit that is not durable yet does not show its records.
func TestMarkersAreSeenWhenTheyAreDurable(t *testing.T) {
	g := &gated{Disk: newDisk(t), begun: make(chan struct{}, 100), leave: make(chan struct{}, 100)}
	l := openLog(t, newEnv(g, FlushAlways), smallConfig())
	g.leave <- struct{}{}
	mustAppend(t, l, sending{producer: 1, txn: true, values: []string{"v"}}.bytes())
	wait, err := l.EndTransaction(1, 0, 0, true)
	if err != nil {
		t.Fatal(err)
	}
	if s := l.Stats(); s.High != 1 || s.Stable != 0 || s.End != 2 {
		t.Fatalf("%+v", s)
	}
	g.leave <- struct{}{}
	if err := wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := l.Stats(); s.High != 2 || s.Stable != 2 {
		t.Fatalf("%+v", s)
	}
	close(g.leave)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestReadersBesideWriters appends from several goroutines while others read, segments close, and records are deleted. It is for the race detector, too.
func TestReadersBesideWriters(t *testing.T) {
	const writers, each = 4, 150
	d := newDisk(t)
	cfg := smallConfig()
	cfg.SegmentBytes = 4000
	env := newEnv(d, FlushAlways)
	env.files.max = 2
	l := openLog(t, env, cfg)
	var write, read sync.WaitGroup
	done := make(chan struct{})
	fail := make(chan error, 20)
	for w := range writers {
		write.Go(func() {
			for i := range int32(each) {
				a, err := l.Append(sending{producer: int64(w), sequence: i, values: []string{fmt.Sprintf("%d-%d", w, i)}}.bytes())
				if err == nil {
					err = a.Wait(t.Context())
				}
				if err != nil {
					fail <- err
					return
				}
			}
		})
	}
	for range 2 {
		read.Go(func() {
			next := map[string]int{}
			for offset := int64(0); offset < writers*each; {
				changed := l.Changed()
				v, err := l.Read(offset, 3000, true)
				if err != nil {
					fail <- err
					return
				}
				got, n, err := decodeView(v, offset, true)
				v.Close()
				if err != nil {
					fail <- err
					return
				}
				for i, r := range got {
					writer, at, _ := strings.Cut(r.value, "-")
					if r.offset != offset+int64(i) || at != fmt.Sprint(next[writer]) {
						fail <- fmt.Errorf("offset %d is %+v, next of %s is %d", offset+int64(i), r, writer, next[writer])
						return
					}
					next[writer]++
				}
				if n == offset {
					select {
					case <-changed:
					case <-done:
						return
					}
				}
				offset = n
			}
		})
	}
	read.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if err := l.rest(); err != nil {
				fail <- err
				return
			}
			_, _ = l.FindMax()
			_ = l.Stats()
			_ = l.Producers()
		}
	})
	write.Wait()
	deadline := time.After(20 * time.Second)
	for l.Stats().High < writers*each && len(fail) == 0 {
		select {
		case <-l.Changed():
		case <-deadline:
			t.Fatalf("%+v", l.Stats())
		}
	}
	close(done)
	read.Wait()
	select {
	case err := <-fail:
		t.Fatal(err)
	default:
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
