package redis

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/rueidis"
)

func entry(pairs ...string) rueidis.XRangeSlice {
	e := rueidis.XRangeSlice{ID: "1700000000000-3"}
	for i := 0; i < len(pairs); i += 2 {
		e.FieldValues = append(e.FieldValues, rueidis.XRangeFieldValue{Field: pairs[i], Value: pairs[i+1]})
	}
	return e
}

func TestObject(t *testing.T) {
	f := func(numbers bool, want string, pairs ...string) {
		t.Helper()
		if got := string(shape{numbers: numbers}.object(entry(pairs...))); got != want {
			t.Errorf("%q: %s, want %s", pairs, got, want)
		}
	}
	f(false, `{"b":"2","a":"x"}`, "b", "2", "a", "x")
	f(true, `{"b":2,"c":-1.5e3,"d":"01","e":"1 ","f":"NaN","g":""}`, "b", "2", "c", "-1.5e3", "d", "01", "e", "1 ", "f", "NaN", "g", "")
	f(false, `{"a":"2"}`, "a", "1", "a", "2")
	f(false, `{"ä\"":"line\nbreak"}`, "ä\"", "line\nbreak")
	f(false, `{}`)
}

func TestRecord(t *testing.T) {
	r, err := shape{field: "v", key: "k"}.record("src", "s", entry("v", "\x00\xff", "k", "ann"))
	if err != nil || string(r.Value) != "\x00\xff" || string(r.Key) != "ann" || r.Time.UnixMilli() != 1700000000000 {
		t.Errorf("%+v, %v", r, err)
	}
	e := entry("v", "1")
	e.ID = "5-1"
	if r, err = (shape{field: "v", key: "k"}).record("src", "s", e); err != nil || string(r.Key) != "s" || !r.Time.IsZero() {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestBefore(t *testing.T) {
	f := func(a, b string, want bool) {
		t.Helper()
		if got := before(a, b); got != want {
			t.Errorf("before(%s, %s) = %v", a, b, got)
		}
	}
	f("1-1", "1-2", true)
	f("1-2", "1-2", false)
	f("9-0", "10-0", true)
	f("", "0-1", true)
}

// FuzzObject holds that the object is JSON and keeps every field, whatever is in an entry.
func FuzzObject(f *testing.F) {
	f.Add("a", "1", "b", "x\"", true)
	f.Add("", "-0.0", "\xff", "1e400", true)
	f.Fuzz(func(t *testing.T, n1, v1, n2, v2 string, numbers bool) {
		got := shape{numbers: numbers}.object(entry(n1, v1, n2, v2))
		var fields map[string]any
		d := json.NewDecoder(strings.NewReader(string(got)))
		d.UseNumber()
		if err := d.Decode(&fields); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if !utf8.ValidString(n1 + v1 + n2 + v2) {
			return
		}
		back := map[string]any{}
		for k, v := range fields {
			if n, ok := v.(json.Number); ok {
				v = n.String()
			}
			back[k] = v
		}
		if diff := cmp.Diff(map[string]any{n1: pick(n1 == n2, v2, v1), n2: v2}, back); diff != "" {
			t.Error(diff)
		}
	})
}

func pick(cond bool, a, b string) string {
	if cond {
		return a
	}
	return b
}

// FuzzPosition holds that a position is read or refused.
func FuzzPosition(f *testing.F) {
	f.Add([]byte(`{"streams":{"a":{"id":"1-1","read":3}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := parsePosition(text)
		if err != nil {
			return
		}
		again, err := parsePosition(p.bytes())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p.Streams, again.Streams); diff != "" {
			t.Error(diff)
		}
	})
}
