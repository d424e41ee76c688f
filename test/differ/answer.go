package differ

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
)

// Answer is what a real Flink said to a script.
type Answer struct {
	Seed   uint64   `json:"seed"`
	Script string   `json:"script"` // a digest of it: an answer is of no use to another script
	Rows   []string `json:"rows,omitempty"`
	Error  string   `json:"error,omitempty"`
}

// Digest names a script by its statements and files.
func (s *Script) Digest() string {
	sum := sha256.New()
	for _, st := range s.Statements("") {
		io.WriteString(sum, st+"\x00")
	}
	for _, f := range s.Files {
		io.WriteString(sum, f.Name+"\x00"+strings.Join(f.Lines, "\n")+"\x00")
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// Load reads recorded answers, those of each script by its digest. A file that is not there has none.
func Load(path string) (map[string]Answer, error) {
	all := map[string]Answer{}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("read answers of %s: %w", path, err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var a Answer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return nil, fmt.Errorf("read answers of %s: %w", path, err)
		}
		all[a.Script] = a
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read answers of %s: %w", path, err)
	}
	return all, nil
}

// Save writes answers, so that Load finds them.
func Save(path string, all map[string]Answer) error {
	var b strings.Builder
	z := gzip.NewWriter(&b)
	for _, a := range slices.SortedFunc(maps.Values(all), func(a, b Answer) int {
		return cmp.Or(cmp.Compare(a.Seed, b.Seed), cmp.Compare(a.Script, b.Script))
	}) {
		line, err := json.Marshal(a)
		if err != nil {
			return fmt.Errorf("write answers: %w", err)
		}
		if _, err := z.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("write answers: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("write answers: %w", err)
	}
	if err := os.WriteFile(path+".new", []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("write answers: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("write answers: %w", err)
	}
	return nil
}
