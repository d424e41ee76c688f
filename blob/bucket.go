package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"millrace/fault"
)

// Bucket is an open bucket. Open makes it, Close must be called.
type Bucket struct {
	in   *blob.Bucket
	url  string
	root string // the folder of a file bucket, else ""
}

// Info describes an object.
type Info struct {
	Key      string
	Size     int64
	Modified time.Time
}

// URL returns the URL of the bucket. It has no secrets.
func (b *Bucket) URL() string { return b.url }

// Close releases the bucket. Readers that Get returned are closed before.
func (b *Bucket) Close() error {
	if err := b.in.Close(); err != nil {
		return fmt.Errorf("close bucket %s: %w", b.url, err)
	}
	return nil
}

// maxKey is what all of S3, MinIO and file systems take.
const maxKey = 900

// checkKey lets only names pass that mean the same in a folder and in a service.
func checkKey(key string) error {
	if key == "" || len(key) > maxKey || key[0] == '/' || strings.HasSuffix(key, "/") || strings.HasSuffix(key, ".attrs") {
		return fault.New(fault.Invalid, "key %.80q is no name of an object", key)
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || part == "." || part == ".." || len(part) > 200 {
			return fault.New(fault.Invalid, "key %.80q is no name of an object", key)
		}
	}
	for _, r := range key {
		ok := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-=+,@", r)
		if !ok {
			return fault.New(fault.Invalid, "key %.80q has the character %q", key, r).
				WithHint("keys are made of letters, digits and / . _ - = + , @")
		}
	}
	return nil
}

// Put writes an object of exactly size bytes, in place of one that has the key. It is visible once
// Put returns nil, durable then, and of the size that was said; before, and after an error, what was
// there stays.
func (b *Bucket) Put(ctx context.Context, key string, r io.Reader, size int64) error {
	if err := checkKey(key); err != nil {
		return fmt.Errorf("put object: %w", err)
	}
	if err := b.put(ctx, key, r, size); err != nil {
		return b.wrap("put", key, err)
	}
	return nil
}

func (b *Bucket) put(ctx context.Context, key string, r io.Reader, size int64) error {
	// Ending the context before Close is how a writer is told to throw away what it has.
	ctx, abandon := context.WithCancel(ctx)
	defer abandon()
	w, err := b.in.NewWriter(ctx, key, &blob.WriterOptions{ContentType: "application/octet-stream", DisableContentTypeDetection: true})
	if err != nil {
		return err
	}
	n, err := io.Copy(w, io.LimitReader(r, size+1))
	if err == nil && n != size {
		err = fault.New(fault.Invalid, "it was to have %d bytes and has %d", size, n)
		if n > size {
			err = fault.New(fault.Invalid, "it was to have %d bytes and has more", size)
		}
	}
	if err != nil {
		abandon()
		_ = w.Close() // says that it was cancelled
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := b.sync(key); err != nil {
		return err
	}
	info, err := b.stat(ctx, key)
	if err == nil && info.Size != size {
		err = fault.New(fault.Unavailable, "%d bytes were written and %d are there", size, info.Size)
	}
	return err
}

// sync makes an object of a folder survive a loss of power: a rename alone does not.
func (b *Bucket) sync(key string) error {
	if b.root == "" {
		return nil
	}
	path := filepath.Join(b.root, filepath.FromSlash(key))
	if err := syncPath(path); err != nil {
		return err
	}
	// Folders on the way may be new as well.
	for dir := filepath.Dir(path); len(dir) >= len(b.root); dir = filepath.Dir(dir) {
		if err := syncPath(dir); err != nil {
			return err
		}
		if dir == b.root {
			break
		}
	}
	return nil
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Get reads an object. The caller closes the reader; one that ends early says io.ErrUnexpectedEOF.
func (b *Bucket) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	return b.open(ctx, key, 0, -1)
}

// GetRange reads length bytes of an object from offset on; length -1 means up to its end.
func (b *Bucket) GetRange(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if offset < 0 || length < -1 {
		return nil, fault.New(fault.Invalid, "get object %s: range %d, %d", key, offset, length)
	}
	return b.open(ctx, key, offset, length)
}

func (b *Bucket) open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, fmt.Errorf("get object: %w", err)
	}
	in, err := b.in.NewRangeReader(ctx, key, offset, length, nil)
	if err != nil {
		return nil, b.wrap("get", key, err)
	}
	left := max(0, in.Size()-offset)
	if length >= 0 {
		left = min(left, length)
	}
	return &reader{b: b, key: key, in: in, left: left}, nil
}

// reader passes an object on and turns what goes wrong into faults.
type reader struct {
	b    *Bucket
	key  string
	in   *blob.Reader
	left int64
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	r.left -= int64(n)
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, r.b.wrap("get", r.key, err)
	case r.left > 0:
		return n, r.b.wrap("get", r.key, io.ErrUnexpectedEOF)
	}
	return n, io.EOF
}

// Close implements io.Closer.
func (r *reader) Close() error { return r.in.Close() }

// Stat describes an object.
func (b *Bucket) Stat(ctx context.Context, key string) (Info, error) {
	if err := checkKey(key); err != nil {
		return Info{}, fmt.Errorf("stat object: %w", err)
	}
	info, err := b.stat(ctx, key)
	if err != nil {
		return Info{}, b.wrap("stat", key, err)
	}
	return info, nil
}

func (b *Bucket) stat(ctx context.Context, key string) (Info, error) {
	at, err := b.in.Attributes(ctx, key)
	if err != nil {
		return Info{}, err
	}
	return Info{Key: key, Size: at.Size, Modified: at.ModTime}, nil
}

// Delete removes an object. One that does not exist is a fault.NotFound in a folder or in memory; S3
// does not tell.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return fmt.Errorf("delete object: %w", err)
	}
	if err := b.in.Delete(ctx, key); err != nil {
		return b.wrap("delete", key, err)
	}
	return nil
}

// List gives the objects whose keys begin with prefix, in order of their keys, until the first error.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if err := b.present(); err != nil {
			yield(Info{}, err)
			return
		}
		objects := b.in.List(&blob.ListOptions{Prefix: prefix})
		for {
			o, err := objects.Next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Info{}, b.wrap("list", prefix, err))
				return
			}
			if b.root != "" && unfinished(o.Key) {
				continue
			}
			if !yield(Info{Key: o.Key, Size: o.Size, Modified: o.ModTime}, nil) {
				return
			}
		}
	}
}

// Ping tells whether the bucket can be reached and read.
func (b *Bucket) Ping(ctx context.Context) error {
	if err := b.present(); err != nil {
		return err
	}
	_, _, err := b.in.ListPage(ctx, blob.FirstPageToken, 1, nil)
	if err != nil && !errors.Is(err, io.EOF) {
		return b.wrap("reach", "", err)
	}
	return nil
}

// present tells a folder that is away, as an unmounted one, from one that is empty.
func (b *Bucket) present() error {
	if b.root == "" {
		return nil
	}
	if _, err := os.ReadDir(b.root); err != nil {
		return fault.New(fault.Unavailable, "reach bucket %s: %w", b.url, err)
	}
	return nil
}

// wrap makes a fault of what the library says.
func (b *Bucket) wrap(what, key string, err error) error {
	object := "bucket " + b.url
	if key != "" {
		object = fmt.Sprintf("object %s in bucket %s", key, b.url)
	}
	if fault.KindOf(err) != 0 || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s %s: %w", what, object, err)
	}
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		if away := b.present(); away != nil {
			return away
		}
		return fault.New(fault.NotFound, "%s %s: %w", what, object, err)
	case gcerrors.PermissionDenied:
		return fault.New(fault.Denied, "%s %s: %w", what, object, err).
			WithHint("check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and what they may do with the bucket")
	case gcerrors.InvalidArgument:
		return fault.New(fault.Invalid, "%s %s: %w", what, object, err)
	}
	return fault.New(fault.Unavailable, "%s %s: %w", what, object, err)
}
