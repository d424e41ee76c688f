// Package option lets a part declare its settings once: the check of WITH (…) and of
// configuration, "did you mean", the reference page, the forms of the UI and the hiding of secrets
// are all made from that one list.
//
// Values are text, as SQL and YAML give them; typed readers convert on use. A Values that came out
// of Check is valid: its readers do not fail. It may be shared, as nobody writes to it.
package option

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"millrace/fault"
)

// Kind is the type of a setting's value.
type Kind uint8

// The kinds. A Duration takes Go's form (10ms) and Flink's (10 s, 5 min); a Size takes bytes with an
// optional unit (16384, 16 kb, 1 mb; powers of 1024).
const (
	String Kind = iota
	Int
	Float
	Bool
	Duration
	Size
)

// Option is one setting.
type Option struct {
	// Name is the key; one that ends in ".*" stands for all keys with that prefix.
	Name     string
	Kind     Kind
	Default  string // "" means unset
	Doc      string // one sentence for the reference page and the form
	OneOf    []string
	Secret   bool // never shown again once set
	Required bool
}

// Values are settings by name.
type Values map[string]string

// Check returns vals with the defaults filled in, or a fault that names the setting, what is wrong
// with it and the nearest known name. owner says whose settings they are: `connector "kafka"`.
func Check(owner string, opts []Option, vals Values) (Values, error) {
	out := make(Values, len(vals)+len(opts))
	for _, name := range slices.Sorted(keys(vals)) {
		o := find(opts, name)
		if o == nil {
			return nil, unknown(owner, opts, name)
		}
		if err := o.check(vals[name]); err != nil {
			return nil, fault.New(fault.Invalid, "option %q of %s: %w", name, owner, err)
		}
		out[name] = vals[name]
	}
	for i := range opts {
		o := &opts[i]
		if _, set := out[o.Name]; set {
			continue
		}
		if o.Required {
			return nil, fault.New(fault.Invalid, "option %q of %s is missing", o.Name, owner).WithHint("%s", o.Doc)
		}
		if o.Default != "" && !o.wild() {
			out[o.Name] = o.Default
		}
	}
	return out, nil
}

func keys(v Values) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range v {
			if !yield(k) {
				return
			}
		}
	}
}

func find(opts []Option, name string) *Option {
	for i := range opts {
		o := &opts[i]
		if o.Name == name || (o.wild() && strings.HasPrefix(name, o.Name[:len(o.Name)-1])) {
			return o
		}
	}
	return nil
}

func unknown(owner string, opts []Option, name string) error {
	var names []string
	for _, o := range opts {
		names = append(names, o.Name)
	}
	err := fault.New(fault.Invalid, "option %q is not known to %s", name, owner)
	if near := fault.Near(name, names); near != "" {
		return err.WithHint("did you mean %q?", near)
	}
	return err.WithHint("it knows: %s", strings.Join(names, ", "))
}

func (o *Option) wild() bool { return strings.HasSuffix(o.Name, ".*") }

func (o *Option) check(v string) error {
	if len(o.OneOf) > 0 {
		if !slices.Contains(o.OneOf, v) {
			return fmt.Errorf("%q is none of %s", v, strings.Join(o.OneOf, ", "))
		}
		return nil
	}
	var err error
	switch o.Kind {
	case Int:
		_, err = strconv.ParseInt(v, 10, 64)
	case Float:
		_, err = strconv.ParseFloat(v, 64)
	case Bool:
		_, err = parseBool(v)
	case Duration:
		_, err = ParseDuration(v)
	case Size:
		_, err = ParseSize(v)
	}
	return err
}

// Has reports whether name is set.
func (v Values) Has(name string) bool { _, ok := v[name]; return ok }

// String returns the text of name, or "".
func (v Values) String(name string) string { return v[name] }

// Int returns the integer of name, or 0 if it is unset.
func (v Values) Int(name string) int64 { n, _ := strconv.ParseInt(v[name], 10, 64); return n }

// Float returns the number of name, or 0 if it is unset.
func (v Values) Float(name string) float64 { f, _ := strconv.ParseFloat(v[name], 64); return f }

// Bool returns the truth of name, or false if it is unset.
func (v Values) Bool(name string) bool { b, _ := parseBool(v[name]); return b }

// Duration returns the duration of name, or 0 if it is unset.
func (v Values) Duration(name string) time.Duration { d, _ := ParseDuration(v[name]); return d }

// Size returns the bytes of name, or 0 if it is unset.
func (v Values) Size(name string) int64 { n, _ := ParseSize(v[name]); return n }

// Under returns the settings whose names begin with prefix, without it.
func (v Values) Under(prefix string) Values {
	out := Values{}
	for k, val := range v {
		if rest, ok := strings.CutPrefix(k, prefix); ok {
			out[rest] = val
		}
	}
	return out
}

// Shown returns the settings with secrets replaced, for logs, answers and DESCRIBE.
func (v Values) Shown(opts []Option) Values {
	out := make(Values, len(v))
	for k, val := range v {
		if o := find(opts, k); o == nil || o.Secret {
			val = "******"
		}
		out[k] = val
	}
	return out
}

func parseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", s)
}
