package differ

import (
	"fmt"
	"strings"
)

// Script is a random script: it creates tables over files and asks one query.
type Script struct {
	Seed     uint64
	Shape    string // of the query, in a word
	Settings []string
	Files    []File
	Creates  []string
	Query    string
	// Order says what of the answer is determined at parallelism 1, Wide at other parallelisms.
	Order, Wide Order
	Batch       bool
}

// File is what one table reads.
type File struct {
	Name  string
	Lines []string
}

// Order is how two answers are compared: as the golden scripts' --out, --out sorted and --out folded.
type Order string

// The orders, from the strictest on.
const (
	InOrder Order = ""
	Sorted  Order = " sorted"
	Folded  Order = " folded"
)

// Statements are the script's statements, over files in the folder dir.
func (s *Script) Statements(dir string) []string {
	var all []string
	for _, st := range append(append(append([]string{}, s.Settings...), s.Creates...), s.Query) {
		all = append(all, strings.ReplaceAll(st, "${dir}", dir))
	}
	return all
}

// Golden is the script in the form of test/sql with rows as its answer, to be kept there.
func (s *Script) Golden(rows []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "-- Random script %d: %s.\n", s.Seed, s.Shape)
	for _, st := range append(append([]string{}, s.Settings...), s.Creates...) {
		fmt.Fprintf(&b, "%s;\n", st)
	}
	for _, f := range s.Files {
		fmt.Fprintf(&b, "--file %s\n", f.Name)
		for _, line := range f.Lines {
			fmt.Fprintf(&b, "--  %s\n", line)
		}
	}
	fmt.Fprintf(&b, "\n%s;\n--out%s\n", s.Query, s.Order)
	for _, row := range rows {
		fmt.Fprintf(&b, "--  %s\n", row)
	}
	return b.String()
}
