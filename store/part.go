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

// partRecord is a part as the manifest lists it.
type partRecord struct {
	ID          uint64 `json:"id"`
	File        string `json:"file"`
	Measurement string `json:"measurement"`
	// Span is the day that the part's rows are of, "2026-11-23"; or a month, a year or "" where one
	// flush had rows of very many days. Parts of different spans are never merged.
	Span  string `json:"span"`
	From  int64  `json:"from"` // lowest and highest time, both inclusive
	Upto  int64  `json:"upto"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
	CRC   uint32 `json:"crc"` // CRC-32C of the whole file
}

// part is an immutable Parquet file. Store.mu guards pins and removed.
type part struct {
	partRecord
	path string

	pins    int       // readers
	removed bool      // the manifest does not list it any more; it is unlinked when pins is 0
	since   time.Time // when this process made it; zero if an earlier one did

	checking sync.Mutex // held over reading the file, so that it is checked once
	checked  atomic.Bool
}

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
func (p *part) check() error {
	if p.checked.Load() {
		return nil
	}
	p.checking.Lock()
	defer p.checking.Unlock()
	if p.checked.Load() {
		return nil
	}
	if err := p.verify(); err != nil {
		return err
	}
	p.checked.Store(true)
	return nil
}

// verify reads the whole file and compares it with the manifest.
func (p *part) verify() error {
	f, err := os.Open(p.path)
	if err != nil {
		return p.missing(err)
	}
	defer func() { _ = f.Close() }() // only read
	sum := crc32.New(castagnoli)
	n, err := io.Copy(sum, f)
	if err != nil {
		return fmt.Errorf("check part %s: %w", p.File, err)
	}
	if n != p.Bytes || sum.Sum32() != p.CRC {
		return fault.New(fault.Corrupt, "part %q of measurement %q does not check: %d bytes with CRC %08x, the manifest has %d with %08x",
			p.File, p.Measurement, n, sum.Sum32(), p.Bytes, p.CRC)
	}
	return nil
}

func (p *part) missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Corrupt, "part %q of measurement %q is listed and does not exist: %w", p.File, p.Measurement, err)
	}
	return fmt.Errorf("open part %s: %w", p.File, err)
}

// newPart returns a part for a record.
func newPart(dir string, rec partRecord) *part {
	return &part{partRecord: rec, path: filepath.Join(dir, partsDir, rec.File)}
}
