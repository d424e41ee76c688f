package nexmark

import (
	"bufio"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed tables.sql queries/*.sql
var texts embed.FS

// Query is one of the benchmark's queries.
type Query struct {
	Name string // q0 to q22
	// Before creates what the query needs beside the tables, empty for most; Select is the query.
	Before, Select string
}

// Queries returns the queries in their order.
func Queries() ([]Query, error) {
	names, err := texts.ReadDir("queries")
	if err != nil {
		return nil, fmt.Errorf("list queries: %w", err)
	}
	var all []Query
	for _, n := range names {
		text, err := texts.ReadFile("queries/" + n.Name())
		if err != nil {
			return nil, fmt.Errorf("read query %s: %w", n.Name(), err)
		}
		q := Query{Name: "q" + strings.TrimPrefix(strings.TrimSuffix(strings.TrimPrefix(n.Name(), "q"), ".sql"), "0")}
		if q.Name == "q" {
			q.Name = "q0"
		}
		statements := strings.Split(strings.TrimSpace(string(text)), ";\n\n")
		q.Select = strings.TrimSuffix(statements[len(statements)-1], ";")
		if len(statements) > 1 {
			q.Before = statements[0] + ";\n"
		}
		all = append(all, q)
	}
	slices.SortStableFunc(all, func(a, b Query) int { return len(a.Name) - len(b.Name) }) // q9 before q10
	return all, nil
}

// Tables returns the statements that make the tables over files written by Write.
func Tables(dir string) (string, error) {
	text, err := texts.ReadFile("tables.sql")
	if err != nil {
		return "", fmt.Errorf("read the tables: %w", err)
	}
	return strings.NewReplacer("${events}", filepath.Join(dir, eventsFile), "${side}", filepath.Join(dir, sideFile)).Replace(string(text)), nil
}

const (
	eventsFile = "events.json"
	sideFile   = "side.csv"
	sideRows   = 10_000
)

// Write writes the first n events of a seed to a folder, and the side table.
func Write(dir string, seed uint64, n int) error {
	g := New(seed)
	err := writeLines(filepath.Join(dir, eventsFile), n, func(line []byte, _ int) []byte { return g.Append(line) })
	if err != nil {
		return err
	}
	return writeLines(filepath.Join(dir, sideFile), sideRows, func(line []byte, i int) []byte { return fmt.Appendf(line, "%d,%d\n", i, i) })
}

func writeLines(path string, n int, line func(dst []byte, i int) []byte) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write events: %w", err)
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	var buf []byte
	for i := range n {
		buf = line(buf[:0], i)
		if _, err := w.Write(buf); err != nil {
			return fmt.Errorf("write events: %w", err)
		}
	}
	return w.Flush()
}
