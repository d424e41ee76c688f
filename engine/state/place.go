package state

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"millrace/blob"
	"millrace/internal/failpoint"
)

// Place is where the snapshots of one job are. Any goroutine may use it.
type Place interface {
	// Create begins a file. It is there, durably and whole, when File.Commit has returned.
	Create(ctx context.Context, name string) (File, error)
	// Open opens a file for reading. One that is not there is an error that is fs.ErrNotExist.
	Open(ctx context.Context, name string) (Source, error)
	// List returns the names of the files, and of what a crash left of others.
	List(ctx context.Context) ([]string, error)
	// Remove removes files, those that are not there included.
	Remove(ctx context.Context, names ...string) error
}

// File is a file that is being written. Commit or Discard ends it.
type File interface {
	io.Writer
	Commit() error
	Discard()
}

// Source is a file to be read, by any number of goroutines.
type Source interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Clear removes all snapshots in a place.
func Clear(ctx context.Context, in Place) error {
	names, err := in.List(ctx)
	if err != nil {
		return err
	}
	return in.Remove(ctx, names...)
}

// Folders are places in folders below dir, one a job: for a platform of one process.
func Folders(dir string) func(job string) Place {
	return func(job string) Place { return folder(filepath.Join(dir, job)) }
}

// Buckets are places in a bucket below prefix: replicas that share it can take each other's jobs over.
func Buckets(b *blob.Bucket, prefix string) func(job string) Place {
	return func(job string) Place { return &bucket{in: b, prefix: prefix + job + "/"} }
}

type folder string

// unfinished is how the names of files end that are being written.
const unfinished = ".tmp"

// Create implements Place.
func (f folder) Create(_ context.Context, name string) (File, error) {
	dir := string(f)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, name)
	file, err := os.Create(path + unfinished)
	if err != nil {
		return nil, err
	}
	return &folderFile{File: file, dir: dir, path: path}, nil
}

type folderFile struct {
	*os.File
	dir, path string
}

// Commit implements File.
func (f *folderFile) Commit() error {
	failpoint.Hit("state.sync.before")
	err := f.force()
	failpoint.Hit("state.sync.after")
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	failpoint.Hit("state.rename.before")
	if err := os.Rename(f.path+unfinished, f.path); err != nil {
		return err
	}
	failpoint.Hit("state.rename.after")
	return syncDir(f.dir)
}

// force makes the bytes of the file durable.
func (f *folderFile) force() error {
	if failpoint.Planted("snapshot-not-synced") {
		failpoint.Unsynced(f.path)
		return nil
	}
	return f.Sync()
}

// Discard implements File. What cannot be removed now is found by List.
func (f *folderFile) Discard() {
	_ = f.Close()
	_ = os.Remove(f.path + unfinished)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	return nil
}

// Open implements Place.
func (f folder) Open(_ context.Context, name string) (Source, error) {
	return openFile(filepath.Join(string(f), name))
}

type localFile struct {
	*os.File
	size int64
}

func openFile(path string) (*localFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &localFile{f, info.Size()}, nil
}

// Size implements Source.
func (f *localFile) Size() int64 { return f.size }

// List implements Place.
func (f folder) List(context.Context) ([]string, error) {
	entries, err := os.ReadDir(string(f))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, nil
}

// Remove implements Place.
func (f folder) Remove(_ context.Context, names ...string) error {
	for _, name := range names {
		failpoint.Hit("state.remove.before")
		if err := os.Remove(filepath.Join(string(f), name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove old snapshot: %w", err)
		}
	}
	return nil
}
