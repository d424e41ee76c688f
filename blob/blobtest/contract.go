// Package blobtest is the suite that every kind of bucket passes, and a real MinIO to run it on.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/blob"
	"millrace/fault"
)

// Run tests a bucket that is empty.
func Run(t *testing.T, b *blob.Bucket) {
	t.Helper()
	t.Run("what was put is there", func(t *testing.T) { roundTrip(t, b) })
	t.Run("put is whole or not at all", func(t *testing.T) { wholeOrNot(t, b) })
	t.Run("list", func(t *testing.T) { list(t, b) })
	t.Run("what is missing", func(t *testing.T) { missing(t, b) })
	t.Run("keys", func(t *testing.T) { keys(t, b) })
	t.Run("cancel", func(t *testing.T) { cancelled(t, b) })
}

// noise is n bytes that do not compress.
func noise(n int) []byte {
	rng := rand.New(rand.NewPCG(uint64(n), 7))
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(rng.Uint32())
	}
	return out
}

func put(t *testing.T, b *blob.Bucket, key string, data []byte) {
	t.Helper()
	if err := b.Put(context.Background(), key, bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, b *blob.Bucket, key string) []byte {
	t.Helper()
	r, err := b.Get(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return data
}

func roundTrip(t *testing.T, b *blob.Bucket) {
	ctx := context.Background()
	for _, n := range []int{0, 1, 1000, 17 << 20} { // the last in several requests
		data := noise(n)
		key := fmt.Sprintf("round/a-%d.parquet", n)
		put(t, b, key, data)
		if !bytes.Equal(get(t, b, key), data) {
			t.Fatalf("%d bytes came back changed", n)
		}
		info, err := b.Stat(ctx, key)
		if err != nil || info.Size != int64(n) || info.Key != key || time.Since(info.Modified).Abs() > time.Hour {
			t.Errorf("%+v, %v", info, err)
		}
	}
	data := noise(1000)
	for _, r := range [][2]int64{{0, 10}, {990, 10}, {990, 100}, {500, -1}, {10, 0}} {
		in, err := b.GetRange(ctx, "round/a-1000.parquet", r[0], r[1])
		if err != nil {
			t.Fatalf("range %v: %v", r, err)
		}
		got, err := io.ReadAll(in)
		want := data[r[0]:]
		if r[1] >= 0 {
			want = want[:min(r[1], int64(len(want)))]
		}
		if err := errors.Join(err, in.Close()); err != nil || !bytes.Equal(got, want) {
			t.Errorf("range %v: %d bytes, %v", r, len(got), err)
		}
	}
	put(t, b, "round/a-1.parquet", []byte("another"))
	if got := get(t, b, "round/a-1.parquet"); string(got) != "another" {
		t.Errorf("replaced: %q", got)
	}
}

// failing gives some bytes and then an error.
type failing struct{ left int }

var errBroken = errors.New("the disk is broken")

// Read implements io.Reader.
func (f *failing) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, errBroken
	}
	n := min(len(p), f.left)
	f.left -= n
	return n, nil
}

func wholeOrNot(t *testing.T, b *blob.Bucket) {
	ctx := context.Background()
	put(t, b, "whole/x", []byte("before"))
	for _, n := range []int{3, 6 << 20} {
		if err := b.Put(ctx, "whole/x", &failing{n}, 7<<20); !errors.Is(err, errBroken) {
			t.Errorf("broken after %d bytes: %v", n, err)
		}
	}
	for _, n := range []int64{2, 4} {
		if err := b.Put(ctx, "whole/x", strings.NewReader("now"), n); !errors.Is(err, fault.Invalid) {
			t.Errorf("3 bytes as %d: %v", n, err)
		}
	}
	if got := get(t, b, "whole/x"); string(got) != "before" {
		t.Errorf("%q is there", got)
	}
	var all []string
	for info, err := range b.List(ctx, "whole/") {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, info.Key)
	}
	if diff := cmp.Diff([]string{"whole/x"}, all); diff != "" {
		t.Error(diff)
	}
}

func list(t *testing.T, b *blob.Bucket) {
	ctx := context.Background()
	want := []string{}
	for i := range 12 {
		key := fmt.Sprintf("list/%02d/part.parquet", i)
		put(t, b, key, noise(i))
		want = append(want, key)
	}
	put(t, b, "listed", nil)
	got := []string{}
	for info, err := range b.List(ctx, "list/") {
		if err != nil {
			t.Fatal(err)
		}
		if info.Size != int64(len(got)) {
			t.Errorf("%+v", info)
		}
		got = append(got, info.Key)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for info, err := range b.List(ctx, "list/03") {
		if err != nil || info.Key != want[3] {
			t.Error(info, err)
		}
	}
	for info, err := range b.List(ctx, "nothing/") {
		t.Error(info, err)
	}
	n := 0
	for range b.List(ctx, "") {
		if n++; n == 2 {
			break
		}
	}
}

func missing(t *testing.T, b *blob.Bucket) {
	ctx := context.Background()
	if _, err := b.Get(ctx, "no/such"); !errors.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "no/such") {
		t.Errorf("get: %v", err)
	}
	if _, err := b.Stat(ctx, "no/such"); !errors.Is(err, fault.NotFound) {
		t.Errorf("stat: %v", err)
	}
	if err := b.Delete(ctx, "no/such"); err != nil && !errors.Is(err, fault.NotFound) {
		t.Errorf("delete: %v", err)
	}
	put(t, b, "gone", []byte("x"))
	if err := b.Delete(ctx, "gone"); err != nil {
		t.Error(err)
	}
	if _, err := b.Get(ctx, "gone"); !errors.Is(err, fault.NotFound) {
		t.Errorf("after delete: %v", err)
	}
	if err := b.Ping(ctx); err != nil {
		t.Error(err)
	}
}

func keys(t *testing.T, b *blob.Bucket) {
	ctx := context.Background()
	good := []string{"a", "A-b_c.d=e+f,g@h/1", "replica-1/0000000001-cpu_usage.parquet"}
	for _, key := range good {
		put(t, b, key, []byte(key))
		if got := get(t, b, key); string(got) != key {
			t.Errorf("%s: %q", key, got)
		}
	}
	bad := []string{"", "/a", "a/", "a//b", "../a", "a/../b", "./a", "a b", "a\x00", "é", "a.attrs", strings.Repeat("x", 300)}
	for _, key := range bad {
		_, err := b.Get(ctx, key)
		_, statErr := b.Stat(ctx, key)
		for _, err := range []error{err, statErr, b.Put(ctx, key, strings.NewReader(""), 0), b.Delete(ctx, key)} {
			if !errors.Is(err, fault.Invalid) {
				t.Errorf("key %q: %v", key, err)
			}
		}
	}
	if _, err := b.GetRange(ctx, "a", -1, 1); !errors.Is(err, fault.Invalid) {
		t.Error(err)
	}
	for info, err := range b.List(ctx, "A") {
		if err != nil || !slices.Contains(good, info.Key) {
			t.Error(info, err)
		}
	}
}

func cancelled(t *testing.T, b *blob.Bucket) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.Put(ctx, "cancelled", strings.NewReader("x"), 1); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := b.Stat(context.Background(), "cancelled"); !errors.Is(err, fault.NotFound) {
		t.Errorf("it is there all the same: %v", err)
	}
}
