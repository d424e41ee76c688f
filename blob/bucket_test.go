package blob_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"millrace/blob"
	"millrace/blob/blobtest"
	"millrace/fault"
)

func open(t *testing.T, url string) *blob.Bucket {
	t.Helper()
	b, err := blob.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestMemory(t *testing.T) { blobtest.Run(t, open(t, "mem://")) }

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cold", "parts")
	b := open(t, "file://"+dir)
	blobtest.Run(t, b)
	err := filepath.WalkDir(dir, func(path string, f fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".tmp") || strings.HasSuffix(path, ".attrs") {
			t.Errorf("%s is left", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := b.Ping(ctx); !errors.Is(err, fault.Unavailable) {
		t.Errorf("ping without its folder: %v", err)
	}
	if _, err := b.Get(ctx, "a"); !errors.Is(err, fault.Unavailable) {
		t.Errorf("get without its folder: %v", err)
	}
	for _, err := range b.List(ctx, "") {
		if !errors.Is(err, fault.Unavailable) {
			t.Errorf("list without its folder: %v", err)
		}
	}
}

func TestMinIO(t *testing.T) {
	m := blobtest.StartMinIO(t)
	blobtest.Run(t, m.Open("a/prefix"))
	b := m.Open("b")
	for info, err := range b.List(context.Background(), "") {
		t.Errorf("the prefix of another has %v, %v", info, err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	if err := m.Open("b").Ping(context.Background()); fault.KindOf(err) == 0 || strings.Contains(err.Error(), "wrong") {
		t.Errorf("with a wrong secret: %v", err)
	}
	m.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, err := range []error{b.Ping(ctx), b.Put(ctx, "x", strings.NewReader("x"), 1)} {
		if !errors.Is(err, fault.Unavailable) {
			t.Errorf("while it is away: %v", err)
		}
	}
	m.Start()
	if err := b.Put(context.Background(), "x", strings.NewReader("x"), 1); err != nil {
		t.Errorf("when it is back: %v", err)
	}
}

func TestURLs(t *testing.T) {
	f := func(url, want string) {
		t.Helper()
		_, err := blob.Open(context.Background(), url)
		if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error()+fault.HintOf(err), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v (%s)", url, err, fault.HintOf(err))
		}
	}
	f("s3://key:hunter2@bucket", "credentials")
	f("s3://bucket?endpoint=http://key:hunter2@host", "credentials")
	f("s3://bucket?endpoint=host:9000", "endpoint")
	f("s3://bucket?endpiont=http://host:9000", `did you mean "endpoint"`)
	f("s3://?region=x", "names no bucket")
	f("gs://bucket", "is not known")
	f("file://host/folder", "is no folder")
	f("\x7f", "not readable")
	b := open(t, "s3://bucket/a/b?region=us-east-1&endpoint=http://127.0.0.1:1&path_style=true")
	if got := b.URL(); !strings.HasPrefix(got, "s3://bucket/a/b?") {
		t.Error(got)
	}
}

// TestFolderHidesWhatIsUnfinished puts a file there as a killed process leaves it: it is no object, and goes when it is old.
func TestFolderHidesWhatIsUnfinished(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, "parts", "7.parquet.187c3f8e2b1a4d90.tmp")
	whole := filepath.Join(dir, "parts", "7.tmp")
	for _, name := range []string{left, whole} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte("half"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	list := func() (keys []string) {
		b, err := blob.Open(t.Context(), "file://"+dir)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		for o, err := range b.List(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, o.Key)
		}
		return keys
	}
	if got := list(); !slices.Equal(got, []string{"parts/7.tmp"}) {
		t.Errorf("objects %q", got)
	}
	if _, err := os.Stat(left); err != nil {
		t.Errorf("what may still be written was removed: %v", err)
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := errors.Join(os.Chtimes(left, old, old), os.Chtimes(whole, old, old)); err != nil {
		t.Fatal(err)
	}
	if got := list(); !slices.Equal(got, []string{"parts/7.tmp"}) {
		t.Errorf("objects %q", got)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what a killed process left is still there: %v", err)
	}
}
