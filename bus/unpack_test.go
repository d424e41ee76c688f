package bus

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kgo"
)

// lz4Frame compresses as a producer may: by its own options.
func lz4Frame(t testing.TB, plain []byte, options ...lz4.Option) []byte {
	t.Helper()
	var out bytes.Buffer
	w := lz4.NewWriter(&out)
	if err := w.Apply(options...); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestUnpackLZ4 reads frames of all kinds of blocks and sizes without the general decompressor.
func TestUnpackLZ4(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	u := newUnpacker()
	for _, plain := range [][]byte{nil, []byte("a"), noise[:100], noise, bytes.Repeat([]byte("{\"id\": 1}"), 100_000), bytes.Repeat([]byte{0}, 9<<20)} {
		for _, size := range []lz4.BlockSize{lz4.Block64Kb, lz4.Block256Kb, lz4.Block1Mb, lz4.Block4Mb} {
			for _, checked := range []bool{false, true} {
				frame := lz4Frame(t, plain, lz4.BlockSizeOption(size), lz4.ChecksumOption(checked), lz4.BlockChecksumOption(checked), lz4.SizeOption(uint64(len(plain))))
				got, ok := u.lz4(frame)
				if !ok || !bytes.Equal(got, plain) {
					t.Fatalf("%d bytes in blocks of %v: got %d bytes, %v", len(plain), size, len(got), ok)
				}
				if _, ok := u.lz4(frame[:len(frame)-1]); ok {
					t.Fatalf("%d bytes: a frame without its end is read", len(plain))
				}
			}
		}
	}
}

func TestUnpackKeepsItsMemory(t *testing.T) {
	frame := lz4Frame(t, bytes.Repeat([]byte("a value of a record"), 10_000))
	u := newUnpacker()
	if _, err := u.unpack(frame, kgo.CodecLz4); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(10, func() {
		if _, err := u.unpack(frame, kgo.CodecLz4); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzUnpackLZ4 holds what is read here against the general decompressor: it reads the same, or refuses for a checksum
// that is not looked at here.
func FuzzUnpackLZ4(f *testing.F) {
	f.Add(lz4Frame(f, []byte("some text, some text, some text")))
	f.Add(lz4Frame(f, bytes.Repeat([]byte("ab"), 100_000), lz4.BlockSizeOption(lz4.Block64Kb), lz4.BlockChecksumOption(true)))
	f.Fuzz(func(t *testing.T, frame []byte) {
		const enough = 1 << 12 // such a frame may hold a megabyte
		if len(frame) > enough {
			return
		}
		got, ok := newUnpacker().lz4(frame)
		want, err := kgo.DefaultDecompressor().Decompress(frame, kgo.CodecLz4)
		if ok && err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, the general decompressor has %d", len(got), len(want))
		}
	})
}
