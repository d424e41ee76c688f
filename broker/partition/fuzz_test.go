package partition

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"

	"millrace/fault"
)

// FuzzAppend: whatever a client sends is appended or refused with an error that a client is told, and what was appended can be read.
func FuzzAppend(f *testing.F) {
	f.Add(plainBatch("a", "b"), false)
	f.Add(sending{producer: 1, txn: true, keys: []string{"k"}, values: []string{"v"}}.bytes(), true)
	f.Add(append(plainBatch("a"), plainBatch("b")...), true)
	for codec := range 5 {
		f.Add(compressed(f, sending{producer: -1, epoch: -1, sequence: -1, keys: []string{"k"}, values: []string{"v"}}.bytes(), codec), true)
	}
	f.Fuzz(func(t *testing.T, p []byte, compact bool) {
		cfg := smallConfig()
		cfg.Compact = compact
		l := openLog(t, newEnv(newDisk(t), FlushSystem), cfg)
		// The checksum would turn nearly everything away.
		for _, sum := range []bool{false, true} {
			p := append([]byte(nil), p...)
			if sum && len(p) >= headerSize {
				h := readHeader(p)
				if h.size == 0 || h.size > len(p) {
					continue
				}
				seal(p[:h.size])
			}
			a, err := l.Append(p)
			if err != nil {
				if known := (*kerr.Error)(nil); !errors.As(err, &known) {
					t.Fatalf("append: %v", err)
				}
				continue
			}
			if l.Stats().End != a.Last+1 {
				t.Fatalf("%+v, %+v", a, l.Stats())
			}
			v, err := l.Read(a.Base, 1<<20, false)
			if err != nil || v.Size == 0 && !a.Duplicate {
				t.Fatalf("read: %v", err)
			}
			v.Close()
			_, _ = l.FindTime(0, false)
		}
		waitFlushed(l)
		again := openLog(t, newEnv(l.env.FS, FlushSystem), cfg)
		if got, want := again.Stats(), l.Stats(); got.End != want.End {
			t.Fatalf("opened again: %+v, was %+v", got, want)
		}
	})
}

// FuzzRecovery: whatever a file holds when a log is opened, the log is opened or refused as damaged; with leave to lose it is always opened.
func FuzzRecovery(f *testing.F) {
	files := []string{"00000000000000000000.log", "00000000000000000000.index", "00000000000000000002.log", "00000000000000000003.snapshot", manifestName}
	for i := range files {
		f.Add(uint8(i), 10, []byte{1, 2, 3})
		f.Add(uint8(i), 70, make([]byte, 600))
	}
	f.Add(uint8(2), 0, plainBatch("x"))
	f.Fuzz(func(t *testing.T, which uint8, at int, with []byte) {
		d := newDisk(t)
		cfg := smallConfig()
		cfg.SegmentBytes = 200
		l := openLog(t, newEnv(d, FlushAlways), cfg)
		for i := range int32(4) {
			mustAppend(t, l, sending{producer: 3, sequence: i, txn: true, values: []string{"value"}}.bytes())
			if i == 2 {
				if err := l.checkpointNow(); err != nil {
					t.Fatal(err)
				}
			}
		}
		waitFlushed(l)
		name := l.path(files[int(which)%len(files)])
		file, err := d.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		if at < 0 || at > 1<<16 {
			at = 0
		}
		if _, err := file.WriteAt(with, int64(at)); err != nil {
			t.Fatal(err)
		}
		for _, accept := range []bool{false, true} {
			env := newEnv(d, FlushAlways)
			env.AcceptLoss = accept
			l, err := Open("/log", env, cfg)
			if err != nil {
				if accept && !errors.Is(err, fault.Invalid) || !errors.Is(err, fault.Corrupt) && !errors.Is(err, fault.Invalid) {
					t.Fatalf("%s, accept loss %v: %v", name, accept, err)
				}
				continue
			}
			_, _ = readAll(l, l.Stats().Start, 100, true)
			_, _ = l.FindTime(0, true)
			if a, err := l.Append(plainBatch("next")); err != nil || a.Base != l.Stats().End-1 {
				t.Fatalf("%s: append after recovery: %+v, %v", name, a, err)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzFiles: the readers of small files take any bytes.
func FuzzFiles(f *testing.F) {
	m := newManifest()
	m.segments = []*segment{newSegment(0, 0)}
	f.Add(m.encode())
	f.Add(newIndex(1).encode())
	ps := newProducers()
	ps.add(&header{producer: 1, attrs: attrTxn}, 1)
	f.Add(ps.encode())
	f.Fuzz(func(t *testing.T, p []byte) {
		for _, q := range [][]byte{p, sealed(p)} {
			if m, err := decodeManifest("m", q); err == nil && string(m.encode()[:10]) != string(q[:10]) {
				t.Fatal("a manifest is not what it was")
			}
			if x, err := decodeIndex(q); err == nil && string(x.encode()) != string(q) {
				t.Fatal("an index is not what it was")
			}
			_, _ = decodeProducers(q)
		}
	})
}

// sealed gives a small file a checksum that fits.
func sealed(p []byte) []byte {
	if len(p) < 4 {
		return p
	}
	q := append([]byte(nil), p[:len(p)-4]...)
	return binary.BigEndian.AppendUint32(q, crc32.Checksum(q, castagnoli))
}
