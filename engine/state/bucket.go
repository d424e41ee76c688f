package state

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"millrace/blob"
	"millrace/fault"
	"millrace/internal/failpoint"
)

// bucket keeps files as objects. An object is written and read at once, through a temporary file here: its size
// must be known, and it may be larger than memory.
type bucket struct {
	in     *blob.Bucket
	prefix string
}

// Create implements Place.
func (b *bucket) Create(ctx context.Context, name string) (File, error) {
	tmp, err := os.CreateTemp("", "millrace-snapshot-")
	if err != nil {
		return nil, err
	}
	return &bucketFile{File: tmp, ctx: ctx, in: b.in, key: b.prefix + name}, nil
}

type bucketFile struct {
	*os.File
	ctx context.Context
	in  *blob.Bucket
	key string
}

// Commit implements File.
func (f *bucketFile) Commit() error {
	size, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	failpoint.Hit("bucket.put.before")
	if err := f.in.Put(f.ctx, f.key, f.File, size); err != nil {
		return err
	}
	failpoint.Hit("bucket.put.after")
	f.Discard()
	return nil
}

// Discard implements File.
func (f *bucketFile) Discard() {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// Open implements Place.
func (b *bucket) Open(ctx context.Context, name string) (Source, error) {
	r, err := b.in.Get(ctx, b.prefix+name)
	if fault.KindOf(err) == fault.NotFound {
		return nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	tmp, err := os.CreateTemp("", "millrace-snapshot-")
	if err != nil {
		return nil, err
	}
	size, err := io.Copy(tmp, r)
	if err != nil {
		_ = tmp.Close()
		_ = os.Remove(tmp.Name())
		return nil, err
	}
	return &fetched{localFile{tmp, size}}, nil
}

// fetched is a copy of an object, which goes when it is closed.
type fetched struct{ localFile }

// Close implements Source.
func (f *fetched) Close() error {
	err := f.File.Close()
	if removeErr := os.Remove(f.Name()); err == nil {
		err = removeErr
	}
	return err
}

// List implements Place.
func (b *bucket) List(ctx context.Context) ([]string, error) {
	var names []string
	for o, err := range b.in.List(ctx, b.prefix) {
		if err != nil {
			return nil, err
		}
		names = append(names, strings.TrimPrefix(o.Key, b.prefix))
	}
	return names, nil
}

// Remove implements Place.
func (b *bucket) Remove(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := b.in.Delete(ctx, b.prefix+name); err != nil && fault.KindOf(err) != fault.NotFound {
			return fmt.Errorf("remove old snapshot: %w", err)
		}
	}
	return nil
}
