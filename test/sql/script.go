// Package sql holds the golden SQL scripts, one folder a topic, and reads their directives. README.md
// says what those are; golden_test.go runs the scripts here, test/oracle on a real Flink.
package sql

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Script is one script with its directives.
type Script struct {
	Name string // its path, without .sql
	Text string // the whole file: directives are comments
	// Files are the contents to be written beside the script, by name.
	Files map[string]string
	Outs  []Out
	// Error is what the message of the failure contains; Fails says whether there is to be one.
	Fails bool
	Error string
	// Only restricts where the script runs.
	Only []string
	// Differs is why Flink answers otherwise, empty if it does not.
	Differs string
}

// Out is what the statement before a directive --out gives.
type Out struct {
	Line  int // of the directive, from 1
	Order Order
	Rows  []string
}

// Order says what of the rows must hold.
type Order uint8

// InOrder: the rows in their order. Sorted: in any order. Folded: the rows that are left of a changelog,
// in any order, whatever updates led there: for queries whose inputs run beside each other.
const (
	InOrder Order = iota
	Sorted
	Folded
)

// Of returns rows such that two answers that are the same in this order are equal.
func (o Order) Of(rows []string) []string {
	switch o {
	case Sorted:
		return slices.Sorted(slices.Values(rows))
	case Folded:
		return folded(rows)
	}
	return rows
}

// folded returns the rows that are left of a changelog, sorted, as +I. A row that is taken back more often than
// it was given stays as -D, so that no mistake goes unseen.
func folded(rows []string) []string {
	count := map[string]int{}
	for _, row := range rows {
		kind, cells, _ := strings.Cut(row, "\t")
		if kind == "+I" || kind == "+U" {
			count[cells]++
		} else {
			count[cells]--
		}
	}
	var left []string
	for cells, n := range count {
		for ; n > 0; n-- {
			left = append(left, "+I\t"+cells)
		}
		for ; n < 0; n++ {
			left = append(left, "-D\t"+cells)
		}
	}
	slices.Sort(left)
	return left
}

// The values of --only.
const (
	OnlyStraight = "straight" // not with crashes
	OnlyMillrace = "millrace" // not on Flink
)

const (
	continued  = "--  "
	differs    = "-- Flink differs: "
	outRows    = "--out"
	outSorted  = "--out sorted"
	outFolded  = "--out folded"
	fileNamed  = "--file "
	errorSays  = "--error "
	onlyWhere  = "--only "
	scriptName = ".sql"
)

// All reads every script below root, in the order of their names.
func All(root string) ([]*Script, error) {
	paths, err := filepath.Glob(filepath.Join(root, "*", "*"+scriptName))
	if err != nil {
		return nil, fmt.Errorf("list scripts: %w", err)
	}
	var scripts []*Script
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read script: %w", err)
		}
		name, err := filepath.Rel(root, strings.TrimSuffix(path, scriptName))
		if err != nil {
			return nil, fmt.Errorf("name script: %w", err)
		}
		s, err := Parse(filepath.ToSlash(name), string(text))
		if err != nil {
			return nil, err
		}
		scripts = append(scripts, s)
	}
	return scripts, nil
}

// Parse reads the directives of a script.
func Parse(name, text string) (*Script, error) {
	s := &Script{Name: name, Text: text, Files: map[string]string{}}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		body := block(lines[i+1:])
		switch {
		case strings.HasPrefix(line, fileNamed):
			s.Files[strings.TrimSpace(line[len(fileNamed):])] = joined(body)
		case line == outRows, line == outSorted, line == outFolded:
			order := map[string]Order{outRows: InOrder, outSorted: Sorted, outFolded: Folded}[line]
			s.Outs = append(s.Outs, Out{Line: i + 1, Order: order, Rows: body})
		case strings.HasPrefix(line, errorSays):
			s.Fails, s.Error, body = true, line[len(errorSays):], nil
		case strings.HasPrefix(line, onlyWhere):
			body = nil
			if s.Only = append(s.Only, line[len(onlyWhere):]); !slices.Contains([]string{OnlyStraight, OnlyMillrace}, line[len(onlyWhere):]) {
				return nil, fmt.Errorf("script %s, line %d: nothing is called %q", name, i+1, line)
			}
		case strings.HasPrefix(line, differs):
			s.Differs, body = line[len(differs):], nil
		case strings.HasPrefix(line, "--") && len(line) > 2 && line[2] != ' ' && line[2] != '-':
			return nil, fmt.Errorf("script %s, line %d: unknown directive %q", name, i+1, line)
		default:
			body = nil
		}
		i += len(body)
	}
	return s, nil
}

// block returns the lines that continue a directive.
func block(lines []string) []string {
	var body []string
	for _, line := range lines {
		rest, ok := strings.CutPrefix(line, continued)
		if !ok && strings.TrimRight(line, " ") != "--" {
			break
		}
		body = append(body, rest)
	}
	return body
}

func joined(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

// Runs reports whether the script runs in a place that --only may have excluded.
func (s *Script) Runs(without string) bool { return !slices.Contains(s.Only, without) }

// In writes the script's files to dir and returns its text with ${dir} filled in.
func (s *Script) In(dir string) (string, error) {
	for name, content := range s.Files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", fmt.Errorf("write file %s of script %s: %w", name, s.Name, err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return "", fmt.Errorf("write file %s of script %s: %w", name, s.Name, err)
		}
	}
	return strings.ReplaceAll(s.Text, "${dir}", dir), nil
}

// Rewritten returns the script's text with other rows behind its --out directives, one list each. Rows
// that are the same but for an order that does not matter stay as they are.
func (s *Script) Rewritten(outs [][]string) string {
	lines := strings.Split(s.Text, "\n")
	for i := len(s.Outs) - 1; i >= 0; i-- {
		o := s.Outs[i]
		if o.Order != InOrder && slices.Equal(o.Order.Of(o.Rows), o.Order.Of(outs[i])) {
			continue
		}
		given := outs[i]
		if o.Order == Folded {
			given = folded(given)
		}
		var rows []string
		for _, row := range given {
			rows = append(rows, continued+row)
		}
		lines = slices.Replace(lines, o.Line, o.Line+len(o.Rows), rows...)
	}
	return strings.Join(lines, "\n")
}
