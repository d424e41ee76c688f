package state

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"millrace/blob"
)

// Place is where the snapshots of one job are. One goroutine uses it.
type Place interface {
	// Save stores a snapshot under a name, durably: when it has returned, Load finds it whatever happens.
	Save(ctx context.Context, name string, data []byte) error
	// Load returns a snapshot.
	Load(ctx context.Context, name string) ([]byte, error)
	// Keep removes the snapshots that are older than the named one by their names, and what a crash left
	// unfinished. No name: all of them.
	Keep(ctx context.Context, name string) error
}

// Folders are places in folders below dir, one a job: for a platform of one process.
func Folders(dir string) func(job string) Place {
	return func(job string) Place { return folder(filepath.Join(dir, job)) }
}

// Buckets are places in a bucket below prefix: replicas that share it can take each other's jobs over.
func Buckets(b *blob.Bucket, prefix string) func(job string) Place {
	return func(job string) Place { return &bucket{in: b, prefix: prefix + job + "/"} }
}

// suffix is how snapshots end.
const suffix = ".snap"

type folder string

// Save implements Place.
func (f folder) Save(_ context.Context, name string, data []byte) error {
	dir := string(f)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	tmp := filepath.Join(dir, name+".tmp")
	if err := writeSynced(tmp, data); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncDir(dir)
}

func writeSynced(path string, data []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
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

// Load implements Place.
func (f folder) Load(_ context.Context, name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(f), name))
}

// Keep implements Place.
func (f folder) Keep(_ context.Context, name string) error {
	dir := string(f)
	if name == "" {
		return os.RemoveAll(dir)
	}
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list snapshots: %w", err)
	}
	for _, e := range entries {
		old := strings.HasSuffix(e.Name(), suffix) && e.Name() < name || strings.HasSuffix(e.Name(), ".tmp")
		if !old {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("remove old snapshot: %w", err)
		}
	}
	return nil
}

// bucket keeps snapshots as objects. It lists them once, and then knows which are there, as each list
// and each look is a request.
type bucket struct {
	in     *blob.Bucket
	prefix string
	listed bool
	names  []string
}

// Save implements Place.
func (b *bucket) Save(ctx context.Context, name string, data []byte) error {
	if err := b.in.Put(ctx, b.prefix+name, bytes.NewReader(data), int64(len(data))); err != nil {
		return err
	}
	b.names = append(b.names, name)
	return nil
}

// Load implements Place.
func (b *bucket) Load(ctx context.Context, name string) ([]byte, error) {
	r, err := b.in.Get(ctx, b.prefix+name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// Keep implements Place. An owner that has lost its job removes nothing of the new owner, whose snapshots are newer.
func (b *bucket) Keep(ctx context.Context, name string) error {
	if !b.listed || name == "" {
		b.names = nil
		for o, err := range b.in.List(ctx, b.prefix) {
			if err != nil {
				return err
			}
			b.names = append(b.names, strings.TrimPrefix(o.Key, b.prefix))
		}
		b.listed = true
	}
	var left []string
	for _, n := range b.names {
		if name != "" && n >= name {
			left = append(left, n)
			continue
		}
		if err := b.in.Delete(ctx, b.prefix+n); err != nil {
			return fmt.Errorf("remove old snapshot: %w", err)
		}
	}
	b.names = left
	return nil
}
