package state

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Needs returns the names of the files of a snapshot, those of older snapshots that it builds on included. It fails
// as Load does.
func Needs(ctx context.Context, in Place, snapshot string) ([]string, error) {
	f, err := openSnapshot(ctx, in, snapshot)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, l := range f.dir.older {
		names = append(names, l.name)
	}
	return append(names, snapshot), f.src.Close()
}

// PartsOf returns the names of the parts of a snapshot. It fails as Load does.
func PartsOf(ctx context.Context, in Place, snapshot string) ([]string, error) {
	f, err := openSnapshot(ctx, in, snapshot)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, p := range f.dir.parts {
		names = append(names, p.name)
	}
	return names, f.src.Close()
}

// Copy puts a file of one place into another, under its name, durably, and returns its size. Between folders of one
// disk it is a second name of the same bytes, which costs nothing: files are never changed.
func Copy(ctx context.Context, from, to Place, name string) (int64, error) {
	if a, ok := from.(folder); ok {
		if b, ok := to.(folder); ok {
			if size, err := a.link(b, name); err == nil {
				return size, nil
			}
		}
	}
	src, err := from.Open(ctx, name)
	if err != nil {
		return 0, fmt.Errorf("copy %s: %w", name, err)
	}
	defer func() { _ = src.Close() }()
	dst, err := to.Create(ctx, name)
	if err != nil {
		return 0, fmt.Errorf("copy %s: %w", name, err)
	}
	n, err := io.Copy(dst, io.NewSectionReader(src, 0, src.Size()))
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = dst.Commit()
	}
	if err != nil {
		dst.Discard()
		return 0, fmt.Errorf("copy %s: %w", name, err)
	}
	return n, nil
}

// link gives a file of f a second name in another folder.
func (f folder) link(to folder, name string) (int64, error) {
	if err := os.MkdirAll(string(to), 0o755); err != nil {
		return 0, err
	}
	path := filepath.Join(string(to), name)
	if err := os.Link(filepath.Join(string(f), name), path); err != nil && !errors.Is(err, os.ErrExist) {
		return 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), syncDir(string(to))
}

// Put writes a small file.
func Put(ctx context.Context, in Place, name string, content []byte) error {
	f, err := in.Create(ctx, name)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if _, err = f.Write(content); err == nil {
		err = f.Commit()
	}
	if err != nil {
		f.Discard()
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// Get reads a small file, of at most so many bytes. One that is not there is an error that is fs.ErrNotExist.
func Get(ctx context.Context, in Place, name string, most int64) ([]byte, error) {
	src, err := in.Open(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	defer func() { _ = src.Close() }()
	if src.Size() > most {
		return nil, corrupt(name, "has %d bytes, more than %d", src.Size(), most)
	}
	buf := make([]byte, src.Size())
	if n, err := src.ReadAt(buf, 0); n < len(buf) {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return buf, nil
}
