package store

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"millrace/fault"
)

// corrupt is the fault for stored data that does not check: file, byte offset, reason.
func corrupt(file string, at int, format string, args ...any) error {
	return fault.New(fault.Corrupt, "file %q is damaged at byte %d: %w", file, at, fmt.Errorf(format, args...))
}

// fileRecord is an immutable Parquet file as the manifest lists it.
type fileRecord struct {
	File  string `json:"file,omitempty"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
	CRC   uint32 `json:"crc"` // CRC-32C of the whole file
	// Object is the key of the file in the bucket; empty while it stands in the folder of parts. It is
	// always in exactly one of the two.
	Object string `json:"object,omitempty"`
}

// partRecord is a part as the manifest lists it: rows, and rollups of exactly those rows.
type partRecord struct {
	ID          uint64 `json:"id"`
	Measurement string `json:"measurement"`
	// Span is the day that the part's rows are of, "2026-11-23"; or a month, a year or "" where one
	// flush had rows of very many days. Parts of different spans are never merged.
	Span       string `json:"span"`
	From       int64  `json:"from"` // lowest and highest time, both inclusive
	Upto       int64  `json:"upto"`
	fileRecord        // of the rows
	// Trimmed means that the rows are gone, by retention, and only the rollups are left.
	Trimmed bool `json:"trimmed,omitempty"`
	// Rolled means that the rollups were made, even if there are none left.
	Rolled  bool           `json:"rolled,omitempty"`
	Rollups []rollupRecord `json:"rollups,omitempty"`
}

// rollupRecord is the rollup of a part in one resolution.
type rollupRecord struct {
	Step int64 `json:"step"` // seconds
	fileRecord
}

// stored is a file of a part: its rows, or a rollup of them. Store.mu guards pins and removed. A part
// that is replaced by one that has the same file shares it.
type stored struct {
	fileRecord
	part *partRecord // whose it was first, for messages
	step int64       // microseconds that a row stands for; 0 for the rows themselves
	path string      // where it is read: a file in a bucket has its place in the cache

	pins    int  // readers
	removed bool // the manifest does not list it any more; it goes when pins is 0

	checking sync.Mutex // held over reading the file, so that it is checked once
	checked  atomic.Bool
}

// part is what the manifest lists. It does not change: another with the same ID takes its place.
type part struct {
	partRecord
	raw     *stored   // nil if trimmed
	rollups []*stored // the finest first
	removed bool      // not listed any more; Store.mu guards it
	since   time.Time // when this process made it; zero if an earlier one did
}

// files are all files of a part.
func (p *part) files() []*stored {
	if p.raw == nil {
		return p.rollups
	}
	return append([]*stored{p.raw}, p.rollups...)
}

// local reports whether the part has its rows, and in the folder of parts.
func (p *part) local() bool { return p.raw != nil && p.raw.Object == "" }

// partsDir is the folder of the parts in the store's folder.
const partsDir = "parts"

// temporary is the ending of files under construction.
const temporary = ".tmp"

// partFile is the name of a part's file. The measurement in it is for the reader of a listing.
func partFile(id uint64, measurement string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '.', r == '-':
			return r
		}
		return '_'
	}, measurement)
	return fmt.Sprintf("%010d-%s.parquet", id, clean[:min(len(clean), 60)])
}

// idOf reads the ID from the name of a part's file.
func idOf(file string) (id uint64, ok bool) {
	_, err := fmt.Sscanf(file, "%d-", &id)
	return id, err == nil
}

// check compares the file with the CRC in the manifest, once while the process lives: DuckDB does
// not check pages by itself.
func (f *stored) check() error {
	if f.checked.Load() {
		return nil
	}
	f.checking.Lock()
	defer f.checking.Unlock()
	if f.checked.Load() {
		return nil
	}
	if err := f.verify(); err != nil {
		return err
	}
	f.checked.Store(true)
	return nil
}

// verify reads the whole file and compares it with the manifest.
func (f *stored) verify() error {
	in, err := os.Open(f.path)
	if err != nil {
		return f.missing(err)
	}
	defer func() { _ = in.Close() }() // only read
	return f.verifyBytes(in)
}

// verifyBytes compares what r gives with the manifest.
func (f *stored) verifyBytes(r io.Reader) error {
	sum := crc32.New(castagnoli)
	n, err := io.Copy(sum, r)
	if err != nil {
		return fmt.Errorf("check part %s: %w", f.File, err)
	}
	return f.compare(n, sum.Sum32())
}

// compare refuses a file of other size or content than the manifest has.
func (f *stored) compare(n int64, sum uint32) error {
	if n == f.Bytes && sum == f.CRC {
		return nil
	}
	return fault.New(fault.Corrupt, "part %q of measurement %q does not check: %d bytes with CRC %08x, the manifest has %d with %08x",
		f.File, f.part.Measurement, n, sum, f.Bytes, f.CRC)
}

func (f *stored) missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Corrupt, "part %q of measurement %q is listed and does not exist: %w", f.File, f.part.Measurement, err)
	}
	return fmt.Errorf("open part %s: %w", f.File, err)
}

// newPart returns a part for a record. Files that the part before it in the list has as well are kept.
func newPart(dir string, rec partRecord, before *part) *part {
	p := &part{partRecord: rec}
	add := func(f fileRecord, step int64) *stored {
		if before != nil {
			for _, old := range before.files() {
				if old.fileRecord == f && old.step == step {
					return old
				}
			}
		}
		folder := partsDir
		if f.Object != "" {
			folder = coldDir
		}
		return &stored{fileRecord: f, part: &p.partRecord, step: step, path: filepath.Join(dir, folder, f.File)}
	}
	if !rec.Trimmed {
		p.raw = add(rec.fileRecord, 0)
	}
	for _, r := range rec.Rollups {
		p.rollups = append(p.rollups, add(r.fileRecord, r.Step*microsPerSecond))
	}
	return p
}

// coldDir is the folder of what was fetched from the bucket, in the store's folder.
const coldDir = "cold"

const microsPerSecond = 1_000_000
