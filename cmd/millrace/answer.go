package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"millrace/fault"
)

// shown is a command that prints what a running platform answers.
type shown struct {
	remote
	Output string `enum:"table,json" default:"table" help:"How the answer is printed: table or json."`
}

// show makes a call and prints its answer: as it is for json, else as the table that is written from it
// when it has been read into answer.
func (c *shown) show(w *world, method, path string, body, answer any, table func(t *tabwriter.Writer)) error {
	var text json.RawMessage
	if err := c.call(w.ctx, method, path, body, &text); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(w, text)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("read the answer of %s: %w", path, err)
	}
	t := tabwriter.NewWriter(w.out, 0, 8, 2, ' ', 0)
	table(t)
	return t.Flush()
}

// get is show of what is only read.
func (c *shown) get(w *world, path string, answer any, table func(t *tabwriter.Writer)) error {
	return c.show(w, http.MethodGet, path, nil, answer, table)
}

// printJSON prints JSON on several lines.
func printJSON(w *world, text []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return fmt.Errorf("print the answer: %w", err)
	}
	b.WriteByte('\n')
	_, err := w.out.Write(b.Bytes())
	return err
}

// line writes one line of a table.
func line(t *tabwriter.Writer, cells ...any) {
	for i, c := range cells {
		if i > 0 {
			fmt.Fprint(t, "\t")
		}
		fmt.Fprint(t, plain(fmt.Sprint(c)))
	}
	fmt.Fprintln(t)
}

// maxCell is how many characters of a text a table shows.
const maxCell = 160

// plain is a text that stands in one cell of a table: short, on one line, and without what drives
// a terminal.
func plain(s string) string {
	if strings.ContainsFunc(s, unicode.IsControl) {
		quoted := strconv.Quote(s)
		s = quoted[1 : len(quoted)-1]
	}
	if utf8.RuneCountInString(s) > maxCell {
		s = string([]rune(s)[:maxCell]) + "…"
	}
	return s
}

// labels is a map as a cell shows it, in the order of its keys.
type labels map[string]string

// String writes key=value, separated by spaces.
func (l labels) String() string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(l)) {
		parts = append(parts, k+"="+l[k])
	}
	return strings.Join(parts, " ")
}

// orDash stands in for what is not there.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// isFile reports whether a name is that of a file, or - for standard input.
func isFile(name string) bool {
	info, err := os.Stat(name)
	return name == "-" || err == nil && !info.IsDir()
}

// thing is something to apply, as a file writes it; it has a name.
type thing = map[string]any

// readThings reads a YAML or JSON file with things to apply: lists of them under the given keys, one list, or
// one thing. It returns them by key; those that are under none have the key that whose says.
func readThings(file string, w *world, whose func(thing) string, keys ...string) (map[string][]thing, error) {
	data, err := readFile(file, w)
	if err != nil {
		return nil, err
	}
	var doc any
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fault.New(fault.Invalid, "read %s: %s", file, strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	found, err := sortThings(doc, whose, keys)
	if err != nil {
		return nil, fault.New(fault.Invalid, "read %s: %w", file, err)
	}
	return found, nil
}

func sortThings(doc any, whose func(thing) string, keys []string) (map[string][]thing, error) {
	found, total := map[string][]thing{}, 0
	take := func(key string, list []any) error {
		for i, one := range list {
			m, ok := one.(thing)
			if name, _ := m["name"].(string); !ok || name == "" {
				return fmt.Errorf("number %d of %s has no name", i+1, strings.Join(keys, " and "))
			}
			if key == "" {
				found[whose(m)] = append(found[whose(m)], m)
			} else {
				found[key] = append(found[key], m)
			}
			total++
		}
		return nil
	}
	var err error
	switch doc := doc.(type) {
	case []any:
		err = take("", doc)
	case thing:
		if doc["name"] != nil {
			err = take("", []any{doc})
			break
		}
		for _, key := range slices.Sorted(maps.Keys(doc)) {
			list, ok := doc[key].([]any)
			if !slices.Contains(keys, key) || !ok {
				return nil, fmt.Errorf("%q is no list of %s", key, strings.Join(keys, " or "))
			}
			err = errors.Join(err, take(key, list))
		}
	}
	if err == nil && total == 0 {
		err = fmt.Errorf("there are no %s in it", strings.Join(keys, " or "))
	}
	return found, err
}

// trial is what a test answers.
type trial struct {
	OK          bool
	Error, Hint string
	TookMS      float64 `json:"took_ms"`
}

// tell prints the outcome of a trial of what, and returns an error if it does not work.
func (c *shown) tell(w *world, text []byte, t *trial, what string) error {
	var err error
	switch {
	case c.Output == "json":
		err = printJSON(w, text)
	case t.OK:
		_, err = fmt.Fprintf(w.out, "%s works (%.0f ms)\n", what, t.TookMS)
	}
	if err != nil || t.OK {
		return err
	}
	return fault.New(fault.Invalid, "%s does not work: %s", what, t.Error).WithHint("%s", t.Hint)
}
